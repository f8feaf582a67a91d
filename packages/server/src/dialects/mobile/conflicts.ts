import type { Conflict, Json } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type * as z from 'zod/mini';
import { sidesOf } from '../conflict-view.ts';
import { type DialectCall, type DialectReply, type DialectServer, json } from '../dialect-route.ts';
import { namesOf, tableNamed, wireName } from '../names.ts';
import { resolutionOf } from '../resolutions.ts';
import { timeText } from '../wire-time.ts';
import { valuesToWire } from '../wire-values.ts';
import type { resolveBody } from './shapes.ts';

export const mobileConflict = async (
  { ctx }: DialectServer,
  principal: Principal,
  conflict: Conflict,
): Promise<Record<string, Json>> => {
  const { client, server } = await sidesOf(ctx, principal, conflict);
  const table = ctx.app.tables[conflict.table];
  return {
    id: conflict.conflictId,
    resource_type: table === undefined ? conflict.table : namesOf(ctx.app).one(table),
    resource_id: conflict.key,
    server_payload: server,
    client_payload: client,
    detected_at: timeText(conflict.createdAt),
    status: conflict.state === 'settled' ? 'resolved' : conflict.state,
    resolution: conflict.decision?.replaceAll('-', '_') ?? null,
    resolved_by: conflict.decidedBy ?? null,
    resolved_at: conflict.decidedAt === undefined ? null : timeText(conflict.decidedAt),
    resolved_payload:
      conflict.state === 'settled' && table !== undefined ? valuesToWire(table, conflict.result) : null,
    fields: conflict.columns.map(wireName),
    reason: conflict.reason ?? null,
  };
};

export const showOne = async (server: DialectServer, call: DialectCall<unknown>): Promise<DialectReply> => {
  const { principal, path } = call;
  const conflict = await server.operations.showConflict(principal, path.id!);
  return json(await mobileConflict(server, principal, conflict));
};

/** A person's decision; audited, and told to the device with its next pull. */
export const resolveOne = async (
  server: DialectServer,
  call: DialectCall<z.infer<typeof resolveBody>>,
): Promise<DialectReply> => {
  const { principal, path, body } = call;
  const { operations, ctx } = server;
  const before = await operations.showConflict(principal, path.id!);
  const table = tableNamed(ctx.app, before.table);
  const request = resolutionOf(body.resolution, before, table, body.payload ?? undefined, body.note);
  const conflict = await operations.resolveConflict(principal, path.id!, request);
  return json(await mobileConflict(server, principal, conflict));
};
