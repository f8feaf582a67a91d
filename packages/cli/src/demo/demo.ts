import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { invariant } from '@satchel/protocol';
import { type Database, openDatabase, signToken, startEmbedded, systemClock } from '@satchel/server';
import { type FaultyProxy, NO_FAULTS, startFaultyProxy } from '@satchel/testing/faulty-proxy';
import { seededRandom } from '@satchel/testing/random';
import type { Screen } from '../screen.ts';
import { compareDevice } from './compare.ts';
import type { DeviceReport, DeviceRequest, SharedEdits, Told } from './device-link.ts';
import { loadRealData } from './load.ts';
import { DeviceProcess } from './process-link.ts';
import { Progress } from './progress.ts';
import { readRealData } from './real-data.ts';
import { type DemoFigures, type DeviceFigures, faultsOf, renderReport } from './report.ts';
import { resolveOpenReviews } from './reviews.ts';
import { ServerProcess } from './server-link.ts';

export interface DemoOptions {
  readonly seed: number;
  /** Edits of each device while it is offline, besides those that clash on purpose. */
  readonly edits: number;
  readonly json: boolean;
  readonly screen: Screen;
  /** Aborted when the user presses Ctrl-C. */
  readonly signal: AbortSignal;
}

const FAULTS = {
  delay: [1, 25],
  loseRequest: 0.05,
  loseAnswer: 0.1,
  cutAnswer: 0.03,
  duplicate: 0.08,
  cutSocketAfter: 3_000,
} as const;

interface Plan {
  readonly name: string;
  readonly states: readonly string[];
  readonly parts: readonly number[];
  readonly shared: SharedEdits;
}

/** Dallas, San Francisco and Chicago are held by two or three devices each. */
const PLANS: readonly Plan[] = [
  {
    name: 'anna',
    states: ['CA', 'TX', 'IL'],
    parts: [0, 1, 2, 3],
    shared: {
      counterAirport: 'DFW',
      noteAirport: 'DFW',
      cityAirport: 'SFO',
      zipCode: { key: '75001', as: 'delete' },
    },
  },
  {
    name: 'bela',
    states: ['TX', 'FL', 'NY'],
    parts: [2, 3, 4, 5],
    shared: {
      counterAirport: 'DFW',
      noteAirport: 'DFW',
      cityAirport: null,
      zipCode: { key: '75001', as: 'edit' },
    },
  },
  {
    name: 'chen',
    states: ['CA', 'TX', 'GA'],
    parts: [0, 5, 6, 7],
    shared: { counterAirport: 'DFW', noteAirport: null, cityAirport: 'SFO', zipCode: null },
  },
];

interface Device {
  readonly plan: Plan;
  process: DeviceProcess;
  readonly open: DeviceRequest & { ask: 'open' };
  readonly told: Map<string, Told>;
  firstSyncMs: number;
  firstSyncRows: number;
  edits: number;
  offlineMs: number;
  killed: number;
  rows: number;
  pending: number;
}

/**
 * The main job, on real data: three devices write offline over a bad network, two
 * processes are killed, and at the end every device equals the server.
 *
 * Returns true only if all are equal and each mutation has exactly one outcome.
 * Leaves no process, socket or folder behind, also when it is aborted.
 */
