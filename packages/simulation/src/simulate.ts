import type { HistoryEvent } from './history.ts';
import { type Plan, planOf, STEPS_OF_A_SEED } from './plan.ts';
import { Cluster } from './postgres/cluster.ts';
import type { SimulationOptions, SimulationResult } from './run.ts';
import { carryOut } from './world/actions.ts';
import { age } from './world/aging.ts';
import { comeToRest, heal, quiesce } from './world/finish.ts';
import { START, World } from './world/world.ts';

let shared: Promise<Cluster> | undefined;

const cluster = (): Promise<Cluster> => {
  shared ??= (async () => {
    const started = new Cluster();
    await started.start();
    return started;
  })();
  return shared;
};

/** Stops the PostgreSQL that simulations of this process share. */
export const stopSimulations = async (): Promise<void> => {
  const running = shared;
  shared = undefined;
  await (await running)?.stop();
};

/** Between two steps of the plan a device makes a backup of itself this often. */
const COPY_EVERY = 10;
/** Every so many seeds a hundred days are let go by at the end, and what is kept then is measured. */
const AGED_EVERY = 4;

/** What is done in a world between its beginning and the end of its faults; it asks `isOver` between two steps. */
export type Play = (world: World, isOver: () => boolean) => Promise<void>;

/**
 * Runs one simulation: draws the plan of the seed, carries it out step by step, heals
 * every fault, lets all come to rest, and tells what happened.
 *
 * @example
 * ```ts
 * const { traceHash, violations } = await runSimulation({ seed: 7, steps: 200, checkers: CHECKERS });
 * ```
 */
export const runSimulation = (options: SimulationOptions): Promise<SimulationResult> => {
  const plan = options.plan ?? planOf(options.seed, options.steps ?? STEPS_OF_A_SEED, options.faults);
  const play: Play = async (world, isOver) => {
    for (const [index, { number, action, gap }] of plan.steps.entries()) {
      if (isOver()) break;
      world.step = number;
      await carryOut(world, action);
      await world.timeline.advance(gap);
      await runPending(world);
      await world.observeAll();
      world.stepDone();
      if (index % COPY_EVERY === COPY_EVERY - 1)
        world.devices[((index / COPY_EVERY) % world.devices.length) | 0]?.keepCopy();
    }
  };
  return playOut({ ...options, plan }, play, options.seed % AGED_EVERY === 0 ? age : undefined);
};

/** A world of its own in which `play` is played; then every fault is healed, all come to rest, and `atRest` looks at it. */
export const playOut = async (
  options: SimulationOptions & { readonly plan: Plan },
  play: Play,
  atRest?: (world: World) => Promise<void>,
): Promise<SimulationResult> => {
  const { seed, plan, onEvent } = options;
  const started = performance.now();
  const postgres = await cluster();
  const database = await postgres.createDatabase(plan.serverVersion);
  const world = new World({
    seed,
    plan,
    cluster: postgres,
    database,
    checkers: (options.checkers ?? []).map((make) => make()),
    ...(onEvent ? { onEvent } : {}),
    ...(options.onTrace ? { onTrace: options.onTrace } : {}),
  });
  const stops = options.stopAtViolation ?? true;
  const isOver = (): boolean => stops && world.violations.length > 0;
  let healedWithin: number | null = null;
  try {
    await world.open();
    await play(world, isOver);
    if (!isOver()) {
      world.step = (plan.steps.at(-1)?.number ?? world.step) + 1;
      await heal(world);
      healedWithin = await comeToRest(world);
      await quiesce(world, healedWithin);
      await atRest?.(world);
    }
  } finally {
    await world.close();
    await postgres.dropDatabase(world.database);
    if (world.backup) await postgres.dropDatabase(world.backup.name);
  }
  const virtualMs = world.timeline.now() - START;
  return {
    seed,
    steps: plan.steps.length,
    traceHash: world.traceHash,
    virtualMs,
    deviceMs: virtualMs * world.devices.length,
    realMs: performance.now() - started,
    statements: world.gate.statements,
    requests: world.network.requests,
    faultsFired: world.fired,
    history: world.history as readonly HistoryEvent[],
    violations: world.violations,
    plan,
    healedWithin,
  };
};

const runPending = async (world: World): Promise<void> => {
  const now = world.timeline.now();
  for (;;) {
    const at = world.pending.findIndex((one) => one.at <= now);
    if (at < 0) return;
    const [due] = world.pending.splice(at, 1);
    await due?.run();
  }
};
