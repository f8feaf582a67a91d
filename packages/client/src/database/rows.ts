import { keyParts } from '@satchel/core';
import type { Values } from '@satchel/protocol';
import type { EngineContext } from '../engine-context.ts';
import type { SqlValue } from './driver.ts';
import { bindRow, type LocalTable } from './local-table.ts';
import { despiteUnique } from './unique-indexes.ts';

/** A synced row as it is on screen. */
export interface VisibleRow {
  readonly values: Values;
  readonly version: number | null;
  readonly hold: number | null;
}

export const keyParameters = (local: LocalTable, key: string): SqlValue[] =>
  local.keyColumns.length === 1 ? [key] : keyParts(key, local.keyColumns.length);

export const readRow = ({ db }: EngineContext, local: LocalTable, key: string): VisibleRow | undefined => {
  const row = db.prepare(local.sql.row).get(keyParameters(local, key));
  if (!row) return undefined;
  return {
    values: JSON.parse(row.image as string) as Values,
    version: row.version as number | null,
    hold: row.hold as number | null,
  };
};

/** Version and hold alone. */
export const readRowState = (
  { db }: EngineContext,
  local: LocalTable,
  key: string,
): { readonly version: number | null; readonly hold: number | null } | undefined => {
  const row = db.prepare(local.sql.state).get(keyParameters(local, key));
  return row && { version: row.version as number | null, hold: row.hold as number | null };
};

export const removeRow = ({ db }: EngineContext, local: LocalTable, key: string): number =>
  db.prepare(local.sql.remove).run(keyParameters(local, key));

export const setRowHold = (
  { db }: EngineContext,
  local: LocalTable,
  key: string,
  hold: number | null,
): void => {
  db.prepare(local.sql.setHold).run([hold, ...keyParameters(local, key)]);
};

/** The values of a row with those of its key, which the wire leaves out. */
export const withKey = (local: LocalTable, key: string, values: Values): Values => {
  const parts = keyParameters(local, key);
  const whole: Record<string, Values[string]> = { ...values };
  for (const [index, { name, column }] of local.keyColumns.entries()) {
    const part = parts[index] as string;
    whole[name] = column.type === 'integer' ? Number(part) : part;
  }
  return whole;
};

/** Lays a row down as it is to be seen, whatever was there. */
export const putRow = (
  context: EngineContext,
  local: LocalTable,
  values: Values,
  version: number | null,
  hold: number | null,
): void => {
  const parameters = [...bindRow(local, values), version, hold];
  despiteUnique(context, local, () => context.db.prepare(local.sql.put).run(parameters));
};
