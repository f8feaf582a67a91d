import { familyPairs } from '../faults.ts';
import type { CountedRecord, PlantedRecord, SeedsRecord } from './records.ts';

/** Ratios and figures as `bench/baselines.json` keeps them: by benchmark and line. */
export type Baselines = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What was kept of the runs, as the lines of the scorecard ask for it. */
export interface Facts {
  readonly core: readonly SeedsRecord[];
  readonly whole: readonly SeedsRecord[];
  readonly planted: PlantedRecord | undefined;
  /** What runs with a name counted, of each the last. */
  readonly counted: ReadonlyMap<string, CountedRecord>;
  readonly baselines: Baselines;
}

export const sum = (values: Iterable<number>): number => [...values].reduce((all, one) => all + one, 0);
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
export const commands = (records: readonly SeedsRecord[]): string =>
  [...new Set(records.map(({ command }) => command))].join('; ');
export const fired = (records: readonly SeedsRecord[], fault: string): number =>
  sum(records.map(({ faults }) => faults[fault] ?? 0));
export const broken = (records: readonly SeedsRecord[], ...invariants: readonly string[]): number =>
  sum(records.flatMap(({ byInvariant }) => invariants.map((id) => byInvariant[id] ?? 0)));

/** Pairs of families of faults that met in some seed. */
export const pairsMetIn = (records: readonly SeedsRecord[]): number =>
  familyPairs().filter((pair) => records.some(({ pairs }) => (pairs?.[pair.join('+')] ?? 0) > 0)).length;

/** The run of the most seeds, the latest of them. */
export const largest = (records: readonly SeedsRecord[]): SeedsRecord | undefined =>
  records.reduce<SeedsRecord | undefined>(
    (most, one) => (most && most.ran > one.ran ? most : one),
    undefined,
  );

/** The records of the newest commit of each kind: what an older one found may be mended since. */
export const newest = (records: readonly SeedsRecord[]): readonly SeedsRecord[] => {
  const last = records.at(-1);
  return last ? records.filter(({ commit }) => commit === last.commit) : [];
};
