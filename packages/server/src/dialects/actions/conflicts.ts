import type { Conflict, Json } from '@satchel/protocol';
import { SatchelError, uuidSchema } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type * as z from 'zod/mini';
import { sidesOf } from '../conflict-view.ts';
import { checkOwnDevice } from '../device.ts';
import { type DialectCall, type DialectReply, type DialectServer, json } from '../dialect-route.ts';
import { namesOf, tableNamed } from '../names.ts';
import { resolutionOf } from '../resolutions.ts';
import { serverIdColumn, serverIdsByKey } from '../server-ids.ts';
import { valuesToWire } from '../wire-values.ts';
import type { resolveBody } from './shapes.ts';

export interface ActionConflict {
  readonly conflict_id: string | null;
  readonly client_id: string | null;
  readonly entity_type: string;
  readonly entity_id: string;
  readonly server_id: number | string | null;
  readonly client_data: Readonly<Record<string, Json>> | null;
  readonly server_data: Readonly<Record<string, Json>> | null;
  readonly status: 'open' | 'resolved' | 'refused';
  readonly resolution: string | null;
  readonly resolved_data: Readonly<Record<string, Json>> | null;
  readonly message: string;
}

export const actionConflict = async (
  { ctx }: DialectServer,
  principal: Principal,
  conflict: Conflict,
  clientId: string | null,
): Promise<ActionConflict> => {
  const table = ctx.app.tables[conflict.table];
  const { client, server } = await sidesOf(ctx, principal, conflict);
  const numbers = table === undefined ? undefined : await serverIdsByKey(ctx, table, [conflict.key]);
  const hasNumbers = table !== undefined && serverIdColumn(table) !== undefined;
  const isSettled = conflict.state === 'settled';
  return {
    conflict_id: conflict.conflictId,
    client_id: clientId,
    entity_type: table === undefined ? conflict.table : namesOf(ctx.app).one(table),
    entity_id: conflict.key,
    server_id: numbers?.get(conflict.key) ?? (hasNumbers ? null : conflict.key),
    client_data: client,
    server_data: server,
    status: isSettled ? 'resolved' : 'open',
    resolution: conflict.decision?.replaceAll('-', '_') ?? null,
    resolved_data: isSettled && table !== undefined ? valuesToWire(table, conflict.result) : null,
    message: isSettled
      ? `Settled by ${conflict.decidedBy ?? `the rule ${conflict.policy}`}`
      : 'Data conflict: somebody has to decide',
  };
};

const LIST_LIMIT = 100;

/** Conflicts that wait for a decision, the newest first. */
export const listOpen = async (server: DialectServer, call: DialectCall<unknown>): Promise<DialectReply> => {
  const { principal, device, query } = call;
  if (device !== undefined) await checkOwnDevice(server.ctx, principal, device);
  const list = await server.operations.listConflicts(principal, {
    state: 'open',
    limit: LIST_LIMIT,
    ...(device === undefined ? {} : { clientId: device.clientId }),
    ...(query.after === undefined ? {} : { after: query.after }),
  });
  return json({
    success: true,
    conflicts: await Promise.all(
      list.conflicts.map((conflict) => actionConflict(server, principal, conflict, null)),
    ),
    next: list.next ?? null,
  });
};

export const resolveOne = async (
  server: DialectServer,
  call: DialectCall<z.infer<typeof resolveBody>>,
): Promise<DialectReply> => {
  const { principal, body } = call;
  const { operations, ctx } = server;
  if (!uuidSchema.safeParse(body.conflict_id).success)
    throw new SatchelError('request_invalid', { path: 'conflict_id', reason: 'has the wrong format' });
  const before = await operations.showConflict(principal, body.conflict_id);
  const table = tableNamed(ctx.app, before.table);
  const request = resolutionOf(body.resolution, before, table, body.resolved_data ?? undefined, body.note);
  const conflict = await operations.resolveConflict(principal, body.conflict_id, request);
  return json({
    success: true,
    conflict: await actionConflict(server, principal, conflict, null),
    message: 'Conflict resolved successfully',
  });
};
