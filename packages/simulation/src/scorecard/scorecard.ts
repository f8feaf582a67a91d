import { unreachable } from '@satchel/protocol';
import { INVARIANTS } from '../checkers/invariants.ts';
import { CORE_FAULTS } from '../core-runner/run-core.ts';
import { FAULT_NAMES, familyPairs, NOT_SIMULATED } from '../faults.ts';
import { medianOf } from '../planted/run-planted.ts';
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

/** Ratios and figures as `bench/baselines.json` keeps them: by benchmark and line. */
export type Baselines = Readonly<Record<string, Readonly<Record<string, number>>>>;

interface Facts {
  readonly core: readonly SeedsRecord[];
  readonly whole: readonly SeedsRecord[];
  readonly planted: PlantedRecord | undefined;
  /** What runs with a name counted, of each the last. */
  readonly counted: ReadonlyMap<string, CountedRecord>;
  readonly baselines: Baselines;
}

interface Given {
  readonly value: string;
  readonly from: string;
}

const sum = (values: Iterable<number>): number => [...values].reduce((all, one) => all + one, 0);
const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const commands = (records: readonly SeedsRecord[]): string =>
  [...new Set(records.map(({ command }) => command))].join('; ');
const fired = (records: readonly SeedsRecord[], fault: string): number =>
  sum(records.map(({ faults }) => faults[fault] ?? 0));
const broken = (records: readonly SeedsRecord[], ...invariants: readonly string[]): number =>
  sum(records.flatMap(({ byInvariant }) => invariants.map((id) => byInvariant[id] ?? 0)));

/** Pairs of families of faults that met in some seed. */
const pairsMetIn = (records: readonly SeedsRecord[]): number =>
  familyPairs().filter((pair) => records.some(({ pairs }) => (pairs?.[pair.join('+')] ?? 0) > 0)).length;

/** The run of the most seeds, the latest of them. */
const largest = (records: readonly SeedsRecord[]): SeedsRecord | undefined =>
  records.reduce<SeedsRecord | undefined>(
    (most, one) => (most && most.ran > one.ran ? most : one),
    undefined,
  );

/** The records of the newest commit of each kind: what an older one found may be mended since. */
const newest = (records: readonly SeedsRecord[]): readonly SeedsRecord[] => {
  const last = records.at(-1);
  return last ? records.filter(({ commit }) => commit === last.commit) : [];
};

const SIMULATE = 'satchel simulate';
const NO_SEEDS = `run ${SIMULATE} --record docs/reliability.json`;
const NO_CORE = `run ${SIMULATE} --core --record docs/reliability.json`;
const NO_BENCH = 'run satchel bench --baselines bench/baselines.json';

interface Line {
  readonly id: string;
  readonly what: string;
  readonly measure: (facts: Facts) => Given | undefined;
  readonly otherwise: string;
}

const ofBench =
  (name: string, unit: (values: Readonly<Record<string, number>>) => string) =>
  ({ baselines }: Facts): Given | undefined => {
    const values = baselines[name];
    return values && { value: unit(values), from: `satchel bench --only ${name}` };
  };

const ofRun =
  (name: string, tell: (figures: Readonly<Record<string, number>>) => string) =>
  ({ counted }: Facts): Given | undefined => {
    const run = counted.get(name);
    return run && { value: tell(run.figures), from: run.command };
  };

const SCENARIO = `run ${SIMULATE} --scenario all --record docs/reliability.json`;
const seconds = (ms: number | undefined): string => `${((ms ?? 0) / 1_000).toLocaleString('en-US')} s`;

const listed = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([line, value]) => `${line} ${value}`)
    .join(', ');

