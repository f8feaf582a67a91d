import type { ServerContext } from '../context.ts';
import { oldestNeeded, type Position } from './position.ts';

/** How often a client's place is written down at most, in milliseconds: tombstones wait hours for it. */
const EVERY = 300_000;
const REMEMBERED = 10_000;

const written = new WeakMap<ServerContext, Map<string, number>>();

/**
 * A client that pulls with a cursor has taken in all that the cursor says: what is gone
 * below its oldest snapshot need not be kept for it (rule 25).
 */
export const acknowledge = async (
  ctx: ServerContext,
  clientId: string,
  position: Position,
): Promise<void> => {
  const oldest = oldestNeeded(position);
  if (oldest === undefined) return;
  const times = written.get(ctx) ?? new Map<string, number>();
  written.set(ctx, times);
  const now = ctx.clock.now();
  if (Math.abs(now - (times.get(clientId) ?? Number.NEGATIVE_INFINITY)) < EVERY) return;
  if (times.size >= REMEMBERED) times.clear();
  times.set(clientId, now);
  await ctx.db.query(
    `update satchel.clients set holds_below = $2::xid8 where client_id = $1`,
    [clientId, String(oldest)],
    'clients_hold',
  );
};
