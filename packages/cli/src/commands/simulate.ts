import { SatchelError } from '@satchel/protocol';
import {
  appendRecord,
  type CampaignResult,
  FAULT_NAMES,
  type Failure,
  type Fault,
  failureText,
  huntPlantedBugs,
  medianSeeds,
  recordOfHunt,
  recordOfSeeds,
  runCoreSeeds,
  runFacts,
  runWholeSideBySide,
  type Seeds,
  stopSimulations,
} from '@satchel/simulation';
import { type Command, type Given, isSet, textOption } from '../command.ts';
import { listOf } from '../server-settings.ts';
import { runScenarios } from './simulate-scenarios.ts';

const numberOption = (given: Given, name: string): number | undefined => {
  const text = textOption(given, name);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw new SatchelError('usage', { detail: `--${name} takes a whole number, not ${text}` });
  return Number(text);
};

const seedsOf = (given: Given, last: number): Seeds => {
  const seed = numberOption(given, 'seed');
  const minutes = numberOption(given, 'minutes');
  const range = textOption(given, 'seeds');
  const parts = range === undefined ? undefined : /^(\d{1,15})\.\.(\d{1,15})$/.exec(range);
  if (parts === null)
    throw new SatchelError('usage', {
      detail: `--seeds takes two numbers, for example 1..200, not ${range}`,
    });
  const from = seed ?? Number(parts?.[1] ?? 1);
  return {
    from,
    to: seed ?? Number(parts?.[2] ?? last),
    ...(minutes !== undefined && { until: performance.now() + minutes * 60_000 }),
    signal: given.signal,
  };
};