const LINES: readonly Line[] = [
  {
    id: 'R1',
    what: 'seeds run',
    measure: ({ core, whole: runs }) =>
      core.length + runs.length === 0
        ? undefined
        : {
            value: `${whole(sum(core.map(({ ran }) => ran)))} on the pure core, ${whole(sum(runs.map(({ ran }) => ran)))} on the whole system`,
            from: commands([...core, ...runs]),
          },
    otherwise: NO_SEEDS,
  },
  {
    id: 'R2',
    what: 'simulated device-hours',
    measure: ({ core, whole: runs }) =>
      core.length + runs.length === 0
        ? undefined
        : {
            value: `${whole(sum(core.map(({ deviceHours }) => deviceHours)))} on the pure core, ${whole(sum(runs.map(({ deviceHours }) => deviceHours)))} on the whole system`,
            from: commands([...core, ...runs]),
          },
    otherwise: NO_SEEDS,
  },
  {
    id: 'R3',
    what: 'simulated over real time',
    measure: ({ whole: runs }) => {
      const last = largest(runs);
      return last && { value: `${last.virtualOverReal} times, whole system`, from: last.command };
    },
    otherwise: NO_SEEDS,
  },
  {
    id: 'R4',
    what: 'seeds with a violation, newest commit',
    measure: ({ core, whole: runs }) => {
      const now = [...newest(core), ...newest(runs)];
      if (now.length === 0) return undefined;
      const failed = now.filter(({ failed }) => failed.length > 0);
      const named = failed.map(({ kind, failed }) => `${kind} ${failed.slice(0, 20).join(' ')}`).join('; ');
      return {
        value: `${sum(now.map(({ failed }) => failed.length))}${named ? ` (${named})` : ''}`,
        from: commands(now),
      };
    },
    otherwise: NO_SEEDS,
  },
  {
    id: 'R5',
    what: 'replay gives the same trace hash',
    measure: ({ core, whole: runs }) => {
      const replayed = [...core, ...runs].filter((record) => record.replayed > 0);
      if (replayed.length === 0) return undefined;
      return {
        value: replayed
          .map(({ kind, replayed: twice, replayedAlike }) => `${replayedAlike} of ${twice} (${kind})`)
          .join(', '),
        from: commands(replayed),
      };
    },
    otherwise: `run ${SIMULATE} --twice --record docs/reliability.json`,
  },
  {
    id: 'R6',
    what: 'faults fired at least 1,000 times each',
    measure: ({ core, whole: runs }) => {
      const all = [...core, ...runs];
      if (all.length === 0) return undefined;
      const counts = FAULT_NAMES.map((fault) => fired(all, fault));
      const reached = (least: number): number => counts.filter((count) => count >= least).length;
      return {
        value: `${reached(1_000)} of ${counts.length} faults; ${reached(100)} at least 100 times; ${counts.length - reached(1)} never; ${pairsMetIn(runs)} of ${familyPairs().length} pairs of families met`,
        from: commands(all),
      };
    },
    otherwise: NO_SEEDS,
  },
  {
    id: 'R7',
    what: 'planted bugs caught',
    measure: ({ planted }) =>
      planted && {
        value: `${planted.caught} of ${planted.bugs}${planted.missed.length > 0 ? ` (missed: ${planted.missed.join(', ')})` : ''}`,
        from: planted.command,
      },
    otherwise: `run ${SIMULATE} --planted --record docs/reliability.json`,
  },
  {
    id: 'R8',
    what: 'median seeds to catch a planted bug',
    measure: ({ planted }) =>
      planted && planted.median !== null
        ? { value: String(planted.median), from: planted.command }
        : undefined,
    otherwise: `run ${SIMULATE} --planted --record docs/reliability.json`,
  },
  {
    id: 'R9',
    what: 'lost acknowledged writes, real processes killed',
    measure: ofRun(
      'kills',
      ({ devices, servers, databases, told, lost }) =>
        `${lost} of ${told} told writes, in ${devices} kills of devices, ${servers} of servers, ${databases} of PostgreSQL`,
    ),
    otherwise: 'run SATCHEL_RECORD=docs/reliability.json npx vitest run test/kill.pg.test.ts',
  },
  {
    id: 'R10',
    what: 'duplicate effects under reply loss',
    measure: ({ core, whole: runs }) => {
      const all = [...core, ...runs];
      const replies = fired(all, 'F2') + fired(all, 'F28b');
      return replies === 0
        ? undefined
        : {
            value: `${broken(all, 'I3')} in ${whole(sum(all.map(({ commits }) => commits)))} settled mutations of the core with ${whole(replies)} replies lost`,
            from: commands(all),
          };
    },
    otherwise: NO_CORE,
  },
  {
    id: 'R11',
    what: 'power-loss model: unsynced sectors lost or kept in any choice',
    measure: ofRun(
      'power',
      ({ cuts, told, lost, damaged }) =>
        `${damaged} databases damaged and ${lost} of ${told} told writes lost, in ${cuts} cuts`,
    ),
    otherwise: 'run SATCHEL_RECORD=docs/reliability.json npx vitest run test/power-loss.test.ts',
  },
  {
    id: 'R12',
    what: 'time to converge after healing, p50 / p99 (virtual)',
    measure: ({ whole: runs }) => {
      const last = largest(runs.filter(({ healedP50 }) => healedP50 !== null));
      return (
        last && {
          value: `${(last.healedP50 ?? 0) / 1_000} s / ${(last.healedP99 ?? 0) / 1_000} s`,
          from: last.command,
        }
      );
    },
    otherwise: NO_SEEDS,
  },
  {
    id: 'R13',
    what: 'seeds with a stuck queue after healing',
    measure: ({ whole: runs }) => {
      const now = runs;
      return now.length === 0
        ? undefined
        : {
            value: `${broken(now, 'I17')} of ${sum(now.map(({ ran }) => ran))} seeds (simulated, not an hour of real fuzz)`,
            from: commands(now),
          };
    },
    otherwise: NO_SEEDS,
  },
  {
    id: 'R14',
    what: 'longest offline proved',
    measure: ofRun(
      'ninety-days-offline',
      ({ days, edits, lost, drainedMs }) =>
        `${days} days, ${edits} edits, a token that ended, schema +2: ${lost} lost, all sent in ${seconds(drainedMs)} (virtual)`,
    ),
    otherwise: SCENARIO,
  },
  {
    id: 'R15',
    what: 'outcomes changed by clocks up to ten years off',
    measure: ({ core }) => {
      const now = core;
      const ran = sum(now.map((record) => Math.floor(record.ran / 8)));
      return ran === 0
        ? undefined
        : {
            value: `${broken(now, 'I12')} of ${whole(ran)} seeds run again with right clocks`,
            from: commands(now),
          };
    },
    otherwise: NO_CORE,
  },
  {
    id: 'R16',
    what: 'acknowledged work lost by a restored backup',
    measure: (facts) => {
      const { whole: runs } = facts;
      const restores = fired(runs, 'F29');
      const drill = ofRun(
        'backup-restored-with-work-waiting',
        ({ devices, acknowledged, offeredAgain }) =>
          `${offeredAgain} of ${acknowledged} offered again by ${devices} devices after a backup of 24 hours ago`,
      )(facts);
      const seeds = `${broken(runs, 'I21')} seeds, in ${restores} restores`;
      if (restores === 0) return drill;
      return {
        value: drill ? `${drill.value}; ${seeds}` : seeds,
        from: [...(drill ? [drill.from] : []), commands(runs)].join('; '),
      };
    },
    otherwise: SCENARIO,
  },
  {
    id: 'R17',
    what: 'cloned devices detected',
    measure: ofRun(
      'cloned-devices',
      ({ clones, detected, lost, slowestMs }) =>
        `${detected} of ${clones}, within ${seconds(slowestMs)} (virtual), ${lost} writes lost`,
    ),
    otherwise: SCENARIO,
  },
  {
    id: 'R18',
    what: 'delay that a poisoned item causes to others',
    measure: ofRun(
      'poison-delays-nobody',
      ({ items, bad, delayP50Ms, delayP99Ms }) =>
        `p50 ${delayP50Ms} ms, p99 ${delayP99Ms} ms (virtual), with ${bad} bad items among ${items}`,
    ),
    otherwise: SCENARIO,
  },
  {
    id: 'R19',
    what: 'false conflicts',
    measure: ({ core }) => {
      const now = core;
      return now.length === 0
        ? undefined
        : {
            value: `${broken(now, 'I14', 'I15')} seeds, in ${whole(sum(now.map(({ commits }) => commits)))} mutations judged twice`,
            from: commands(now),
          };
    },
    otherwise: NO_CORE,
  },
  {
    id: 'R20',
    what: 'missed conflicts',
    measure: ({ core }) => {
      const now = core;
      return now.length === 0
        ? undefined
        : {
            value: `${broken(now, 'I14', 'I15')} seeds, in ${whole(sum(now.map(({ commits }) => commits)))} mutations judged twice`,
            from: commands(now),
          };
    },
    otherwise: NO_CORE,
  },
  {
    id: 'R21',
    what: 'upload bytes wasted at 30% loss, 20 MB file',
    measure: () => undefined,
    otherwise: 'media are not built yet',
  },
  {
    id: 'R22',
    what: 'bytes for a one-field edit, both ways',
    measure: ofBench('edit-bytes', listed),
    otherwise: NO_BENCH,
  },
  {
    id: 'R23',
    what: 'idle cost per device-hour',
    measure: ofBench('idle-hour', listed),
    otherwise: NO_BENCH,
  },
  {
    id: 'R24',
    what: 'local write latency (ratios to the machine’s own limit where there is one)',
    measure: ofBench('local-writes', listed),
    otherwise: NO_BENCH,
  },
  {
    id: 'R25',
    what: 'first sync (ratios to the machine’s own limit where there is one)',
    measure: ofBench('first-sync', listed),
    otherwise: NO_BENCH,
  },
  {
    id: 'R26',
    what: 'sustained push throughput (ratios to the machine’s own limit where there is one)',
    measure: ofBench('upload', listed),
    otherwise: NO_BENCH,
  },
  {
    id: 'R27',
    what: 'interop: the source documents’ own payloads',
    measure: () => undefined,
    otherwise: 'held by tests, not counted here: npx vitest run packages/server/src/dialects',
  },
  {
    id: 'R28',
    what: 'scope leaks',
    measure: ({ whole: runs }) => {
      const now = runs;
      const searched = sum(now.map((record) => record.searched));
      return searched === 0
        ? undefined
        : {
            value: `${broken(now, 'I16')} seeds, in ${whole(searched)} messages searched (honest clients only)`,
            from: commands(now),
          };
    },
    otherwise: `${NO_SEEDS}; a client that asks for what it may not have is in the server's tests`,
  },
];

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

