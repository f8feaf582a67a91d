import { SatchelError } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import { inGeneration } from '../moments/open-generation.ts';

/** Milliseconds in which the database must answer. */
const WITHIN = 2_000;

/**
 * Resolves when a page could be read: the database answers and its history is known.
 *
 * @throws `database_unavailable`, also when it takes longer than 2 s
 */
export const ready = async (ctx: ServerContext): Promise<void> => {
  const answered = inGeneration(ctx, async () => {});
  await new Promise<void>((resolve, reject) => {
    const timer = ctx.scheduler.after(WITHIN, () => reject(new SatchelError('database_unavailable')));
    answered.then(
      () => {
        timer.cancel();
        resolve();
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
};
