import { isUnsettled } from '@satchel/core';
import { type Change, invariant } from '@satchel/protocol';
import type { CoreEntry } from './core-entry.ts';
import type { CoreTable } from './core-tables.ts';

/** The server gave a row another key: unsettled changes of it, and references to it, name that from now on. */
export const renameIn = (
  outbox: readonly CoreEntry[],
  tables: ReadonlyMap<string, CoreTable>,
  table: string,
  key: string,
  newKey: string,
): void => {
  invariant(key !== newKey, 'a key was given anew as itself');
  const moved = (change: Change): Change => {
    const refers = tables.get(change.table)!.refers;
    const own = change.table === table && change.key === key;
    const parent = refers?.to === table && change.values?.[refers.column] === key;
    return {
      ...change,
      ...(own && { key: newKey }),
      ...(parent && refers && { values: { ...change.values, [refers.column]: newKey } }),
    };
  };
  for (const entry of outbox) {
    if (!isUnsettled(entry.state)) continue;
    for (const change of entry.changes) {
      const wire = moved(change.wire);
      change.wire = wire;
      change.key = wire.key;
      change.values = wire.values ?? change.values;
    }
  }
};
