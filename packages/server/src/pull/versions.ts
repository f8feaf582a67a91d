import { digestText } from '@satchel/core';
import type { RowsRequest, RowsResponse, VersionsRequest, VersionsResponse } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Transaction } from '../postgres/database.ts';
import { heldAmong, heldKeys, readHeld } from './held-rows.ts';
import type { ReaderView, TableView } from './reader-view.ts';
import { deepLines, rowLists } from './row-lists.ts';
import { scopesFor } from './scopes.ts';
import { type SightAsked, sightOf, tableNamed } from './sight.ts';

/** Keys of one answer. */
const KEYS = 2_000;

/** Keys and versions of one table of one scope, so that a client finds which rows differ. */
export const versions = (
  ctx: ServerContext,
  principal: Principal,
  request: VersionsRequest,
): Promise<VersionsResponse> =>
  inScope(ctx, principal, request, { keys: [], versions: [], more: false }, async (tx, view, table) => {
    const { scope, depth } = request;
    for (let afterKey = request.afterKey ?? ''; ; ) {
      const wanted = await heldKeys(tx, scope, table.tableId, afterKey, KEYS);
      const more = wanted.length === KEYS;
      if (depth === 'quick' && table.filter.length === 0) {
        return { keys: wanted.map(({ key }) => key), versions: wanted.map(({ version }) => version), more };
      }
      const block = await readHeld(tx, table, wanted);
      if (block) {
        const { keys, versions } = rowLists(view, block);
        const digests = depth === 'deep' ? { digests: deepLines(view, block).map(digestText) } : {};
        return { keys: [...keys], versions: [...versions], ...digests, more };
      }
      // None of these pass the filter: an answer without keys would be taken for the end.
      if (!more) return { keys: [], versions: [], more };
      afterKey = wanted.at(-1)!.key;
    }
  });

/** The named rows of one scope as they are now, to repair a client. */
export const rows = (ctx: ServerContext, principal: Principal, request: RowsRequest): Promise<RowsResponse> =>
  inScope(ctx, principal, request, { keys: [], versions: [], columns: {} }, async (tx, view, table) => {
    const wanted = await heldAmong(tx, request.scope, table.tableId, request.keys);
    const block = await readHeld(tx, table, wanted);
    if (!block) return { keys: [], versions: [], columns: {} };
    const { keys, versions, columns } = rowLists(view, block);
    return {
      keys: [...keys],
      versions: [...versions],
      columns: Object.fromEntries(Object.entries(columns).map(([name, list]) => [name, [...list]])),
    };
  });

/** Runs `read` in one snapshot where the reader may hold the scope and see the table; else gives `nothing`. */
const inScope = <T>(
  ctx: ServerContext,
  principal: Principal,
  asked: SightAsked & { readonly scope: string; readonly table: string },
  nothing: T,
  read: (tx: Transaction, view: ReaderView, table: TableView) => Promise<T>,
): Promise<T> => {
  const { view } = sightOf(ctx, principal, asked);
  const table = tableNamed(view, asked.table);
  if (!table) return Promise.resolve(nothing);
  return ctx.db.transaction('snapshot', async (tx) =>
    (await scopesFor(ctx, tx, principal)).includes(asked.scope) ? read(tx, view, table) : nothing,
  );
};
