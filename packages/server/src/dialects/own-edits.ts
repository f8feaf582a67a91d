import type { Snapshot } from '@satchel/core';
import { formatSnapshot } from '@satchel/core';
import { type Mutation, type Op, pushRequestSchema, type Values } from '@satchel/protocol';
import type { Principal, Table } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { type RowAddress, rowAddress } from '../push/row-address.ts';

/** What a device wrote to a row. */
export interface OwnEdit {
  readonly mutationId: string;
  readonly op: Op;
  /** As it sent them; whatever they became, this is what it shows. */
  readonly values: Values;
}

export interface EditsAsked {
  readonly table: Table;
  readonly key: string;
  /** What the device has from others; absent: nothing is known. */
  readonly since: Snapshot | undefined;
  /** Versions above this one, where the device names the one that it had. */
  readonly above: number | undefined;
}

/**
 * A device's own edits of rows which its cursor does not see yet, in their order. The
 * audit says which they were, the stored requests what they said.
 */
export const readOwnEdits = async (
  ctx: ServerContext,
  tx: Queryable,
  { principal, clientId }: { readonly principal: Principal; readonly clientId: string },
  asked: readonly EditsAsked[],
): Promise<ReadonlyMap<RowAddress, readonly OwnEdit[]>> => {
  if (asked.length === 0) return new Map();
  const { rows } = await tx.query<{ place: number; mutation_id: string; batch_id: string | null }>(
    `select k.place::int as place, a.mutation_id, m.batch_id
       from unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[])
              with ordinality k(table_id, key, since, above, place)
       cross join lateral (
         select a.audit_id, a.mutation_id from satchel.audit a
          where a.table_id = k.table_id and a.key = k.key and a.client_id = $5 and a.mutation_id is not null
            and (k.since is null or not pg_visible_in_snapshot(a.xid, k.since::pg_snapshot))
            and (k.above is null or a.version > k.above)) a
       left join satchel.mutations m on m.principal = $6 and m.mutation_id = a.mutation_id
      order by k.place, a.audit_id`,
    [
      asked.map(({ table }) => ctx.tableIds.get(table.name)),
      asked.map(({ key }) => key),
      asked.map(({ since }) => (since === undefined ? null : formatSnapshot(since))),
      asked.map(({ above }) => above ?? null),
      clientId,
      principal.id,
    ],
    'dialects_own_edits',
  );
  const mutations = await mutationsOf(tx, principal, [
    ...new Set(rows.flatMap(({ batch_id }) => (batch_id === null ? [] : [batch_id]))),
  ]);
  const edits = new Map<RowAddress, OwnEdit[]>();
  for (const row of rows) {
    const { table, key } = asked[row.place - 1]!;
    const address = rowAddress(table.name, key);
    for (const change of mutations.get(row.mutation_id)?.changes ?? []) {
      if (change.table !== table.name || change.key !== key) continue;
      const edit = { mutationId: row.mutation_id, op: change.op, values: change.values ?? {} };
      const list = edits.get(address);
      if (list) list.push(edit);
      else edits.set(address, [edit]);
    }
  }
  return edits;
};

/** The mutations of stored requests, by id. */
const mutationsOf = async (
  tx: Queryable,
  principal: Principal,
  batchIds: readonly string[],
): Promise<ReadonlyMap<string, Mutation>> => {
  const mutations = new Map<string, Mutation>();
  for (const request of (await readRequests(tx, principal, batchIds)).values())
    for (const mutation of request) mutations.set(mutation.mutationId, mutation);
  return mutations;
};

/** The native requests that were kept under these ids: their mutations. */
export const readRequests = async (
  tx: Queryable,
  principal: Principal,
  batchIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Mutation[]>> => {
  if (batchIds.length === 0) return new Map();
  const { rows } = await tx.query<{ batch_id: string; body: string }>(
    'select batch_id, body from satchel.batches where principal = $1 and batch_id = any($2::uuid[])',
    [principal.id, batchIds],
    'dialects_requests',
  );
  return new Map(
    rows.map(({ batch_id, body }) => [batch_id, pushRequestSchema.parse(JSON.parse(body)).mutations]),
  );
};
