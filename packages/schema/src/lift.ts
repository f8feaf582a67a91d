import { equalJson } from '@satchel/core';
import type { Change, Mutation, Offer, Seen, Value, Values } from '@satchel/protocol';
import type { App, SchemaChange } from './app.ts';
import { pick, renamed, without } from './by-name.ts';
import {
  attempt,
  changesSince,
  DROPPED,
  liftColumns,
  liftOne,
  liftTable,
  raise,
  type Split,
  withAdded,
} from './lift-values.ts';

type SeenValues = NonNullable<Change['seen']>;

/** The last of several mutations: ids rise with time. */
const lastMutation = (seen: readonly Seen[]): string =>
  seen
    .map(({ mutationId }) => mutationId)
    .toSorted()
    .at(-1)!;

/**
 * What the user saw, through a split: the pending value where there was one, else the
 * confirmed one. Only columns that differ from the confirmed ones were pending.
 */
const splitSeen = (change: Split, seen: SeenValues, confirmed: Values): SeenValues => {
  const own = Object.entries(seen).filter(([name]) => change.from.includes(name));
  if (own.length === 0) return seen;
  const saw = {
    ...pick(confirmed, change.from),
    ...Object.fromEntries(own.map(([name, { value }]): [string, Value] => [name, value])),
  };
  const mutationId = lastMutation(own.map(([, one]) => one));
  const before = raise(change, confirmed) ?? {};
  const raised = Object.entries(raise(change, saw) ?? {}).filter(
    ([name, value]) => !Object.hasOwn(before, name) || !equalJson(before[name]!, value),
  );
  return {
    ...without(seen, change.from),
    ...Object.fromEntries(raised.map(([name, value]) => [name, { value, mutationId }])),
  };
};

/**
 * The new values of an update through a split. A new column that ends as the user saw
 * it is not part of the edit: "Ann Lee" to "Anna Lee" changes the first name alone.
 */
const splitUpdate = (change: Split, values: Values, seen: SeenValues, confirmed: Values): Values => {
  const available = pick(values, change.from);
  if (Object.keys(available).length === 0) return values;
  const saw = (name: string): Value | undefined =>
    Object.hasOwn(seen, name) ? seen[name]!.value : confirmed[name];
  const before = Object.fromEntries(
    change.from.flatMap((name): [string, Value][] => {
      const value = saw(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const old = raise(change, before) ?? {};
  const raised = raise(change, { ...before, ...available }) ?? {};
  const edited = Object.entries(raised).filter(
    ([name, value]) => !Object.hasOwn(old, name) || !equalJson(old[name]!, value),
  );
  return { ...without(values, change.from), ...Object.fromEntries(edited) };
};

const liftSeen = (change: SchemaChange, { table, seen, confirmed }: Change): SeenValues | undefined => {
  if (seen === undefined || !('table' in change) || change.table !== table) return seen;
  if (change.kind === 'rename') return renamed(seen, change.from, change.to);
  if (change.kind === 'drop') return without(seen, [change.column]);
  return change.kind === 'split' ? splitSeen(change, seen, confirmed?.values ?? {}) : seen;
};

const liftWritten = (step: SchemaChange, change: Change): Values | undefined => {
  const { table, op, values, seen, confirmed } = change;
  if (values === undefined) return undefined;
  if (op === 'update' && step.kind === 'split' && step.table === table) {
    return splitUpdate(step, values, seen ?? {}, confirmed?.values ?? {});
  }
  const lifted = liftOne(step, table, values);
  return op === 'insert' ? withAdded(step, table, lifted) : lifted;
};

/** One change through one step of the history. */
const liftStep = (step: SchemaChange, change: Change): Change | typeof DROPPED => {
  const table = liftTable(step, change.table);
  if (table === DROPPED) return DROPPED;
  const { values: _values, confirmed, seen: _seen, ...rest } = change;
  const values = liftWritten(step, change);
  const seen = liftSeen(step, change);
  if (change.op === 'update' && Object.keys(values ?? {}).length === 0) return DROPPED;
  return {
    ...rest,
    table,
    ...(values === undefined ? {} : { values }),
    ...(confirmed === undefined
      ? {}
      : { confirmed: { ...confirmed, values: liftOne(step, change.table, confirmed.values) } }),
    ...(seen === undefined || Object.keys(seen).length === 0 ? {} : { seen }),
  };
};

/**
 * A change written under schema version `version`, as it would have been written under
 * the app's: renamed, split, without dropped columns, with added ones in inserts; what
 * the user saw and the confirmed values likewise. `'dropped'` when nothing of it is
 * left; the caller keeps the payload.
 *
 * Throws `lift_failed` when a split cannot be told from what the change carries,
 * `schema_unknown` and `schema_ahead` for a version out of reach.
 */
export const liftChange = (app: App, version: number, change: Change): readonly Change[] | typeof DROPPED =>
  attempt(app, change.table, change.key, () => {
    let lifted = change;
    for (const step of changesSince(app, version)) {
      const next = liftStep(step, lifted);
      if (next === DROPPED) return DROPPED;
      lifted = next;
    }
    return [lifted];
  });

/**
 * A mutation, all its changes lifted. `dropped` names the changes (by their place)
 * of which nothing is left; `mutation` is null when that is all of them.
 */
export const liftMutation = (
  app: App,
  mutation: Mutation,
): { readonly mutation: Mutation | null; readonly dropped: readonly number[] } => {
  const version = mutation.schemaVersion;
  if (version === app.schemaVersion) return { mutation, dropped: [] };
  const dropped: number[] = [];
  const changes: Change[] = [];
  const versions: (number | null)[] = [];
  const columns: string[][] = [];
  const keys: (string | null)[] = [];
  mutation.changes.forEach((change, at) => {
    const lifted = liftChange(app, version, change);
    if (lifted === DROPPED) {
      dropped.push(at);
      return;
    }
    for (const one of lifted) {
      changes.push(one);
      versions.push(mutation.offer?.versions[at] ?? null);
      columns.push([...liftColumns(app, version, change.table, mutation.offer?.columns[at] ?? [])]);
      keys.push(mutation.offer?.keys?.[at] ?? null);
    }
  });
  if (changes.length === 0) return { mutation: null, dropped };
  const offer: Offer | undefined = mutation.offer && {
    ...mutation.offer,
    versions,
    columns,
    ...(mutation.offer.keys ? { keys } : {}),
  };
  return {
    mutation: {
      ...mutation,
      schemaVersion: app.schemaVersion,
      changes,
      ...(offer === undefined ? {} : { offer }),
    },
    dropped,
  };
};
