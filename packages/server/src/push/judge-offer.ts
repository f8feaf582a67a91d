import {
  applyDelta,
  applySetDelta,
  believedStamp,
  counterDelta,
  decideChange,
  gravest,
  type RowFacts,
  type RowVerdict,
  type ServerRow,
  seenValues,
  setDelta,
  writerColumns,
} from '@satchel/core';
import type { Change, Offer, Value, Values } from '@satchel/protocol';
import type { Table } from '@satchel/schema';

/** The column under which `satchel.offers` keeps whether the row is there at all. */
export const WHOLE_ROW = '';

/** One change of a mutation that was settled in a history which is lost, and comes again. */
export interface OfferCase {
  readonly table: Table;
  readonly change: Change;
  readonly server: ServerRow;
  readonly facts: RowFacts;
  readonly outcome: Offer['outcome'];
  /** The version that it produced then; `null`: none. */
  readonly version: number | null;
  /** Columns whose value took effect then. */
  readonly columns: readonly string[];
  /** The highest version offered for a column until now; -1 for none. */
  offered(column: string): number;
  /** What was written in the new history, other than by offers: columns, and whether the row was made or deleted. */
  readonly written: { readonly columns: ReadonlySet<string>; readonly row: boolean } | undefined;
}

/** `waits`: the insert of the row is still to be offered. */
export type OfferVerdict =
  | { readonly kind: 'waits' }
  | { readonly kind: 'judged'; readonly verdict: RowVerdict; readonly offered: readonly string[] };

/**
 * What becomes of an offer (rule 67). It goes through no policy: column by column the
 * highest version wins, in whatever order offers come; counters and sets take in what
 * it added, once by its id. Policies judge only against what was written in the new
 * history. An old loser stays what it was.
 */
export const judgeOffer = (at: OfferCase): OfferVerdict => {
  const { change, server, version, written } = at;
  if (at.outcome === 'review') return reviewOffer(at);
  if (version === null) return judged(verdict(at.outcome, 'none'), []);
  const isOutdone = at.offered(WHOLE_ROW) > version;
  switch (change.op) {
    case 'insert':
      if (server.row !== null) return written?.row ? byPolicy(at) : mergeOffer(at, server.row, version);
      return isOutdone
        ? judged(verdict(at.outcome, 'none', { took: at.columns }), [])
        : insertOffer(at, change.values ?? {});
    case 'update':
      if (server.row !== null) return mergeOffer(at, server.row, version);
      if (isOutdone) return judged(verdict(at.outcome, 'none', { took: at.columns }), []);
      return written?.row ? byPolicy(at) : { kind: 'waits' };
    case 'delete': {
      if (server.row === null) return judged(verdict(at.outcome, 'none'), [WHOLE_ROW]);
      if (written) return byPolicy(at);
      const later = Object.keys(at.table.columns).some((name) => at.offered(name) > version);
      return later || isOutdone
        ? judged(verdict(at.outcome, 'none'), [])
        : judged(verdict(at.outcome, 'delete'), [WHOLE_ROW]);
    }
  }
};

const verdict = (
  outcome: RowVerdict['outcome'],
  effect: RowVerdict['effect'],
  more: Partial<RowVerdict> = {},
): RowVerdict => ({ outcome, effect, write: {}, took: [], stamps: {}, ...more });

const judged = (found: RowVerdict, offered: readonly string[]): OfferVerdict => ({
  kind: 'judged',
  verdict: found,
  offered,
});

const byPolicy = ({ table, change, server, facts }: OfferCase): OfferVerdict =>
  judged(decideChange(table, change, server, facts), []);

/**
 * A clash that waited for a person waits again, also while the other side of it has not
 * come back yet: columns whose policy asks for one are judged as if nothing were known
 * of what the user saw.
 */
