import type { SyncSettings } from '@satchel/schema';
import type { NetworkState } from './network.ts';

/** Why lanes wait although there is a network. */
export type Wait = 'wifi' | 'budget' | 'busy' | 'schedule';

export interface GateFacts {
  readonly network: NetworkState;
  readonly busy: boolean;
  readonly bytesToday: number;
  readonly bytesThisMonth: number;
  /** Local hour of the day with its fraction, 0 to 24. */
  readonly hour: number;
}

/**
 * What holds all but the urgent lane now, the first that is true; `null` when
 * nothing does. The urgent lane always goes.
 */
export const bulkWait = (sync: SyncSettings, facts: GateFacts): Wait | null => {
  if (facts.busy) return 'busy';
  if (sync.wifiOnly && facts.network.kind === 'cellular') return 'wifi';
  const { dailyBytes, monthlyBytes } = sync.budget;
  if (dailyBytes !== undefined && facts.bytesToday >= dailyBytes) return 'budget';
  if (monthlyBytes !== undefined && facts.bytesThisMonth >= monthlyBytes) return 'budget';
  if (sync.quietHours && inQuietHours(sync.quietHours, facts.hour)) return 'schedule';
  return null;
};

/** Hours from `from` to `to`, over midnight when `from` is the later. */
export const inQuietHours = (quiet: { readonly from: number; readonly to: number }, hour: number): boolean =>
  quiet.from <= quiet.to ? hour >= quiet.from && hour < quiet.to : hour >= quiet.from || hour < quiet.to;

/** Lanes that may start a batch. */
export const openLanes = (
  lanes: readonly string[],
  urgentLane: string,
  wait: Wait | null,
): readonly string[] => (wait === null ? lanes : lanes.filter((lane) => lane === urgentLane));
