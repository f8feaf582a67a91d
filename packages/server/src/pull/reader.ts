import { PROTOCOL_FLOOR, PROTOCOL_VERSION, SatchelError, type Subscription } from '@satchel/protocol';
import { type Principal, viewOf } from '@satchel/schema';
import type { ServerContext } from '../context.ts';

/** Who reads, and what of all that it may see. */
export interface Reader {
  readonly principal: Principal;
  readonly clientId: string;
  /** The schema version of the client's app. */
  readonly schemaVersion: number;
  readonly subscription: Subscription | undefined;
  /** Rows of a page that it asks for. */
  readonly pageRows?: number | undefined;
  /** It takes rows in brief. */
  readonly brief?: boolean | undefined;
}

/** Throws `protocol_too_old`, `protocol_too_new`, `schema_unknown`, `schema_ahead`. */
export const checkVersions = (
  ctx: Pick<ServerContext, 'app'>,
  { protocolVersion, schemaVersion }: { readonly protocolVersion: number; readonly schemaVersion: number },
): void => {
  if (protocolVersion < PROTOCOL_FLOOR)
    throw new SatchelError('protocol_too_old', { protocolVersion, floor: PROTOCOL_FLOOR });
  if (protocolVersion > PROTOCOL_VERSION)
    throw new SatchelError('protocol_too_new', { protocolVersion, serverVersion: PROTOCOL_VERSION });
  viewOf(ctx.app, schemaVersion);
};
