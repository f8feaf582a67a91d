import { type Columns, diffValues, digestText, newDigest, quickLine, rowText } from '@satchel/core';
import type { Change, RowsResponse, VersionsResponse } from '@satchel/protocol';
import type { LocalTable } from '../database/local-table.ts';
import { unprovenTables } from '../database/missed-writes.ts';
import { keyParameters, readRow } from '../database/rows.ts';
import type { Differences, DigestsHeld } from '../engine.ts';
import type { EngineContext } from '../engine-context.ts';
import { isPending, RowSet } from '../outbox/pending.ts';
import { writeByHand } from '../outbox/quarantine.ts';
import { captureMark, sealWrite } from '../outbox/seal.ts';
import { keepBases } from '../pages/base.ts';
import { holdNumber } from '../pages/holds.ts';
import { LeavingRows } from '../pages/leaving.ts';
import { rebaseRows } from '../pages/rebase.ts';
import { release, takeRows } from '../pages/take-rows.ts';
import { viewOf } from '../pages/view.ts';
import { heldRows } from './held-rows.ts';

/** Digests of what is held, by scope and table, in the form of `newDigest` (rule 34). */
export const digestsHeld = (
  context: EngineContext,
  depth: 'quick' | 'deep',
  scopes: readonly string[] | undefined,
): DigestsHeld => {
  const held: Record<string, Record<string, { rows: number; digest: string }>> = {};
  const numbers = context.db
    .prepare('select scope_no, scope, tbl from satchel_scopes where stale = 0 order by scope, tbl')
    .all();
  for (const row of numbers) {
    const scope = row.scope as string;
    const local = context.tables.get(row.tbl as string);
    if (!local || (scopes && !scopes.includes(scope))) continue;
    const columns = viewOf(context, local);
    const digest = newDigest();
    for (const { key, version, values } of heldRows(context, local, row.scope_no as number, {
      values: depth === 'deep',
    })) {
      digest.add(values ? rowText(columns, values) : quickLine(key, version));
    }
    if (digest.lines === 0) continue;
    held[scope] ??= {};
    held[scope][local.name] = { rows: digest.lines, digest: digest.done() };
  }
  return { scopes: held };
};

/** Compares a page of the server's keys and versions with what is held in the same span of keys. */
export const compareVersions = (
  context: EngineContext,
  scope: string,
  table: string,
  afterKey: string | null,
  page: VersionsResponse,
): Differences => {
  const local = context.tables.get(table);
  if (!local) return { fetch: [], surplus: [] };
  const theirs = new Map(page.keys.map((key, index) => [key, index]));
  const columns: Columns = viewOf(context, local);
  const fetch = new Set(page.keys);
  const surplus: string[] = [];
  const span = { afterKey, upToKey: page.more ? (page.keys.at(-1) ?? null) : null };
  for (const row of heldRows(context, local, holdNumber(context, scope, table), {
    values: page.digests !== undefined,
    ...span,
  })) {
    const index = theirs.get(row.key);
    if (index === undefined) {
      surplus.push(row.key);
      continue;
    }
    const sameValues = !row.values || page.digests?.[index] === digestText(rowText(columns, row.values));
    if (page.versions[index] === row.version && sameValues) fetch.delete(row.key);
  }
  return { fetch: [...fetch], surplus };
};

/** Puts rows as the server has them, whatever their versions here; pending work stays laid over. */
export const repairRows = (
  context: EngineContext,
  scope: string,
  table: string,
  rows: RowsResponse,
  surplus: readonly string[],
): void => {
  const local = context.tables.get(table);
  if (!local) return;
  const dirty = new RowSet();
  const leaving = new LeavingRows();
  const unseen = unprovenTables(context).includes(table) ? editsUnseen(context, local, rows) : [];
  voidVersions(context, local, rows.keys);
  takeRows(context, local, { line: 'rows', scope, table, ...rows }, dirty);
  for (const key of surplus) {
    release(context, local, key, [holdNumber(context, scope, table)]);
    leaving.add({ table, key, reason: 'swept', version: null });
  }
  leaving.settle(context, dirty, new Set());
  rebaseRows(context, dirty);
  if (unseen.length === 0) return;
  const mark = captureMark(context);
  for (const change of unseen) writeByHand(context, local, change, false);
  sealWrite(context, mark, undefined);
};

/**
 * Rows of the server's own version with other values than the server's: edits made here
 * while capture was missing. They are the user's work, and go into the outbox.
 */
const editsUnseen = (context: EngineContext, local: LocalTable, rows: RowsResponse): Change[] => {
  const { table: definition, name } = local;
  const changes: Change[] = [];
  for (const [index, key] of rows.keys.entries()) {
    const shown = readRow(context, local, key);
    if (!shown || shown.version !== rows.versions[index] || isPending(context, name, key)) continue;
    const confirmed = Object.fromEntries(
      Object.entries(rows.columns).map(([column, values]) => [column, values[index]!]),
    );
    const visible = Object.fromEntries(
      Object.entries(shown.values).filter(([column]) => column in confirmed),
    );
    const values = diffValues(definition.columns, confirmed, visible);
    if (Object.keys(values).length > 0) changes.push({ table: name, op: 'update', key, values });
  }
  return changes;
};

/** Whatever comes for these rows is newer than what is here. */
const voidVersions = (context: EngineContext, local: LocalTable, keys: readonly string[]): void => {
  const { db } = context;
  const where = local.keyColumns.map(({ quoted }) => `${quoted} = ?`).join(' and ');
  const shown = db.prepare(
    `update ${local.quoted} set satchel_version = -1 where satchel_version is not null and ${where}`,
  );
  keepBases(context);
  const base = db.prepare('update satchel_base set version = -1 where tbl = ? and key = ?');
  for (const key of keys) {
    shown.run(keyParameters(local, key));
    base.run([local.name, key]);
  }
};
