import type * as z from 'zod/mini';
import { heardFrom } from '../../clients/heard.ts';
import { oldestNeeded } from '../../pull/position.ts';
import { positionAt } from '../cursors.ts';
import { deviceNamed } from '../device.ts';
import { type DialectCall, type DialectReply, type DialectServer, json } from '../dialect-route.ts';
import { timeText } from '../wire-time.ts';
import { standingOf } from './pull.ts';
import type { ackBody } from './shapes.ts';
import { readToken } from './tokens.ts';

/**
 * The device has taken in all that the token says: what is gone below it need not be
 * kept for it. Sent again, or late, it changes nothing.
 */
export const acknowledge = async (
  server: DialectServer,
  call: DialectCall<z.infer<typeof ackBody>>,
): Promise<DialectReply> => {
  const { ctx } = server;
  const { device, cursor } = standingOf(call.device, call.body.ack_token, () =>
    deviceNamed(readToken(call.body.ack_token).deviceId),
  );
  await heardFrom(ctx, ctx.db, call.principal, device.clientId, { client: { deviceName: device.deviceId } });
  const position = cursor === null ? null : await positionAt(ctx, cursor);
  const oldest = position ? oldestNeeded(position) : undefined;
  if (oldest !== undefined)
    await ctx.db.query(
      `update satchel.clients set holds_below = $2::xid8
        where client_id = $1 and coalesce(holds_below < $2::xid8, true)`,
      [device.clientId, String(oldest)],
      'dialects_acknowledge',
    );
  return json({ success: true, acknowledged_at: timeText(ctx.clock.now()) });
};