const faultsOf = (given: Given): readonly Fault[] | undefined => {
  const text = textOption(given, 'faults');
  if (text === undefined) return undefined;
  if (text === 'all') return FAULT_NAMES;
  const named = text === 'none' ? [] : listOf(text);
  const unknown = named.find((name) => !(FAULT_NAMES as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new SatchelError('usage', {
      detail: `--faults takes all, none, or names such as F2,F15; there is no fault ${unknown}`,
    });
  return named as readonly Fault[];
};

/** What the core has none of: it would be left out without a word. */
const WHOLE_SYSTEM_ONLY = ['faults', 'only', 'workers'];

const refuseForCore = (given: Given): void => {
  const named = WHOLE_SYSTEM_ONLY.find((name) => textOption(given, name) !== undefined);
  if (named !== undefined)
    throw new SatchelError('usage', {
      detail: `--${named} is for the whole system; --core draws its own faults, in one process`,
    });
};

/** The words after `satchel`, as they were given: every figure is kept with them. */
const commandOf = (given: Given): string => {
  const words = Object.entries(given.options).flatMap(([name, value]) => {
    if (name === 'record' || name === 'json' || value === undefined || value === false) return [];
    return value === true ? [`--${name}`] : [`--${name}`, String(value)];
  });
  return ['satchel simulate', ...words].join(' ');
};

const explain = (given: Given, failure: Failure): void => {
  given.screen.write(`\n${failureText(failure)}`);
};

/** What happened how often, and what was left out of it: the fixed set wants 100 of each. */
const tellFaults = ({ screen }: Given, { faults, pairs }: CampaignResult): void => {
  const counts = Object.entries(faults);
  screen.write(`Faults fired: ${counts.map(([name, count]) => `${name} ${count}`).join(', ')}\n`);
  const scarce = counts.filter(([, count]) => count < 100);
  screen.write(
    `${counts.length - scarce.length} of ${counts.length} faults fired at least 100 times` +
      `${scarce.length > 0 ? `; fewer: ${scarce.map(([name]) => name).join(', ')}` : ''}\n`,
  );
  const met = Object.entries(pairs);
  if (met.length === 0) return;
  const missing = met.filter(([, seeds]) => seeds === 0).map(([pair]) => pair);
  screen.write(
    `${met.length - missing.length} of ${met.length} pairs of families met, each in ${Math.min(...met.map(([, seeds]) => seeds))} seeds or more` +
      `${missing.length > 0 ? `; not: ${missing.join(', ')}` : ''}\n`,
  );
};

const tell = (given: Given, result: CampaignResult): void => {
  const { screen } = given;
  for (const failure of result.failures) explain(given, failure);
  screen.write(
    `\n${result.seeds} seeds of ${result.steps} steps, ${result.failures.length} with a violation; ` +
      `${(result.deviceMs / 3_600_000).toFixed(1)} device-hours, ` +
      `${Math.round(result.virtualMs / Math.max(1, result.realMs))} times real time, ` +
      `${((1_000 * result.seeds) / Math.max(1, result.realMs)).toPrecision(3)} seeds a second\n`,
  );
  tellFaults(given, result);
  if (result.replayed > 0)
    screen.write(`${result.replayedAlike} of ${result.replayed} seeds gave the same hash twice\n`);
};

const runSeeds = async (given: Given): Promise<number> => {
  const isCore = isSet(given, 'core');
  if (isCore) refuseForCore(given);
  const steps = numberOption(given, 'steps');
  const isSingle = textOption(given, 'seed') !== undefined;
  const { screen } = given;
  let done = 0;
  let failed = 0;
  const onSeed = (seed: number, hash: string, isFailed: boolean): void => {
    done++;
    if (isFailed) failed++;
    if (isSingle && !isSet(given, 'json')) screen.write(`Seed ${seed}: trace ${hash}\n`);
    else if (screen.isTerminal && (!isCore || done % 100 === 0))
      screen.note(`\rseed ${seed}: ${done} done, ${failed} with a violation `);
  };
  const common = {
    seeds: seedsOf(given, isCore ? 10_000 : 5),
    twice: isSet(given, 'twice'),
    onSeed,
    ...(steps !== undefined && { steps }),
  };
  const faults = faultsOf(given);
  const only = textOption(given, 'only');
  const result = isCore
    ? await runCoreSeeds(common)
    : await runWholeSideBySide(
        {
          ...common,
          ...(faults && { faults }),
          ...(only !== undefined && { only: listOf(only).map(Number) }),
        },
        numberOption(given, 'workers') ?? 1,
      );
  if (isSet(given, 'json')) screen.write(`${JSON.stringify(result)}\n`);
  else tell(given, result);
  const file = textOption(given, 'record');
  if (file !== undefined) await appendRecord(file, recordOfSeeds(result, runFacts(commandOf(given))));
  const isAlike = result.replayed === result.replayedAlike;
  return result.failures.length === 0 && isAlike ? 0 : 1;
};

const runPlanted = async (given: Given): Promise<number> => {
  const { screen } = given;
  const isJson = isSet(given, 'json');
  const only = textOption(given, 'only');
  const most = textOption(given, 'seeds') === undefined ? undefined : seedsOf(given, 0).to;
  const hunted = await huntPlantedBugs({
    signal: given.signal,
    ...(only !== undefined && { only: listOf(only) }),
    ...(most !== undefined && { coreSeeds: most, wholeSeeds: most }),
    onHunted: ({ bug, seeds, found }) => {
      if (isJson) return;
      screen.write(`${seeds === null ? 'missed' : `${seeds}`.padStart(6)}  ${bug.name}: ${bug.what}\n`);
      if (seeds === null) screen.write(`        ${found}\n`);
    },
  });
  const caught = hunted.filter(({ seeds }) => seeds !== null).length;
  if (isJson) screen.write(`${JSON.stringify({ hunted, caught, median: medianSeeds(hunted) })}\n`);
  else screen.write(`\n${caught} of ${hunted.length} caught; the median took ${medianSeeds(hunted)} seeds\n`);
  const file = textOption(given, 'record');
  if (file !== undefined) await appendRecord(file, recordOfHunt(hunted, runFacts(commandOf(given))));
  return caught === hunted.length ? 0 : 1;
};

/** `satchel simulate`: the whole system, or the pure core, from seeds, with an oracle looking on. */
export const simulate: Command = {
  usage: [
    '[--seed N | --seeds A..B] [--steps N] [--minutes N] [--faults all|none|F2,F15] [--twice] [--workers N]',
    '--core [--seed N | --seeds A..B] [--steps N] [--minutes N] [--twice]',
    '--scenario NAME|NUMBER|all',
    '--planted [--only NAME,NAME] [--seeds 1..N]',
  ],
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    steps: { type: 'string' },
    minutes: { type: 'string' },
    faults: { type: 'string' },
    core: { type: 'boolean' },
    scenario: { type: 'string' },
    planted: { type: 'boolean' },
    twice: { type: 'boolean' },
    only: { type: 'string' },
    workers: { type: 'string' },
    record: { type: 'string' },
  },
  help: {
    seed: 'this seed alone, with its trace hash',
    seeds: 'these seeds; default 1..5, with --core 1..10000',
    steps: 'steps of each seed; default 150, with --core 40',
    minutes: 'goes on with further seeds for so long',
    faults:
      'faults that may come up: all, none, or names; default seven of the ten families, others for each seed',
    core: 'the pure core over a small model in memory, about a thousand times as many seeds',
    scenario: 'a named run of what hurt other systems, by its name or number, or all of them',
    planted: 'plants one classic bug after the other into a copy, and counts the seeds until it is found',
    twice: 'runs each seed twice and compares the trace hashes',
    workers:
      'processes side by side, each with a PostgreSQL of its own; default 1; a seed gives the same trace however many',
    only: 'only these steps of the plan, by number; with --planted only these bugs, by name',
    record: 'appends the figures to this file, for satchel scorecard',
  },
  async run(given) {
    try {
      const scenario = textOption(given, 'scenario');
      if (scenario !== undefined) return await runScenarios(given, scenario);
      return isSet(given, 'planted') ? await runPlanted(given) : await runSeeds(given);
    } finally {
      await stopSimulations();
    }
  },
};
