import { days } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { flushDeliveries } from './deliveries.ts';
import { flushReceived } from './received.ts';

/** How long what figures are made of is kept: a month's report, and some days to read it. */
export const FIGURES_KEPT = days(35);

/** Writes down what this node has counted. */
export const flushFigures = async (ctx: ServerContext): Promise<void> => {
  await flushReceived(ctx);
  await flushDeliveries(ctx);
};

export const pruneFigures = async (ctx: ServerContext): Promise<void> => {
  const before = ctx.clock.now() - FIGURES_KEPT;
  await ctx.db.query('delete from satchel.received where at < $1', [before], 'operate_prune_received');
  await ctx.db.query('delete from satchel.syncs where told_at < $1', [before], 'operate_prune_syncs');
  await ctx.db.query('delete from satchel.deliveries where at < $1', [before], 'operate_prune_deliveries');
  await ctx.db.query('delete from satchel.alerts where fell_at < $1', [before], 'operate_prune_alerts');
};
