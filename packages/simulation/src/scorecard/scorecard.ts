import { medianOf } from '../planted/run-planted.ts';
import type { Baselines, Facts } from './facts.ts';
import { LINES_OF_RUNS } from './lines-of-runs.ts';
import { LINES_OF_SEEDS } from './lines-of-seeds.ts';
import type { CountedRecord, PlantedRecord, ReliabilityRecord, SeedsRecord } from './records.ts';

/** One line of the scorecard. */
export interface Figure {
  readonly id: string;
  readonly what: string;
  /** `null`: not measured yet. */
  readonly value: string | null;
  /** The command that gives it; without a value: why there is none, and what would give it. */
  readonly from: string;
}

const numberOf = (id: string): number => Number(id.slice(1));
/** R1 to R28. */
const LINES = [...LINES_OF_SEEDS, ...LINES_OF_RUNS].sort((a, b) => numberOf(a.id) - numberOf(b.id));

/** Hunts for some of the bugs each, as one: of each bug the last counts. */
const joined = (records: readonly PlantedRecord[]): PlantedRecord | undefined => {
  const last = records.at(-1);
  if (!last) return undefined;
  const seedsByBug = Object.assign({}, ...records.map((record) => record.seedsByBug)) as Record<
    string,
    number | null
  >;
  const caught = Object.values(seedsByBug).flatMap((seeds) => (seeds === null ? [] : [seeds]));
  return {
    ...last,
    command: [...new Set(records.map(({ command }) => command))].join('; '),
    bugs: Object.keys(seedsByBug).length,
    caught: caught.length,
    median: medianOf(caught),
    missed: Object.keys(seedsByBug).filter((name) => seedsByBug[name] === null),
    seedsByBug,
  };
};

/** R1 to R28 from what was kept of the runs. */
export const scorecard = (records: readonly ReliabilityRecord[], baselines: Baselines): readonly Figure[] => {
  const of = (kind: 'core' | 'whole'): readonly SeedsRecord[] =>
    records.filter((record): record is SeedsRecord => record.kind === kind);
  const planted = records.filter((record): record is PlantedRecord => record.kind === 'planted');
  const named = records.filter((record): record is CountedRecord => record.kind === 'counted');
  const facts: Facts = {
    core: of('core'),
    whole: of('whole'),
    planted: joined(planted),
    counted: new Map(named.map((run) => [run.by, run])),
    baselines,
  };
  return LINES.map(({ id, what, measure, otherwise }): Figure => {
    const given = measure(facts);
    return given ? { id, what, ...given } : { id, what, value: null, from: otherwise };
  });
};
