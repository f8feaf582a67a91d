import { type PushAnswer, pushRequestSchema, type ReplayResponse, SatchelError } from '@satchel/protocol';
import { isAdministrator, type Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { announce } from '../live/announce.ts';
import type { Database, Transaction } from '../postgres/database.ts';
import { takeIn } from './push.ts';
import { senderOf } from './sender.ts';
import { showAnswers } from './shown-answers.ts';

/**
 * Tries a stored batch again: administrators with the rights that its sender had when it
 * came, its sender with those that he has now. What was settled stays as it is and is
 * answered as a repeat. With `dryRun` nothing of it is kept.
 *
 * @throws `batch_unknown`, also for a batch that is somebody else's
 */
export const replay = async (
  ctx: ServerContext,
  principal: Principal,
  batchId: string,
  dryRun: boolean,
): Promise<ReplayResponse> => {
  const { rows } = await ctx.db.query<{ principal: string; user_id: string; body: string }>(
    `select b.principal, c.user_id, b.body
       from satchel.batches b join satchel.clients c on c.client_id = b.client_id
      where b.batch_id = $1 and (b.principal = $2 or $3)
      order by b.received_at desc limit 1`,
    [batchId, principal.id, isAdministrator(ctx.app, principal)],
    'push_batch',
  );
  const batch = rows[0];
  if (batch === undefined) throw new SatchelError('batch_unknown', { batchId });
  const request = pushRequestSchema.parse(JSON.parse(batch.body));
  // Whoever lost a role since must not get it back by what he once sent.
  const sender = isAdministrator(ctx.app, principal)
    ? await senderOf(ctx.db, batch.principal, batchId, batch.user_id)
    : principal;
  const answers = dryRun
    ? await withoutTrace(ctx, async (dry) => (await takeIn(dry, sender, request, 'replay')).answers)
    : (await takeIn(ctx, sender, request, 'replay', () => announce(ctx))).answers;
  return {
    batchId,
    dryRun,
    answers: await showAnswers(ctx, principal, request.schemaVersion, answers),
  };
};

/** Carries out of a transaction what it found, and takes back what it did. */
class Found extends Error {
  readonly answers: readonly PushAnswer[];
  constructor(answers: readonly PushAnswer[]) {
    super('rolled back');
    this.answers = answers;
  }
}

const withoutTrace = async (
  ctx: ServerContext,
  work: (dry: ServerContext) => Promise<readonly PushAnswer[]>,
): Promise<readonly PushAnswer[]> => {
  try {
    return await ctx.db.transaction('write', async (tx) => {
      throw new Found(await work({ ...ctx, db: within(tx) }));
    });
  } catch (error) {
    if (error instanceof Found) return error.answers;
    throw error;
  }
};

/** A database all of whose transactions are parts of one. */
const within = (tx: Transaction): Database => ({
  query: (text, parameters, name) => tx.query(text, parameters, name),
  transaction: (_mode, work) => tx.savepoint(() => work(tx)),
  listen: () => Promise.reject(new SatchelError('server_busy')),
  close: () => Promise.resolve(),
});
