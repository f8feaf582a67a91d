import type { Item, ItemList, Outcome, Problem } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import { placeOf, type RecordFilter } from './list-batches.ts';

export interface ItemFilter extends RecordFilter {
  readonly state?: Item['state'];
  readonly table?: string;
  /** Error code of what was refused. */
  readonly code?: string;
}

/**
 * Mutations that did not go through, for administrators: refused (they lie in
 * quarantine on their devices), or waiting here for a row or a person.
 */
export const listItems = async (ctx: ServerContext, filter: ItemFilter): Promise<ItemList> => {
  const { at, id } = placeOf(filter.after);
  const { rows } = await ctx.db.query<ItemRow>(
    `select i.mutation_id, i.client_id, i.author, c.device_name, i.batch_id, i.received_at, i.state, i.outcome,
            i.changes
       from (
         select mutation_id, client_id, author, batch_id, received_at, 'rejected' as state, outcome,
                outcome -> 'changes' as changes
           from satchel.refused
         union all
         select mutation_id, client_id, author, batch_id, received_at, state, null,
                body -> 'mutation' -> 'changes'
           from satchel.mutations where state <> 'settled'
       ) i
       left join satchel.clients c on c.client_id = i.client_id
      where ($1::uuid is null or i.client_id = $1) and ($2::text is null or i.author = $2)
        and i.received_at >= coalesce($3::bigint, 0) and ($4::bigint is null or i.received_at < $4)
        and ($5::bigint is null or (i.received_at, i.mutation_id) < ($5, $6::uuid))
        and ($8::text is null or i.state = $8)
        and ($9::text is null or i.changes @> jsonb_build_array(jsonb_build_object('table', $9)))
        and ($10::text is null or i.outcome -> 'problem' ->> 'code' = $10
          or i.outcome -> 'changes' @> jsonb_build_array(jsonb_build_object('problem', jsonb_build_object('code', $10))))
      order by i.received_at desc, i.mutation_id desc limit $7`,
    [
      filter.clientId ?? null,
      filter.userId ?? null,
      filter.since ?? null,
      filter.until ?? null,
      at,
      id,
      filter.limit + 1,
      filter.state ?? null,
      filter.table ?? null,
      filter.code ?? null,
    ],
    'operate_list_items',
  );
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  return {
    items: page.map(toItem),
    ...(rows.length > page.length && last ? { next: `${last.received_at}.${last.mutation_id}` } : {}),
  };
};

interface ItemRow {
  readonly mutation_id: string;
  readonly client_id: string;
  readonly author: string;
  readonly device_name: string | null;
  readonly batch_id: string | null;
  readonly received_at: number;
  readonly state: Item['state'];
  readonly outcome: Outcome | null;
  readonly changes: readonly { readonly table: string; readonly key: string }[] | null;
}

const toItem = (row: ItemRow): Item => {
  const problem: Problem | undefined =
    row.outcome?.problem ?? row.outcome?.changes.find((change) => change.problem)?.problem;
  return {
    mutationId: row.mutation_id,
    clientId: row.client_id,
    userId: row.author,
    ...(row.device_name === null ? {} : { deviceName: row.device_name }),
    ...(row.batch_id === null ? {} : { batchId: row.batch_id }),
    receivedAt: row.received_at,
    state: row.state,
    ...(problem === undefined ? {} : { problem }),
    changes: (row.changes ?? []).map(({ table, key }) => ({ table, key })),
  };
};
