import { equalValues } from '@satchel/core';
import type { Seen, Value, Values } from '@satchel/protocol';
import type { EngineContext } from '../engine-context.ts';
import { readBase } from '../pages/base.ts';
import type { Accepted } from './accept.ts';
import { entryOfChange } from './entry.ts';
import type { NetChange } from './fold.ts';
import { changesOfRow, type PendingChange } from './pending.ts';

/** What a change says of the state that its user saw, when that state was not all confirmed (rule 57). */
export interface Lineage {
  /** Version of the server-confirmed row; null if the server does not have it. */
  readonly version: number | null;
  readonly confirmed: Values | null;
  readonly seen: Readonly<Record<string, Seen>> | null;
  readonly after: string;
}

/** Ids of the changes of a local transaction whose rows had pending changes before it. */
export const changesOnPending = ({ db }: EngineContext, mark: number): Set<number> =>
  new Set(
    db
      .prepare(
        'select c.change_id as id from satchel_changes c where c.change_id > ? and exists ' +
          '(select 1 from satchel_changes p where p.tbl = c.tbl and p.key = c.key and p.change_id <= ?)',
      )
      .all([mark, mark])
      .map(({ id }) => id as number),
  );

export const lineageOf = (context: EngineContext, change: NetChange, accepted: Accepted): Lineage => {
  const { local, key } = change;
  const earlier = changesOfRow(context, local.name, key).filter(({ changeId }) => changeId < change.changeId);
  const base = readBase(context, local.name, key);
  const columns = change.op === 'delete' ? Object.keys(local.table.columns) : accepted.changed;
  const seen: Record<string, Seen> = {};
  const owners = new Map<number, string>();
  const ownerOf = ({ changeId }: PendingChange): string => {
    const known = owners.get(changeId) ?? entryOfChange(context, changeId)!.mutationId;
    owners.set(changeId, known);
    return known;
  };
  for (const name of columns) {
    const writer = earlier.findLast((pending) => wrote(local.table.columns[name]!, name, pending));
    if (writer && change.old) {
      seen[name] = { value: change.old[name] ?? null, mutationId: ownerOf(writer) };
    }
  }
  return {
    version: base?.row ? base.version : null,
    confirmed: base?.row ?? null,
    seen: Object.keys(seen).length > 0 ? seen : null,
    after: ownerOf(earlier.at(-1)!),
  };
};

const wrote = (
  column: Parameters<typeof equalValues>[0],
  name: string,
  { op, new: after, old: before }: PendingChange,
): boolean => {
  if (op === 'delete' || after === null) return false;
  const value: Value | undefined = after[name];
  if (value === undefined) return false;
  return op === 'insert' || before === null || !equalValues(column, before[name], value);
};
