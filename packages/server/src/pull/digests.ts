import { createHash } from 'node:crypto';
import { DIGEST_LENGTH, parseSnapshot, quickLine } from '@satchel/core';
import type { DigestRequest, DigestResponse } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { inGeneration } from '../moments/open-generation.ts';
import type { Queryable } from '../postgres/database.ts';
import { heldKeys, readHeld } from './held-rows.ts';
import type { Position } from './position.ts';
import type { ReaderView, TableView } from './reader-view.ts';
import { deepLines, rowLists } from './row-lists.ts';
import { scopesFor } from './scopes.ts';
import { sightOf } from './sight.ts';
import { readStanding } from './standing.ts';
import { beganAfter, ofRunning } from './unseen.ts';

type ScopeState = DigestResponse['scopes'][string];
type Depth = DigestRequest['depth'];

/** Rows read at a time; many more where their keys are enough, for each page sorts the scope again. */
const ROWS_AT_ONCE = 2_000;
const KEYS_AT_ONCE = 50_000;

/**
 * Digests of what the server has for the client, to be compared with what it holds: in
 * one snapshot, through the reader's view.
 *
 * @throws `cursor_invalid`
 */
export const digests = async (
  ctx: ServerContext,
  principal: Principal,
  request: DigestRequest,
): Promise<DigestResponse> => {
  const { view } = sightOf(ctx, principal, request);
  return inGeneration(ctx, async (tx, moment) => {
    const standing = await readStanding(tx, moment, request.cursor);
    const allowed = new Set(await scopesFor(ctx, tx, principal));
    const held = standing.judgement.kind === 'valid' ? standing.position : null;
    const asked = request.scopes ?? [...(standing.position?.scopes.keys() ?? [])];
    const scopes: Record<string, ScopeState> = {};
    for (const scope of asked) {
      if (!allowed.has(scope)) scopes[scope] = { state: 'gone' };
      else if (held && (await isComplete(tx, held, scope, view))) {
        scopes[scope] = { state: 'known', tables: await scopeDigests(tx, scope, view, request.depth) };
      } else scopes[scope] = { state: 'behind' };
    }
    return { scopes };
  });
};

/** Nothing is under way, and nothing happened in the scope since. */
const isComplete = async (
  tx: Queryable,
  { scopes, part, view: seen }: Position,
  scope: string,
  view: ReaderView,
): Promise<boolean> => {
  const position = scopes.get(scope);
  if (!position || position.fill || part || JSON.stringify(seen) !== JSON.stringify(view.hashes))
    return false;
  const { xmax, xip } = parseSnapshot(position.s);
  const { rows } = await tx.query<{ news: boolean }>(
    `select exists (${armOf(beganAfter('e.xid', '$2'))})
       or exists (${ofRunning('e.xid', '$3', '$2', armOf)}) as news`,
    [scope, String(xmax), xip.map(String), view.order],
    'scope_news',
  );
  return rows[0]?.news === false;
};

const armOf = (condition: string): string =>
  `select 1 from satchel.entries e
   where e.scope = $1 and ${condition} and e.table_id = any($4::smallint[]) limit 1`;

const scopeDigests = async (
  tx: Queryable,
  scope: string,
  view: ReaderView,
  depth: Depth,
): Promise<Record<string, { rows: number; digest: string }>> => {
  const tables: Record<string, { rows: number; digest: string }> = {};
  for (const table of view.tables.values()) {
    const digest = await tableDigest(tx, scope, view, table, depth);
    if (digest.rows > 0) tables[table.wire] = digest;
  }
  return tables;
};

const tableDigest = async (
  tx: Queryable,
  scope: string,
  view: ReaderView,
  table: TableView,
  depth: Depth,
): Promise<{ rows: number; digest: string }> => {
  const hash = createHash('sha256');
  const atOnce = needsRows(table, depth) ? ROWS_AT_ONCE : KEYS_AT_ONCE;
  let rows = 0;
  let afterKey = '';
  for (;;) {
    const wanted = await heldKeys(tx, scope, table.tableId, afterKey, atOnce);
    const lines = await digestLines(tx, view, table, wanted, depth);
    for (const line of lines) hash.update(`${line}\n`);
    rows += lines.length;
    const last = wanted.at(-1);
    if (!last || wanted.length < atOnce) break;
    afterKey = last.key;
  }
  return { rows, digest: hash.digest('hex').slice(0, DIGEST_LENGTH) };
};

/** Key and version stand in the entries; values, and whether a filter passes, do not. */
const needsRows = (table: TableView, depth: Depth): boolean => depth === 'deep' || table.filter.length > 0;

/** One line per row; the rows themselves are read only where the lines need them. */
const digestLines = async (
  tx: Queryable,
  view: ReaderView,
  table: TableView,
  wanted: readonly { readonly scope: string; readonly key: string; readonly version: number }[],
  depth: Depth,
): Promise<string[]> => {
  if (!needsRows(table, depth)) {
    return wanted.map(({ key, version }) => quickLine(key, version));
  }
  const block = await readHeld(tx, table, wanted);
  if (!block) return [];
  if (depth === 'deep') return deepLines(view, block);
  const { keys, versions } = rowLists(view, block);
  return keys.map((key, row) => quickLine(key, versions[row]!));
};
