import type { Conflict, Json } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../../context.ts';
import { sidesOf } from '../conflict-view.ts';
import type { Device } from '../device.ts';
import type { DialectServer } from '../dialect-route.ts';
import type { Gathered } from '../gather.ts';
import { namesOf } from '../names.ts';
import { conflictsBehind } from '../own-outcomes.ts';

/** A conflict in the shape of this dialect. */
export interface TableConflict {
  readonly table: string;
  readonly record_id: string;
  readonly client_data: Readonly<Record<string, Json>> | null;
  readonly server_data: Readonly<Record<string, Json>> | null;
  readonly conflict_id: string | null;
  readonly status: 'open' | 'resolved' | 'refused';
  readonly resolution: string | null;
  readonly error: string | null;
}

const LIST_LIMIT = 100;

/** Conflicts of its items that were settled since the device last pulled; on the last page its open ones too. */
export const shownConflicts = async (
  server: DialectServer,
  principal: Principal,
  device: Device,
  { outcomes, more }: Pick<Gathered, 'outcomes' | 'more'>,
): Promise<readonly TableConflict[]> => {
  const open = more
    ? []
    : (
        await server.operations.listConflicts(principal, {
          clientId: device.clientId,
          state: 'open',
          limit: LIST_LIMIT,
        })
      ).conflicts;
  const known = new Map(open.map((conflict) => [conflict.conflictId, conflict]));
  for (const conflict of await conflictsBehind(server, principal, outcomes))
    known.set(conflict.conflictId, conflict);
  return await Promise.all([...known.values()].map((conflict) => tableConflict(server, principal, conflict)));
};

export const tableConflict = async (
  { ctx }: DialectServer,
  principal: Principal,
  conflict: Conflict,
): Promise<TableConflict> => {
  const { client, server } = await sidesOf(ctx, principal, conflict);
  const table = ctx.app.tables[conflict.table];
  return {
    table: table === undefined ? conflict.table : namesOf(ctx.app).many(table),
    record_id: conflict.key,
    client_data: client,
    server_data: server,
    conflict_id: conflict.conflictId,
    status: conflict.state === 'settled' ? 'resolved' : 'open',
    resolution: conflict.decision?.replaceAll('-', '_') ?? null,
    error: null,
  };
};

/** Says that there were clashes; never what was in them. */
export const tellClashes = (
  ctx: ServerContext,
  requestId: string,
  conflicts: readonly Pick<TableConflict, 'table' | 'conflict_id' | 'status'>[],
): void => {
  for (const { table, conflict_id, status } of conflicts)
    ctx.log.warn(
      { requestId },
      `Conflict detected: table=${table} conflict=${conflict_id ?? 'none'} ${status}`,
    );
};
