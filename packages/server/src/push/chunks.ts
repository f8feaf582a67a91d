import type { ServerContext } from '../context.ts';
import type { Submitted } from './submitted.ts';

/** Changes of the first transaction of a request. */
const FIRST = 4_000;
const LEAST = 100;
const MOST = 10_000;
/** Milliseconds that a transaction should take, of the second that it may (rule 61). */
const AIM = 400;

/**
 * Cuts a batch so that each part's transaction ends within a second: by the time that
 * the part before it took. A mutation is never cut.
 */
export async function* inChunks(
  ctx: ServerContext,
  submitted: readonly Submitted[],
): AsyncGenerator<readonly Submitted[]> {
  let size = FIRST;
  let at = 0;
  while (at < submitted.length) {
    const chunk: Submitted[] = [];
    let changes = 0;
    for (let next = submitted[at]; next !== undefined; next = submitted[at]) {
      if (chunk.length > 0 && changes + next.changes.length > size) break;
      chunk.push(next);
      changes += next.changes.length;
      at++;
    }
    const started = ctx.clock.now();
    yield chunk;
    const took = Math.max(1, ctx.clock.now() - started);
    size = Math.round(Math.min(MOST, Math.max(LEAST, (changes * AIM) / took), size * 2));
  }
}
