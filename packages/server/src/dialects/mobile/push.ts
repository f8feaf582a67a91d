import type * as z from 'zod/mini';
import { positionAt } from '../cursors.ts';
import { type DialectCall, type DialectReply, type DialectServer, json } from '../dialect-route.ts';
import { answersOf } from '../item-result.ts';
import { receiveItems } from '../receive.ts';
import { timeText } from '../wire-time.ts';
import { readItems } from './read-items.ts';
import { resultsOf } from './results.ts';
import type { pushBody } from './shapes.ts';
import { cursorOfToken, makeToken } from './tokens.ts';

/** Takes in a batch of a device's changes. */
export const push = async (
  server: DialectServer,
  call: DialectCall<z.infer<typeof pushBody>>,
): Promise<DialectReply> => {
  const { ctx } = server;
  const { principal, body } = call;
  const device = call.device!;
  const cursor = cursorOfToken(body.client_sync_token, device.deviceId);
  const items = await readItems(ctx, device.clientId, body.items);
  const position = cursor === undefined ? undefined : await positionAt(ctx, cursor);
  const received = await receiveItems(server, {
    dialect: 'mobile',
    principal,
    device,
    items,
    raw: call.raw,
    positionOf: () => position,
    requestId: call.requestId,
    address: call.address,
  });
  return json({
    batch_id: received.batchId,
    processed_at: timeText(received.serverTime),
    // The device holds what it held before: what others wrote comes with its next pull.
    server_sync_token: makeToken({ deviceId: device.deviceId, cursor: cursor ?? null }),
    results: await resultsOf(server, principal, body.items, answersOf(received)),
  });
};
