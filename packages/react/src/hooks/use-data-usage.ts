import type { MeterEntry } from '@satchel/client';
import { useSatchel } from '../provider.tsx';
import { observersOf } from '../store/observers.ts';
import { useNow } from './use-now.ts';
import { useObserved } from './use-observed.ts';

const DAY = 86_400_000;

export interface DataUsageInView {
  readonly total: number;
  readonly up: number;
  readonly down: number;
  /** Largest first. */
  readonly byTraffic: readonly { readonly name: MeterEntry['traffic']; readonly bytes: number }[];
  /** Largest first. */
  readonly byAction: readonly { readonly name: string; readonly bytes: number }[];
}

const sum = (entries: readonly MeterEntry[]): number =>
  entries.reduce((total, { bytes }) => total + bytes, 0);

const sums = <N extends string>(entries: readonly MeterEntry[], nameOf: (entry: MeterEntry) => N) => {
  const totals = new Map<N, number>();
  for (const entry of entries) totals.set(nameOf(entry), (totals.get(nameOf(entry)) ?? 0) + entry.bytes);
  return [...totals].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes);
};

/** Bytes on the wire of the last days (UTC), today among them. */
export const useDataUsage = (days: 1 | 7 | 30): DataUsageInView => {
  const sinceDay = new Date(useNow() - (days - 1) * DAY).toISOString().slice(0, 10);
  const entries = useObserved(observersOf(useSatchel()).usage(sinceDay)).value ?? [];
  return {
    total: sum(entries),
    up: sum(entries.filter(({ direction }) => direction === 'up')),
    down: sum(entries.filter(({ direction }) => direction === 'down')),
    byTraffic: sums(entries, ({ traffic }) => traffic),
    byAction: sums(entries, ({ action }) => action),
  };
};
