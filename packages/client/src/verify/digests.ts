import { type Columns, digestText, newDigest, quickLine, rowText } from '@satchel/core';
import type { RowsResponse, VersionsResponse } from '@satchel/protocol';
import type { LocalTable } from '../database/local-table.ts';
import { keyParameters } from '../database/rows.ts';
import type { Differences, DigestsHeld } from '../engine.ts';
import type { EngineContext } from '../engine-context.ts';
import { RowSet } from '../outbox/pending.ts';
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
  voidVersions(context, local, rows.keys);
  takeRows(context, local, { line: 'rows', scope, table, ...rows }, true, dirty);
  for (const key of surplus) {
    release(context, local, key, [holdNumber(context, scope, table)]);
    leaving.add({ table, key, reason: 'swept', version: null });
  }
  leaving.settle(context, dirty, new Set());
  rebaseRows(context, dirty);
};

/** Whatever comes for these rows is newer than what is here. */
const voidVersions = ({ db }: EngineContext, local: LocalTable, keys: readonly string[]): void => {
  const where = local.keyColumns.map(({ quoted }) => `${quoted} = ?`).join(' and ');
  const shown = db.prepare(
    `update ${local.quoted} set satchel_version = -1 where satchel_version is not null and ${where}`,
  );
  const base = db.prepare('update satchel_base set version = -1 where tbl = ? and key = ?');
  for (const key of keys) {
    shown.run(keyParameters(local, key));
    base.run([local.name, key]);
  }
};
