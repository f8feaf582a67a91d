import { covers, formatSnapshot, parseSnapshot } from '@satchel/core';
import type { ScopeLine } from '@satchel/protocol';
import { intersectSnapshots } from '../moments/intersect-snapshots.ts';
import type { CursorJudgement } from '../moments/judge-cursor.ts';
import { type Fill, NOWHERE, type PartPosition, type Position, type ScopePosition } from './position.ts';
import { laneSteps, namesOf, type ReaderView } from './reader-view.ts';

/** The rows of a copy that was begun just now: the page counts them. */
export const UNCOUNTED = -1;

export interface PlanFacts {
  /** `null`: the client has nothing. */
  readonly position: Position | null;
  /** What the server's history says of it (rule 44). */
  readonly judgement: CursorJudgement;
  /** The scopes that the client may hold and asks for. */
  readonly scopes: readonly string[];
  readonly view: ReaderView;
  /** By scope, the snapshot up to which gone entries may have been pruned. */
  readonly horizons: ReadonlyMap<string, string>;
  /** The page's own snapshot. */
  readonly snapshot: string;
}

/** Where the client stands once it has taken in `lines`, before any row. */
export interface Plan {
  readonly position: Position;
  readonly lines: readonly ScopeLine[];
  /** Whether the server's history was replaced under the cursor: settled work is offered again. */
  readonly offer: boolean;
}

/**
 * Compares what the client holds with what it may hold now: scopes that left come
 * first, then what is to be copied, and why. Rows are not looked at.
 */
export const planPage = (facts: PlanFacts): Plan => {
  const { judgement, scopes, view, snapshot } = facts;
  const known = rewound(facts);
  const lines: ScopeLine[] = [];
  const next = new Map<string, ScopePosition>();
  const allowed = new Set(scopes);
  let structural = false;

  for (const scope of known.scopes.keys()) {
    if (!allowed.has(scope)) lines.push({ line: 'scope', scope, action: 'left' });
  }

  const all = view.order;
  const whole = (): ScopePosition => ({
    s: snapshot,
    fill: { to: snapshot, ...laneSteps(view, all), rows: UNCOUNTED },
  });
  const { hidden, changed } = viewChanges(known.view, facts);

  for (const scope of scopes) {
    const held = known.scopes.get(scope);
    if (!held) {
      lines.push({ line: 'scope', scope, action: 'backfill' });
      next.set(scope, whole());
      structural = true;
    } else if (mustReset(scope, held, facts)) {
      lines.push({ line: 'scope', scope, action: 'reset' });
      next.set(scope, whole());
      structural = true;
    } else {
      // A table that the reader's version does not name is not on the device.
      const left = namesOf(view, hidden);
      if (left.length > 0) lines.push({ line: 'scope', scope, action: 'left', tables: left });
      if (changed.length > 0)
        lines.push({ line: 'scope', scope, action: 'reset', tables: namesOf(view, changed) });
      const seen = refill(held, facts, hidden, changed);
      if (seen !== held) structural = true;
      next.set(scope, seen);
    }
  }

  return {
    position: {
      view: view.hashes,
      outcomes: known.outcomes,
      scopes: next,
      ...partGoingOn(known.part, next, structural),
    },
    lines: [
      ...lines.filter(({ action }) => action === 'left'),
      ...lines.filter(({ action }) => action !== 'left'),
    ],
    offer: judgement.kind !== 'valid',
  };
};

/** What is left of the position when the server's history was cut. */
const rewound = ({ position, judgement }: PlanFacts): Position => {
  if (!position) return NOWHERE;
  switch (judgement.kind) {
    case 'valid':
      return position;
    case 'rewind': {
      const survived = parseSnapshot(judgement.to);
      const back = (snapshot: string): string =>
        formatSnapshot(intersectSnapshots(parseSnapshot(snapshot), survived));
      return {
        view: position.view,
        outcomes: back(position.outcomes),
        scopes: new Map([...position.scopes].map(([scope, held]) => [scope, { ...held, s: back(held.s) }])),
      };
    }
    case 'new-epoch':
      return { ...NOWHERE, scopes: position.scopes };
  }
};

const mustReset = (scope: string, held: ScopePosition, { judgement, horizons }: PlanFacts): boolean => {
  if (judgement.kind === 'new-epoch') return true;
  // The walk of a copy cannot be rewound: its target may be ahead of what survived.
  if (judgement.kind === 'rewind' && held.fill) return true;
  const horizon = horizons.get(scope);
  return horizon !== undefined && !covers(parseSnapshot(held.s), parseSnapshot(horizon));
};

/** Numbers of the tables that are no longer seen, and of those that are seen otherwise than before. */
const viewChanges = (
  before: Position['view'],
  { view, judgement }: PlanFacts,
): { readonly hidden: readonly number[]; readonly changed: readonly number[] } => {
  if (judgement.kind === 'new-epoch') return { hidden: [], changed: [] };
  return {
    hidden: Object.keys(before)
      .filter((tableId) => !Object.hasOwn(view.hashes, tableId))
      .map(Number),
    changed: Object.keys(view.hashes)
      .filter((tableId) => view.hashes[tableId] !== before[tableId])
      .map(Number),
  };
};

/** Takes hidden tables out of a running copy, and changed ones into it. */
const refill = (
  held: ScopePosition,
  { view, snapshot }: PlanFacts,
  hidden: readonly number[],
  changed: readonly number[],
): ScopePosition => {
  const { s, fill } = held;
  if (hidden.length === 0 && changed.length === 0) return held;
  const keep = (tableIds: readonly number[]) =>
    tableIds.filter((tableId) => !hidden.includes(tableId) && !changed.includes(tableId));
  if (!fill) {
    return changed.length === 0
      ? held
      : { s, fill: { to: snapshot, ...laneSteps(view, changed), only: changed, rows: UNCOUNTED } };
  }
  // A table that joins a copy under way needs a target that has all it was sent before;
  // for the other tables a later target only repeats what deltas bring.
  const now = keep(fill.now);
  const rest = [...keep(fill.rest), ...changed];
  const going: Fill = {
    to: changed.length > 0 ? snapshot : fill.to,
    ...(now.length > 0 ? { now, rest, ...(fill.at ? { at: fill.at } : {}) } : laneSteps(view, rest)),
    ...(fill.only
      ? { only: [...new Set([...fill.only, ...changed])].filter((id) => !hidden.includes(id)) }
      : {}),
    rows: fill.rows,
  };
  return { s, fill: going };
};

/** A large delta goes on only while nothing but rows changes; else it starts again once the copies are done. */
const partGoingOn = (
  part: PartPosition | undefined,
  scopes: ReadonlyMap<string, ScopePosition>,
  structural: boolean,
): { readonly part?: PartPosition } => {
  if (!part || structural) return {};
  if (part.scope === undefined || scopes.has(part.scope)) return { part };
  // The scope being walked has left: the walk goes on behind it.
  const next = [...scopes.keys()].sort().find((scope) => scope > part.scope!);
  return { part: next === undefined ? { to: part.to } : { to: part.to, scope: next } };
};