export const runDemo = async (options: DemoOptions): Promise<boolean> => {
  const folder = await mkdtemp(join(tmpdir(), 'satchel-demo-'));
  const cleanups: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const cleanUp = async (): Promise<void> => {
    for (let clean = cleanups.pop(); clean; clean = cleanups.pop()) await clean().catch(() => undefined);
  };
  const played = play(options, folder, cleanups);
  try {
    const figures = await Promise.race([played, aborted(options.signal)]);
    options.screen.write(options.json ? `${JSON.stringify(figures)}\n` : `\n${renderReport(figures)}`);
    return faultsOf(figures).length === 0;
  } finally {
    // An abort may come while something is being started: what then comes up is cleaned up too.
    const [base] = cleanups.splice(0, 1);
    await cleanUp();
    await played.catch(() => undefined);
    await cleanUp();
    await base?.();
  }
};

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, failed) => {
    const stop = (): void => failed(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

const play = async (
  options: DemoOptions,
  folder: string,
  cleanups: (() => Promise<unknown>)[],
): Promise<DemoFigures> => {
  const started = Date.now();
  const { screen, signal } = options;
  const say = (text: string): void => {
    if (!options.json) screen.write(`${text}\n`);
  };
  const progress = new Progress(options.json ? { isTerminal: false, write: () => {} } : screen, Date.now);
  const keep = (clean: () => Promise<unknown>): void => {
    cleanups.push(clean);
    if (signal.aborted) throw signal.reason;
  };

  say('Starting PostgreSQL and a server …');
  const postgres = await startEmbedded({ dataDir: join(folder, 'postgres'), signal });
  keep(() => postgres.destroy());
  const secret = randomBytes(32).toString('hex');
  const server = new ServerProcess(postgres.url, secret);
  keep(() => server.stop());
  await server.start();
  const db = await openDatabase(postgres.url);
  keep(() => db.close());
  const random = seededRandom(options.seed);
  const proxy = await startFaultyProxy({ targetPort: server.port, random, faults: NO_FAULTS });
  keep(() => proxy.close());

  say('\nLoading public data by plain SQL');
  const data = readRealData();
  const loadStarted = Date.now();
  const loadedRows = await loadRealData(db, data, (table, done, total) => progress.set(table, done, total));
  const loadMs = Date.now() - loadStarted;
  progress.end();

  say('\nFirst sync of three devices');
  proxy.setFaults({ ...NO_FAULTS, delay: FAULTS.delay });
  const devices: Device[] = [];
  for (const plan of PLANS) {
    const scopes = [
      ...plan.states.map((state) => `state:${state}`),
      ...plan.parts.map((part) => `part:${part}`),
    ];
    const token = await signToken(
      secret,
      { userId: plan.name, roles: ['surveyor'], claims: { scopes } },
      systemClock,
    );
    const device: Device = {
      plan,
      open: {
        ask: 'open',
        device: {
          name: plan.name,
          directory: join(folder, plan.name),
          server: proxy.url,
          userId: plan.name,
          token,
        },
      },
      told: new Map(),
      process: undefined as never,
      firstSyncMs: 0,
      firstSyncRows: 0,
      edits: 0,
      offlineMs: 0,
      killed: 0,
      rows: 0,
      pending: 0,
    };
    const start = (): DeviceProcess =>
      new DeviceProcess({
        told: (told) => {
          for (const one of told)
            device.told.set(one.mutationId, joined(device.told.get(one.mutationId), one));
        },
        progress: ({ rows, remaining, pending, phase, problem }) => {
          device.rows = rows;
          device.pending = pending;
          if (device.firstSyncMs === 0)
            progress.set(plan.name, rows, remaining === null ? null : rows + remaining, problem ?? phase);
        },
      });
    device.process = start();
    devices.push(device);
    restarts.set(device, start);
    keep(() => device.process.kill());
  }
  await Promise.all(
    devices.map(async (device) => {
      const at = Date.now();
      await device.process.ask(device.open);
      await device.process.ask({ ask: 'first-sync' });
      device.firstSyncRows = (await device.process.ask<DeviceReport>({ ask: 'report' })).rows;
      progress.set(device.plan.name, device.firstSyncRows, device.firstSyncRows);
      device.firstSyncMs = Date.now() - at;
    }),
  );
  progress.end();

  say('\nOffline: each device writes on');
  proxy.setDown(true);
  await Promise.all(devices.map((device) => device.process.ask({ ask: 'network', online: false })));
  await Promise.all(
    devices.map(async (device, i) => {
      const at = Date.now();
      device.edits = await device.process.ask<number>({
        ask: 'edit',
        count: options.edits,
        seed: options.seed * 31 + i,
        shared: device.plan.shared,
      });
      device.offlineMs = Date.now() - at;
      say(
        `  ${device.plan.name.padEnd(12)} ${device.edits.toLocaleString('en')} transactions saved in ${(device.offlineMs / 1_000).toFixed(1)} s`,
      );
    }),
  );

  say('\nNetwork back, and bad: answers are lost, cut and doubled');
  const drainStarted = Date.now();
  proxy.setFaults(FAULTS);
  proxy.setDown(false);
  await Promise.all(devices.map((device) => device.process.ask({ ask: 'network', online: true })));
  const serverKills = await killInMidSync(devices, server, proxy, say);
  await Promise.all(
    devices.map(async (device) => {
      await device.process.ask({ ask: 'drain' });
      say(`  ${device.plan.name.padEnd(12)} drained`);
    }),
  );
  const drainMs = Date.now() - drainStarted;

  say('\nA conflict waits for a person');
  proxy.setFaults({ ...NO_FAULTS, delay: FAULTS.delay });
  await resolveOpenReviews({ server: `http://127.0.0.1:${server.port}`, secret, say });
  await settle(devices);

  say('\nComparing every device with plain SQL');
  const figures: DeviceFigures[] = [];
  for (const device of devices) {
    const report = await device.process.ask<DeviceReport>({ ask: 'report' });
    await device.process.ask({ ask: 'close' });
    const { plan } = device;
    figures.push({
      name: plan.name,
      scopes: [...plan.states, ...plan.parts.map(String)],
      firstSyncMs: device.firstSyncMs,
      firstSyncRows: device.firstSyncRows,
      edits: device.edits,
      offlineMs: device.offlineMs,
      killed: device.killed,
      report,
      comparisons: await compareDevice(db, report.file, plan.states, plan.parts),
    });
  }
  return {
    seed: options.seed,
    loadedRows,
    addedRoutes: data.addedRoutes,
    loadMs,
    drainMs,
    totalMs: Date.now() - started,
    faults: { ...proxy.counts },
    serverKills,
    devices: figures,
    ...(await ledgerFigures(db, devices)),
  };
};

/** An edit folded into a mutation that was never sent is told under that mutation's id: what it counts adds up. */
const joined = (before: Told | undefined, now: Told): Told => {
  if (!before?.visits || !now.visits) return { ...before, ...now };
  const visits = { ...before.visits };
  for (const [airport, by] of Object.entries(now.visits)) visits[airport] = (visits[airport] ?? 0) + by;
  return { ...now, visits };
};

const restarts = new WeakMap<Device, () => DeviceProcess>();

/** SIGKILL to a device that is uploading, then to the server; both come back. */
const killInMidSync = async (
  devices: readonly Device[],
  server: ServerProcess,
  proxy: FaultyProxy,
  say: (text: string) => void,
): Promise<number> => {
  const victim = devices[1];
  invariant(victim, 'three devices');
  const half = (device: Device): boolean => device.pending > 0 && device.pending < device.told.size / 2;
  await when(() => half(victim) || victim.pending === 0, 60_000);
  await victim.process.kill();
  victim.killed += 1;
  say(
    `  ${victim.plan.name.padEnd(12)} killed with ${victim.pending.toLocaleString('en')} transactions on it`,
  );
  const restart = restarts.get(victim);
  invariant(restart, 'a device that was started can be started again');
  victim.process = restart();
  await victim.process.ask(victim.open);

  await server.kill();
  say('  server       killed');
  await server.start();
  proxy.setTarget(server.port);
  say('  server       back');
  return 1;
};

const when = async (condition: () => boolean, deadlineMs: number): Promise<void> => {
  const end = Date.now() + deadlineMs;
  while (!condition() && Date.now() < end) await new Promise((done) => setTimeout(done, 5));
};

/** Every device catches up twice: once for what others wrote last, once for the decision. */
const settle = async (devices: readonly Device[]): Promise<void> => {
  for (let round = 0; round < 2; round++)
    await Promise.all(
      devices.map(async (device) => {
        while (!(await device.process.ask<boolean>({ ask: 'catch-up' })));
        await device.process.ask({ ask: 'drain' });
      }),
    );
};

const ledgerFigures = async (
  db: Database,
  devices: readonly Device[],
): Promise<
  Pick<DemoFigures, 'told' | 'outcomesPerMutation' | 'outcomes' | 'conflicts' | 'counters' | 'openConflicts'>
> => {
  const told = new Map(devices.flatMap((device) => [...device.told]));
  const { rows } = await db.query<{ mutation_id: string; outcome: string | null }>(
    `select mutation_id::text, outcome ->> 'outcome' as outcome from satchel.mutations`,
  );
  const counts = new Map<string, number>([...told.keys()].map((id) => [id, 0]));
  const outcomes: Record<string, number> = {};
  for (const { mutation_id, outcome } of rows) {
    if (outcome === null) continue;
    counts.set(mutation_id, (counts.get(mutation_id) ?? 0) + 1);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  const outcomesPerMutation: Record<string, number> = {};
  for (const count of counts.values()) outcomesPerMutation[count] = (outcomesPerMutation[count] ?? 0) + 1;

  const expected = new Map<string, number>();
  for (const { visits = {} } of told.values())
    for (const [airport, by] of Object.entries(visits))
      expected.set(airport, (expected.get(airport) ?? 0) + by);
  const found = await db.query<{ iata: string; visits: number }>(
    'select iata, visits from airports where visits <> 0',
  );
  const visits = new Map(found.rows.map((row) => [row.iata, Number(row.visits)]));
  const all = new Set([...expected.keys(), ...visits.keys()]);
  const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

  const conflicts = await db.query<{ kind: string; policy: string; decision: string; count: number }>(
    `select kind, policy, coalesce(decision, state) as decision, count(*)::int as count
     from satchel.conflicts group by 1, 2, 3 order by 1, 2, 3`,
  );
  const open = await db.query<{ count: number }>(
    `select count(*)::int as count from satchel.conflicts where state <> 'settled'`,
  );
  return {
    told: told.size,
    outcomesPerMutation,
    outcomes,
    conflicts: conflicts.rows,
    counters: {
      airports: all.size,
      expected: sum(expected.values()),
      found: sum(visits.values()),
      wrong: [...all].filter((airport) => expected.get(airport) !== visits.get(airport)).length,
    },
    openConflicts: open.rows[0]?.count ?? 0,
  };
};
