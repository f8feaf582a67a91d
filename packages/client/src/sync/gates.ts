import type { App, SyncSettings } from '@satchel/schema';
import type { DeviceSettings } from './device-settings.ts';
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

/** Lanes that carry nothing but tables with media. */
export const mediaLanes = ({ lanes, tables }: App): readonly string[] =>
  lanes.filter((lane) => {
    const carried = Object.values(tables).filter((table) => table.lane === lane);
    const hasMedia = carried.filter(({ columns }) =>
      Object.values(columns).some(({ type }) => type === 'media'),
    );
    return carried.length > 0 && hasMedia.length === carried.length;
  });

/** Lanes that the person lets go over this network without being asked. */
export const allowedLanes = (
  app: App,
  lanes: readonly string[],
  chosen: DeviceSettings,
  network: NetworkState,
): readonly string[] => {
  if (network.kind !== 'cellular') return lanes;
  if (!chosen.mobileData) return [];
  if (chosen.mediaOnMobileData) return lanes;
  const held = mediaLanes(app);
  return lanes.filter((lane) => !held.includes(lane));
};
