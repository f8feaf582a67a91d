import { equalValues, layOver } from '@satchel/core';
import type { Values } from '@satchel/protocol';
import type { EngineContext } from '../engine-context.ts';
import { changesOfRow, isPending, toLayOver } from '../outbox/pending.ts';
import { captureMark, sealWrite } from '../outbox/seal.ts';
import { readBase } from '../pages/base.ts';
import { keyExpression, type LocalTable, VERSION_COLUMN } from './local-table.ts';
import { readMeta, writeMeta } from './meta.ts';
import { readRow } from './rows.ts';

/**
 * Rows written while capture was missing (rule 59): new ones have no version and no
 * change, pending ones differ from what their changes say. They become one mutation.
 *
 * An edit of a confirmed row leaves no trace here: the tables are noted as `unproven`,
 * and a deep comparison with the server finds it (see `repairRows`).
 */
export const captureMissed = (context: EngineContext, tables: readonly LocalTable[]): void => {
  if (tables.length === 0) return;
  const { db } = context;
  const mark = captureMark(context);
  for (const local of tables) {
    const capture = db.prepare(
      'insert into satchel_changes (tbl,op,key,new,old,version,hold,suspect) values (?,?,?,?,?,?,?,1)',
    );
    for (const key of keysWithoutVersion(context, local)) {
      if (!isPending(context, local.name, key))
        capture.run([local.name, 'insert', key, null, null, null, null]);
    }
    for (const key of pendingKeys(context, local, mark)) {
      const shown = readRow(context, local, key);
      const expected = expectedRow(context, local, key);
      if (!expected || (shown && same(local, shown.values, expected))) continue;
      const base = readBase(context, local.name, key);
      const op = shown ? 'update' : 'delete';
      const after = shown ? JSON.stringify(shown.values) : null;
      const version = base?.row ? base.version : null;
      capture.run([local.name, op, key, after, JSON.stringify(expected), version, base?.hold ?? null]);
    }
  }
  sealWrite(context, mark, undefined);
  const unproven = new Set((readMeta(db, 'unproven') as readonly string[] | undefined) ?? []);
  for (const { name } of tables) unproven.add(name);
  writeMeta(db, 'unproven', [...unproven]);
};

export const unprovenTables = ({ db }: EngineContext): readonly string[] =>
  (readMeta(db, 'unproven') as readonly string[] | undefined) ?? [];

const keysWithoutVersion = ({ db }: EngineContext, local: LocalTable): string[] =>
  db
    .prepare(
      `select ${keyExpression(local, 't')} as key from ${local.quoted} t where ${VERSION_COLUMN} is null`,
    )
    .all()
    .map(({ key }) => String(key));

/** Rows whose changes were there before; one that an insert began and nothing followed is its own image. */
const pendingKeys = ({ db }: EngineContext, local: LocalTable, mark: number): string[] =>
  db
    .prepare('select distinct key from satchel_changes where tbl = ? and change_id <= ?')
    .all([local.name, mark])
    .map(({ key }) => key as string);

const expectedRow = (context: EngineContext, local: LocalTable, key: string): Values | null =>
  layOver(
    local.table.columns,
    readBase(context, local.name, key)?.row ?? null,
    changesOfRow(context, local.name, key).map((change) => toLayOver(local, change)),
    context.app.documents,
  );

const same = (local: LocalTable, a: Values, b: Values): boolean =>
  local.columns.every(({ name, column }) => equalValues(column, a[name], b[name]));
