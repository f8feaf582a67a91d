import { type BatchList, type BatchSummary, SatchelError } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';

/** Which of the records of the server are asked for, a page at a time, the newest first. */
export interface RecordFilter {
  readonly clientId?: string;
  readonly userId?: string;
  /** Came at or after, and before; UTC milliseconds. */
  readonly since?: number;
  readonly until?: number;
  /** The `next` of the page before. */
  readonly after?: string;
  readonly limit: number;
}

const PLACE = /^(\d{1,16})\.([0-9a-f-]{36})$/;

/** @throws `request_invalid` for what is no `next` */
export const placeOf = (
  after: string | undefined,
): { readonly at: number | null; readonly id: string | null } => {
  if (after === undefined) return { at: null, id: null };
  const match = PLACE.exec(after);
  if (!match)
    throw new SatchelError('request_invalid', { path: 'query.after', reason: 'has the wrong format' });
  return { at: Number(match[1]), id: match[2]! };
};

/** Push requests, for administrators; `GET /v1/batches/{id}` has their text. */
export const listBatches = async (ctx: ServerContext, filter: RecordFilter): Promise<BatchList> => {
  const { at, id } = placeOf(filter.after);
  const { rows } = await ctx.db.query<BatchRow>(
    `select b.batch_id, b.client_id, c.user_id, c.device_name, b.received_at, b.channel,
            octet_length(b.body) as bytes,
            (select count(*)::int from json_array_elements(b.body::json -> 'mutations')) as mutations
       from satchel.batches b join satchel.clients c on c.client_id = b.client_id
      where ($1::uuid is null or b.client_id = $1) and ($2::text is null or c.user_id = $2)
        and b.received_at >= coalesce($3::bigint, 0) and ($4::bigint is null or b.received_at < $4)
        and ($5::bigint is null or (b.received_at, b.batch_id) < ($5, $6::uuid))
      order by b.received_at desc, b.batch_id desc limit $7`,
    [
      filter.clientId ?? null,
      filter.userId ?? null,
      filter.since ?? null,
      filter.until ?? null,
      at,
      id,
      filter.limit + 1,
    ],
    'operate_list_batches',
  );
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  return {
    batches: page.map(toSummary),
    ...(rows.length > page.length && last ? { next: `${last.received_at}.${last.batch_id}` } : {}),
  };
};

interface BatchRow {
  readonly batch_id: string;
  readonly client_id: string;
  readonly user_id: string;
  readonly device_name: string | null;
  readonly received_at: number;
  readonly channel: string;
  readonly bytes: number;
  readonly mutations: number;
}

const toSummary = (row: BatchRow): BatchSummary => ({
  batchId: row.batch_id,
  clientId: row.client_id,
  userId: row.user_id,
  ...(row.device_name === null ? {} : { deviceName: row.device_name }),
  receivedAt: row.received_at,
  channel: row.channel,
  bytes: row.bytes,
  mutations: row.mutations,
});
