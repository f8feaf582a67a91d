import { PROTOCOL_FLOOR, PROTOCOL_VERSION, type StatusResponse } from '@satchel/protocol';
import { isAdministrator, type Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { inGeneration } from '../moments/open-generation.ts';
import { scopesFor } from '../pull/scopes.ts';

/** What the server knows of the caller: its history, its time, the scopes and the conflicts that are open for him. */
export const status = async (ctx: ServerContext, principal: Principal): Promise<StatusResponse> =>
  await inGeneration(ctx, async (tx, { generation }) => {
    const { rows } = await tx.query<{ open: number }>(
      `select count(*)::int as open from satchel.conflicts where state <> 'settled' and (principal = $1 or $2)`,
      [principal.id, isAdministrator(ctx.app, principal)],
      'operate_open_conflicts',
    );
    return {
      serverTime: ctx.clock.now(),
      epoch: generation.epoch,
      protocolVersion: PROTOCOL_VERSION,
      protocolFloor: PROTOCOL_FLOOR,
      schemaVersion: ctx.app.schemaVersion,
      scopes: [...(await scopesFor(ctx, tx, principal))],
      openConflicts: rows[0]?.open ?? 0,
    };
  });