const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** What ran, of what, and how much of it failed. */
const cellsOf = (record: ReliabilityRecord): readonly string[] => {
  switch (record.kind) {
    case 'planted':
      return ['planted', `${record.bugs} bugs`, '', `${record.missed.length} missed`];
    case 'counted':
      return [record.by, '', '', '0'];
    case 'core':
    case 'whole':
      return [record.kind, record.seeds.join(' to '), String(record.steps), String(record.failed.length)];
    default:
      return unreachable(record);
  }
};

/** `docs/reliability.md`: the scorecard, what is checked, what fired, what is not simulated. */
export const reliabilityPage = (
  figures: readonly Figure[],
  records: readonly ReliabilityRecord[],
): string => {
  const seeds = records.filter(
    (record): record is SeedsRecord => record.kind === 'whole' || record.kind === 'core',
  );
  const wholeRuns = seeds.filter(({ kind }) => kind === 'whole');
  const coreRuns = seeds.filter(({ kind }) => kind === 'core');
  return `# Reliability

How it is shown that nothing is lost, and what is not shown yet. Written by \`satchel scorecard --write docs/reliability.md\` from [reliability.json](reliability.json), to which \`satchel simulate --record\` appends; each figure has its command.

Two simulations run from a seed. The **pure core** (\`satchel simulate --core\`) puts the decisions (order of sending, merge, policies, overlay, clocks, cursors, states) over a small model in memory. The **whole system** (\`satchel simulate\`) is the real client on SQLite and the real server on PostgreSQL, one statement at a time, with time, randomness and network of the simulation. Both are watched by an oracle that shares no code with the engine.

## Scorecard

${table(
  ['', 'figure', 'measured', 'by'],
  figures.map(({ id, what, value, from }) => [
    id,
    what,
    value ?? 'not measured yet',
    value === null ? from : `\`${from}\``,
  ]),
)}

## Runs

${table(
  ['what', 'seeds', 'steps', 'failed', 'commit', 'machine', 'date', 'command'],
  records.map((record) => {
    const { commit, machine, date, command } = record;
    return [...cellsOf(record), commit, machine, date, `\`${command}\``];
  }),
)}

## Invariants

${table(
  ['', 'invariant', 'checked by', 'how'],
  INVARIANTS.map(({ id, what, checkedBy, how }) => [id, what, checkedBy.join(', '), how]),
)}

## Faults fired

${table(
  ['fault', 'whole system', 'pure core'],
  FAULT_NAMES.map((fault) => [
    fault,
    whole(fired(wholeRuns, fault)),
    (CORE_FAULTS as readonly string[]).includes(fault) ? whole(fired(coreRuns, fault)) : '',
  ]),
)}

${pairsMetIn(wholeRuns)} of ${familyPairs().length} pairs of families of faults met in a seed of the whole system.

Not simulated: ${Object.entries(NOT_SIMULATED)
    .map(([fault, why]) => `${fault} (${why})`)
    .join('; ')}.
`;
};
