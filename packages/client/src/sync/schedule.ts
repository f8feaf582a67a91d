import type { SyncSettings } from '@satchel/schema';
import { Cron } from 'croner';
import type { NetworkState } from './network.ts';

/** Seconds between runs when the app says nothing. */
const DEFAULT_SECONDS = 300;

/** When the next scheduled run is due, UTC milliseconds. Cron texts are in the device's own time zone. */
export const nextScheduledRun = (
  schedule: SyncSettings['schedule'],
  network: NetworkState,
  now: number,
): number => {
  const byKind = network.kind === 'wifi' || network.kind === 'cellular' ? schedule[network.kind] : undefined;
  const rule = byKind ?? schedule.any ?? DEFAULT_SECONDS;
  if (typeof rule === 'number') return now + rule * 1_000;
  const next = new Cron(rule, { paused: true }).nextRun(new Date(now));
  return next ? next.getTime() : Number.POSITIVE_INFINITY;
};
