import { invariant } from '@satchel/protocol';
import type { SyncSettings } from '@satchel/schema';
import type { NetworkState } from './network.ts';

/** Seconds between runs when the app says nothing. */
const DEFAULT_SECONDS = 300;

let cron: typeof import('croner').Cron | undefined;

/** Loads what reads cron texts, for a schedule that has one: others do without its ten kilobytes. */
export const loadSchedule = async (schedule: SyncSettings['schedule']): Promise<void> => {
  if (Object.values(schedule).some((rule) => typeof rule === 'string'))
    cron ??= (await import('croner')).Cron;
};

/** When the next scheduled run is due, UTC milliseconds. Cron texts are in the device's own time zone. */
export const nextScheduledRun = (
  schedule: SyncSettings['schedule'],
  network: NetworkState,
  now: number,
): number => {
  const byKind = network.kind === 'wifi' || network.kind === 'cellular' ? schedule[network.kind] : undefined;
  const rule = byKind ?? schedule.any ?? DEFAULT_SECONDS;
  if (typeof rule === 'number') return now + rule * 1_000;
  invariant(cron, 'a schedule is loaded before it is asked');
  const next = new cron(rule, { paused: true }).nextRun(new Date(now));
  return next ? next.getTime() : Number.POSITIVE_INFINITY;
};
