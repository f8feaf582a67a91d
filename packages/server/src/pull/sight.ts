import type { Subscription } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Reader } from './reader.ts';
import { type ReaderView, readerView, type TableView } from './reader-view.ts';

/** What a request to compare or to repair says of the client's sight. */
export interface SightAsked {
  readonly clientId: string;
  readonly schemaVersion?: number | undefined;
  readonly subscription?: Subscription | undefined;
}

/** The same reader and view as in the client's pulls. */
export const sightOf = (
  ctx: ServerContext,
  principal: Principal,
  asked: SightAsked,
): { readonly reader: Reader; readonly view: ReaderView } => {
  const reader: Reader = {
    principal,
    clientId: asked.clientId,
    schemaVersion: asked.schemaVersion ?? ctx.app.schemaVersion,
    subscription: asked.subscription,
  };
  return { reader, view: readerView(ctx, reader) };
};

/** A table by its name on the wire; `undefined` where the reader may not see it. */
export const tableNamed = (view: ReaderView, wire: string): TableView | undefined => {
  for (const table of view.tables.values()) if (table.wire === wire) return table;
  return undefined;
};
