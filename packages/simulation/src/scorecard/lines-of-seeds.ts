import { FAULT_NAMES, familyPairs } from '../faults.ts';
import { NO_CORE, NO_SEEDS, SCENARIO, SIMULATE } from './commands.ts';
import { broken, commands, type Facts, fired, largest, newest, pairsMetIn, sum, whole } from './facts.ts';
import { type Given, type Line, ofRun } from './line.ts';

/** What seeds came to, where there was something to count. */
const ofSeeds = (
  runs: Facts['core'],
  counted: number,
  tell: (counted: string) => string,
): Given | undefined => (counted === 0 ? undefined : { value: tell(whole(counted)), from: commands(runs) });

/** The core judges each mutation a second time, by the oracle: too many conflicts and too few both show. */
const judgedTwice = ({ core }: Facts): Given | undefined =>
  ofSeeds(
    core,
    core.length,
    () =>
      `${broken(core, 'I14', 'I15')} seeds, in ${whole(sum(core.map(({ commits }) => commits)))} mutations judged twice`,
  );

/** What campaigns of seeds and hunts for planted bugs came to. */
export const LINES_OF_SEEDS: readonly Line[] = [
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
    measure: ({ whole: runs }) =>
      ofSeeds(
        runs,
        runs.length,
        () =>
          `${broken(runs, 'I17')} of ${sum(runs.map(({ ran }) => ran))} seeds (simulated, not an hour of real fuzz)`,
      ),
    otherwise: NO_SEEDS,
  },
  {
    id: 'R15',
    what: 'outcomes changed by clocks up to ten years off',
    measure: ({ core }) =>
      ofSeeds(
        core,
        sum(core.map((record) => Math.floor(record.ran / 8))),
        (ran) => `${broken(core, 'I12')} of ${ran} seeds run again with right clocks`,
      ),
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
    id: 'R19',
    what: 'false conflicts',
    measure: judgedTwice,
    otherwise: NO_CORE,
  },
  {
    id: 'R20',
    what: 'missed conflicts',
    measure: judgedTwice,
    otherwise: NO_CORE,
  },
  {
    id: 'R28',
    what: 'scope leaks',
    measure: ({ whole: runs }) =>
      ofSeeds(
        runs,
        sum(runs.map((record) => record.searched)),
        (searched) => `${broken(runs, 'I16')} seeds, in ${searched} messages searched (honest clients only)`,
      ),
    otherwise: `${NO_SEEDS}; a client that asks for what it may not have is in the server's tests`,
  },
];
