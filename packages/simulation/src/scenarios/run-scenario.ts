import { CHECKERS } from '../checkers/all-checkers.ts';
import type { HistoryEvent } from '../history.ts';
import type { Plan } from '../plan.ts';
import type { SimulationResult } from '../run.ts';
import { playOut } from '../simulate.ts';
import type { World } from '../world/world.ts';
import type { AtRest, Scenario } from './scenario.ts';
import { Broken, Stage } from './stage.ts';

export interface ScenarioResult
  extends Pick<SimulationResult, 'traceHash' | 'virtualMs' | 'realMs' | 'violations'> {
  readonly name: string;
  readonly title: string;
  readonly deviceMs: number;
  /** Numbers that it counted. */
  readonly figures: Readonly<Record<string, number>>;
  readonly healedWithin: number | null;
}

/** Every scenario draws what it leaves open from the same seed. */
const SEED = 1;
const SERVERS = 2;

/** Plays one scenario to its end, with every checker looking on. */
export const runScenario = async (
  scenario: Scenario,
  onTrace?: (line: string) => void,
): Promise<ScenarioResult> => {
  const { name, title, setting = {} } = scenario;
  const plan: Plan = {
    clients: setting.clients ?? 3,
    servers: setting.servers ?? SERVERS,
    serverVersion: setting.serverVersion ?? 3,
    clientVersions: setting.clientVersions ?? [],
    steps: [],
  };
  let stage: Stage | undefined;
  const result = await playOut(
    { seed: SEED, plan, checkers: CHECKERS, ...(onTrace ? { onTrace } : {}) },
    async (world) => {
      stage = new Stage(world);
      await unbroken(begun(stage).then(() => scenario.play(stage as Stage)));
    },
    async (world) => {
      const end = atRestOf(world);
      if (stage && end) await unbroken(Promise.resolve(scenario.atRest?.(stage, end)));
    },
  );
  const { traceHash, virtualMs, deviceMs, realMs, violations, healedWithin } = result;
  const figures = stage?.figures ?? {};
  return { name, title, traceHash, virtualMs, deviceMs, realMs, violations, figures, healedWithin };
};

/** Every device has its first copy: scenarios begin on an ordinary day. */
const begun = async (stage: Stage): Promise<void> => {
  for (const device of stage.world.devices) await stage.ready(device);
};

const unbroken = async (play: Promise<void>): Promise<void> => {
  try {
    await play;
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
  }
};

const atRestOf = ({ history }: World): AtRest | undefined =>
  history.findLast((event: HistoryEvent): event is HistoryEvent & AtRest => event.kind === 'quiesced');