const reviewOffer = (at: OfferCase): OfferVerdict => {
  const { table, change, server, facts } = at;
  if (change.op === 'insert') return byPolicy(at);
  if (server.row === null && !server.deleted) return { kind: 'waits' };
  const decided = decideChange(table, change, server, facts);
  if (decided.outcome === 'review' || server.row === null) return judged(decided, []);
  const { confirmed: _confirmed, seen: _seen, ...blind } = change;
  const asks = (part: Change): boolean => decideChange(table, part, server, facts).outcome === 'review';
  if (change.op === 'delete')
    return judged(asks(blind) ? decideChange(table, blind, server, facts) : decided, []);
  const asked = Object.entries(change.values ?? {}).flatMap(([name, value]) =>
    asks({ ...blind, values: { [name]: value } }) ? [name] : [],
  );
  if (asked.length === 0) return judged(decided, []);
  const kept = <T>(values: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !asked.includes(name)));
  const again = decideChange(
    table,
    {
      ...change,
      ...(change.confirmed
        ? { confirmed: { ...change.confirmed, values: kept(change.confirmed.values) } }
        : {}),
      ...(change.seen ? { seen: kept(change.seen) } : {}),
    },
    server,
    facts,
  );
  const saw = seenValues(change);
  const base = Object.fromEntries(asked.flatMap((name) => (name in saw ? [[name, saw[name] ?? null]] : [])));
  return judged(
    again.conflict
      ? { ...again, conflict: { ...again.conflict, base: { ...again.conflict.base, ...base } } }
      : again,
    [],
  );
};

const insertOffer = (at: OfferCase, values: Values): OfferVerdict =>
  judged(
    verdict(at.outcome, 'insert', {
      write: values,
      took: Object.keys(values),
      stamps: stampsOf(at, Object.keys(values)),
    }),
    [WHOLE_ROW, ...Object.keys(values)],
  );

const mergeOffer = (at: OfferCase, row: Values, version: number): OfferVerdict => {
  const { table, change, written } = at;
  const write: Record<string, Value> = {};
  const clashing: string[] = [];
  const offered: string[] = change.op === 'insert' ? [WHOLE_ROW] : [];
  for (const name of at.columns) {
    const client = change.values?.[name];
    if (client === undefined || table.primaryKey.includes(name)) continue;
    const added = change.op === 'update' ? addTo(at, name, client, row[name] ?? null) : undefined;
    if (added !== undefined) write[name] = added;
    else if (written?.columns.has(name)) clashing.push(name);
    // Edits of one batch have one version and come in their order.
    else if (version >= at.offered(name)) {
      write[name] = client;
      offered.push(name);
    }
  }
  const own = verdict(at.outcome, Object.keys(write).length > 0 ? 'update' : 'none', {
    write,
    took: at.columns,
    stamps: stampsOf(at, offered),
  });
  if (clashing.length === 0) return judged(own, offered);
  const values = Object.fromEntries(clashing.map((name) => [name, change.values?.[name] ?? null]));
  const policy = decideChange(table, { ...change, op: 'update', values }, at.server, at.facts);
  if (policy.outcome === 'review' || policy.outcome === 'rejected') return judged(policy, []);
  return judged(
    {
      ...policy,
      outcome: gravest([own.outcome, policy.outcome]),
      effect: own.effect === 'update' ? 'update' : policy.effect,
      write: { ...own.write, ...policy.write },
      took: [...own.took.filter((name) => !clashing.includes(name)), ...policy.took],
      stamps: { ...own.stamps, ...policy.stamps },
    },
    offered,
  );
};

/** What the edit added to a counter or a set; `undefined` for other columns. */
const addTo = ({ table, change }: OfferCase, name: string, client: Value, now: Value): Value | undefined => {
  const from = change.seen?.[name]?.value ?? change.confirmed?.values[name];
  switch (table.columns[name]?.type) {
    case 'counter':
      return applyDelta(now, counterDelta(from, client)) ?? now;
    case 'set':
      return applySetDelta(now, setDelta(from, client));
    default:
      return undefined;
  }
};

const stampsOf = ({ table, facts }: OfferCase, names: readonly string[]): RowVerdict['stamps'] =>
  Object.fromEntries(
    [...writerColumns(table.columns, table.conflicts)]
      .filter(([name]) => names.includes(name))
      .map(([name, wanted]) => [name, believedStamp(facts.hlc, facts.clock, wanted)]),
  );
