import { pushRequestSchema, SatchelError } from '@satchel/protocol';
import type * as z from 'zod/mini';
import type { Operations } from '../../http/operations.ts';
import { parseShape } from '../../http/parse-request.ts';
import { itemIdOf } from '../derived-ids.ts';
import { type DialectCall, type DialectReply, type DialectServer, json } from '../dialect-route.ts';
import { answersOf } from '../item-result.ts';
import { isBad } from '../items.ts';
import type { ItemResult } from '../receive.ts';
import { timeText } from '../wire-time.ts';
import { readItems } from './read-items.ts';
import { resultsOf } from './results.ts';
import { pushBody, type replayBody } from './shapes.ts';

interface BatchRow {
  readonly client_id: string;
  readonly body: string;
  readonly native: string | null;
}

/** Runs a stored batch again, with the rights that it came with. What was settled stays as it is. */
export const replay = async (
  server: DialectServer,
  call: DialectCall<z.infer<typeof replayBody>>,
): Promise<DialectReply> => {
  const { ctx, operations } = server;
  const { principal, path, body } = call;
  const batchId = path.id!;
  const dryRun = body.dry_run ?? false;
  const { rows } = await ctx.db.query<BatchRow>(
    `select d.client_id, d.body, b.body as native
       from satchel.dialect_batches d
       left join satchel.batches b on b.principal = d.principal and b.batch_id = d.batch_id
      where d.batch_id = $1 and d.dialect = 'mobile'`,
    [batchId],
    'dialects_batch',
  );
  const batch = rows[0];
  if (batch === undefined) throw new SatchelError('batch_unknown', { batchId });
  const { items } = parseShape(pushBody, JSON.parse(batch.body));
  const results = await resultsAgain(server, batch, items, () =>
    operations.replayBatch(principal, batchId, dryRun),
  );
  return json({
    batch_id: batchId,
    dry_run: dryRun,
    processed_at: timeText(ctx.clock.now()),
    server_sync_token: null,
    results: await resultsOf(server, principal, items, answersOf({ batchId, serverTime: 0, results })),
  });
};

const resultsAgain = async (
  { ctx }: DialectServer,
  { client_id, native }: BatchRow,
  sent: z.infer<typeof pushBody>['items'],
  replayed: () => ReturnType<Operations['replayBatch']>,
): Promise<readonly ItemResult[]> => {
  const items = await readItems(ctx, client_id, sent);
  const { rows } = await ctx.db.query<{ item_id: string; mutation_id: string; change_place: number }>(
    `select i.item_id, i.mutation_id, i.change_place from satchel.dialect_items i
      where i.client_id = $1 and i.item_id = any($2::uuid[])`,
    [client_id, items.flatMap((item) => (isBad(item) ? [] : [itemIdOf(client_id, item.name, item.version)]))],
    'dialects_items_of_batch',
  );
  const places = new Map(rows.map((row) => [row.item_id, row]));
  const mutations = new Map(
    (native === null ? [] : pushRequestSchema.parse(JSON.parse(native)).mutations).map((mutation) => [
      mutation.mutationId,
      mutation,
    ]),
  );
  const answers = native === null ? [] : (await replayed()).answers;
  const told = new Map(
    answers.map((answer) => [
      answer.kind === 'outcome' ? answer.outcome.mutationId : answer.mutationId,
      answer,
    ]),
  );
  return items.map((item): ItemResult => {
    if (isBad(item)) return { kind: 'bad', problem: item.problem };
    const place = places.get(itemIdOf(client_id, item.name, item.version));
    const answer = told.get(place?.mutation_id ?? '');
    const change = mutations.get(place?.mutation_id ?? '')?.changes[place?.change_place ?? 0];
    if (
      place === undefined ||
      answer === undefined ||
      change === undefined ||
      answer.kind === 'needs-earlier'
    )
      return {
        kind: 'bad',
        problem: new SatchelError('item_reused', { name: item.name, version: item.version }).toProblem(),
      };
    if (answer.kind === 'held') return { kind: 'held', item, parent: answer.parent };
    return {
      kind: 'outcome',
      item,
      sent: change,
      outcome: answer.outcome,
      change: answer.outcome.changes[place.change_place],
    };
  });
};
