import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Random } from '@satchel/core';
import {
  type Database,
  type Embedded,
  openDatabase,
  signToken,
  startEmbedded,
  systemClock,
} from '@satchel/server';
import { recordCounted } from '@satchel/simulation';
import { seededRandom } from '@satchel/testing/random';
import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DeviceMessage, type DeviceStep, startDeviceProcess } from './device-process.ts';
import { SECRET } from './devices.ts';
import { Ledger } from './ledger.ts';
import { type ServerProcess, type ServerStep, startServerProcess } from './server-process.ts';

/*
 * Kill -9: devices, servers and PostgreSQL, at random and within each named step, on
 * real files. What the devices told is kept here, outside of them.
 */

const LONG = process.env.SATCHEL_LONG !== undefined;
const DEVICE_KILLS = LONG ? 300 : 40;
const SERVER_KILLS = LONG ? 100 : 15;
/** Every so many kills of the server PostgreSQL goes too. */
const POSTGRES_EVERY = LONG ? 8 : 4;
const POSTGRES_WAYS = ['SIGKILL', 'backend', 'SIGQUIT'] as const;
const DEVICES = 3;
const COUNTERS = 5;
const BULK_ROWS = 300;
const TEAM = '1';
const SEED = Number(process.env.SATCHEL_SEED ?? 1);
/** Milliseconds in which a process comes to its step; else it is killed where it is, and the step is tried again. */
const STEP_WITHIN = 40_000;

type Place<Step extends { nth: number }> = Omit<Step, 'nth'> & { readonly most: number };

/** Every step between a local write and its settling, and of a page on its way in. */
const DEVICE_STEPS: readonly Place<DeviceStep>[] = [
  { during: 'open', at: 'statement', most: 15 },
  { during: 'write', at: 'statement', most: 60 },
  { during: 'write', at: 'before-commit', most: 10 },
  { during: 'write', at: 'after-commit', most: 10 },
  { during: 'write', at: 'answered', most: 10 },
  { during: 'takeBatch', at: 'statement', most: 20 },
  { during: 'takeBatch', at: 'before-commit', most: 5 },
  { during: 'takeBatch', at: 'after-commit', most: 5 },
  { during: 'takeBatch', at: 'answered', most: 5 },
  { during: 'push', at: 'sent', wait: 1, most: 3 },
  { during: 'push', at: 'sent', wait: 8, most: 3 },
  { during: 'push', at: 'answered', most: 5 },
  { during: 'takeAnswers', at: 'statement', most: 40 },
  { during: 'takeAnswers', at: 'before-commit', most: 4 },
  { during: 'takeAnswers', at: 'after-commit', most: 4 },
  { during: 'returnBatch', at: 'before-commit', most: 2 },
  { during: 'returnBatch', at: 'after-commit', most: 2 },
  { during: 'pull', at: 'answered', most: 3 },
  { during: 'delta', at: 'statement', most: 40 },
  { during: 'delta', at: 'before-commit', most: 3 },
  { during: 'delta', at: 'after-commit', most: 3 },
  { during: 'part', at: 'statement', most: 10 },
  { during: 'part', at: 'after-commit', most: 3 },
  { during: 'last-part', at: 'statement', most: 30 },
  { during: 'last-part', at: 'before-commit', most: 1 },
  { during: 'last-part', at: 'after-commit', most: 1 },
  { during: 'backfill', at: 'statement', most: 100 },
  { during: 'backfill', at: 'before-commit', most: 2 },
  { during: 'backfill', at: 'after-commit', most: 2 },
  { during: 'live', at: 'page', most: 3 },
  { during: 'acked', at: 'before-commit', most: 2 },
  { during: 'acked', at: 'after-commit', most: 2 },
];

const SERVER_STEPS: readonly Place<ServerStep>[] = [
  // The request is kept, nothing of it was tried.
  { query: 'push_keep_batch', at: 'query', most: 5 },
  { query: 'push_start', at: 'query', most: 5 },
  // All is written, nothing committed.
  { query: 'push_claim', at: 'query', most: 5 },
  { query: 'push_claim', at: 'before-commit', most: 5 },
  // Committed, nobody was told.
  { query: 'push_claim', at: 'after-commit', most: 5 },
  // A page was read, and not sent.
  { query: 'moments_standing', at: 'query', most: 5 },
  { query: 'moments_standing', at: 'after-commit', most: 5 },
  { query: 'moments_record', at: 'query', most: 1 },
  { query: 'clients_heard', at: 'query', most: 5 },
];

interface Plan<Step> {
  readonly name: string;
  /** Absent: at any moment. */
  readonly step?: Step;
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Each named step at least once, the rest at random, in random order. */
const plansOf = <Step extends { nth: number }>(
  places: readonly Place<Step>[],
  nameOf: (place: Place<Step>) => string,
  count: number,
  random: Random,
): Plan<Step>[] => {
  const plans: { readonly plan: Plan<Step>; readonly order: number }[] = [];
  for (let at = 0; at < count; at += 1) {
    const place = places[at % Math.ceil(places.length * 1.3)];
    const plan: Plan<Step> =
      place === undefined ? { name: 'at any moment' } : { name: nameOf(place), step: stepOf(place, random) };
    plans.push({ plan, order: random.next() });
  }
  return plans.sort((a, b) => a.order - b.order).map(({ plan }) => plan);
};

const stepOf = <Step extends { nth: number }>(place: Place<Step>, random: Random): Step => {
  const { most, ...step } = place;
  return { ...step, nth: 1 + Math.floor(random.next() * most) } as unknown as Step;
};

const deviceStepName = ({ during, at, wait }: Place<DeviceStep>): string =>
  `${during} ${at}${wait === undefined ? '' : ` ${wait} ms`}`;
const serverStepName = ({ query, at }: Place<ServerStep>): string => `${query} ${at}`;

let folder: string;
let postgres: Embedded;
let db: Database;
let server: ServerProcess | undefined;

const dataDir = (): string => join(folder, 'postgres');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'satchel-kill-'));
  postgres = await startEmbedded({ dataDir: dataDir() });
  db = await openDatabase(postgres.url);
});
afterAll(async () => {
  await server?.kill();
  await db.close();
  await postgres.stop({ force: true });
  await rm(folder, { recursive: true, force: true });
});

/** Counts what was done, and which steps were come to. */
class Kills {
  readonly atStep = new Map<string, number>();
  readonly missed: string[] = [];
  total = 0;

  count(name: string, wasAtStep: boolean): void {
    this.total += 1;
    if (wasAtStep) this.atStep.set(name, (this.atStep.get(name) ?? 0) + 1);
    else if (name !== 'at any moment') this.missed.push(name);
  }
}

/** One life of a device: from its start to its kill. */
const liveAndDie = async (
  given: {
    readonly ledger: Ledger;
    readonly token: string;
    readonly random: Random;
    readonly server: string;
  },
  { step }: Plan<DeviceStep>,
): Promise<{ readonly atStep: boolean; readonly wrong: readonly string[] }> => {
  const { ledger, random } = given;
  let atStep = false;
  let wrong: string[] = [];
  const device = startDeviceProcess(settingsOf(given, step), (message) => {
    if (message.kind === 'at-step') atStep = true;
    else if (message.kind === 'trying' || message.kind === 'told') ledger.hear(message);
    else if (message.kind === 'opened') {
      wrong = ledger.reopened(message);
      device.say('write');
    }
  });
  // From before it is open until it has long been at work.
  const timer = setTimeout(
    () => device.kill(),
    step === undefined ? 100 + random.next() * 2_500 : STEP_WITHIN,
  );
  await device.gone;
  clearTimeout(timer);
  return { atStep, wrong };
};

const settingsOf = (
  given: {
    readonly ledger: Ledger;
    readonly token: string;
    readonly random: Random;
    readonly server: string;
  },
  step?: DeviceStep,
) => ({
  directory: join(folder, given.ledger.name),
  server: given.server,
  name: given.ledger.name,
  team: TEAM,
  token: given.token,
  next: given.ledger.last,
  drafts: given.ledger.erasable,
  seed: Math.floor(given.random.next() * 2 ** 31),
  ...(step === undefined ? {} : { step }),
});

type Finished = DeviceMessage & { kind: 'finished' };

/** Opens a device once more, in peace, lets it catch up and closes it in good order. */
const catchUp = async (given: Parameters<typeof settingsOf>[0]): Promise<Finished & { file: string }> => {
  let file = '';
  let finished: Finished | undefined;
  let wrong: string[] = [];
  const device = startDeviceProcess(settingsOf(given), (message) => {
    if (message.kind === 'opened') {
      wrong = given.ledger.reopened(message);
      file = message.file;
      device.say('finish');
    } else if (message.kind === 'finished') finished = message;
  });
  await device.gone;
  expect(wrong).toEqual([]);
  if (finished === undefined) throw new Error(`${given.ledger.name} did not finish`);
  return { ...finished, file: join(folder, given.ledger.name, `${file}.sqlite`) };
};

/** Plain SQL by somebody else; false while PostgreSQL is away. What matters is what comes of what was committed. */
const writeBulk = async (rows: number): Promise<boolean> => {
  try {
    await db.query(
      `update bulk set filling = repeat(chr(97 + floor(random() * 26)::int), 400)
        where id in (select id from bulk order by random() limit $1)`,
      [rows],
    );
    return true;
  } catch {
    return false;
  }
};

/** Enough for one live page. */
const writeBulkOften = async (isOver: () => boolean): Promise<number> => {
  let written = 0;
  while (!isOver()) {
    if (await writeBulk(BULK_ROWS / 10)) written += 1;
    await pause(1_000);
  }
  return written;
};

/** More than one answer takes: who is away now will fetch it in parts. */
const writeParts = async (): Promise<void> => {
  while (!(await writeBulk(BULK_ROWS))) await pause(100);
};

const restartPostgres = async (): Promise<void> => {
  postgres = await startEmbedded({ dataDir: dataDir() });
  const before = db;
  db = await openDatabase(postgres.url);
  await before.close();
};

/** One of the server's own connections dies: PostgreSQL cuts off all and recovers, the server goes on. */
const killBackend = async (): Promise<string> => {
  const { rows } = await db.query<{ pid: number }>(
    `select pid from pg_stat_activity where application_name = 'satchel' and pid <> pg_backend_pid() limit 1`,
  );
  const pid = rows[0]?.pid;
  if (pid === undefined) return 'no backend';
  process.kill(pid, 'SIGKILL');
  return 'backend';
};

const TABLES = {
  counters: ['id', 'team', 'label', 'total'],
  notes: ['id', 'team', 'counter_id', 'amount', 'writer'],
  drafts: ['id', 'team', 'writer'],
  marks: ['id', 'team', 'value'],
  bulk: ['id', 'team', 'filling'],
} as const;

const textOf = (rows: readonly Record<string, unknown>[], columns: readonly string[]): string[] =>
  rows.map((row) =>
    JSON.stringify(columns.map((name) => (typeof row[name] === 'string' ? row[name] : Number(row[name])))),
  );

test('[POINT-3] kill -9: no told write is lost or doubled, whichever process dies in whichever step', {
  timeout: LONG ? 3_600_000 : 300_000,
}, async () => {
  const random = seededRandom(SEED);
  const started = performance.now();
  const limits = { pageRows: 100, answerBytes: 20_000 };
  const startServer = async (port: number, step?: ServerStep): Promise<ServerProcess> => {
    server = await startServerProcess({
      url: postgres.url,
      secret: SECRET,
      port,
      limits,
      ...(step === undefined ? {} : { step }),
    });
    return server;
  };
  const first = await startServer(0);
  const { port, url } = first;
  await db.query(
    `insert into counters (id, team, label, total) select 'c' || n, $1, 'first', 0 from generate_series(1, $2) n`,
    [TEAM, COUNTERS],
  );
  await db.query(
    `insert into bulk (id, team, filling) select 'b' || n, $1, repeat('x', 400) from generate_series(1, $2) n`,
    [TEAM, BULK_ROWS],
  );
  await first.kill();

  const devices = await Promise.all(
    Array.from({ length: DEVICES }, async (_, at) => {
      const ledger = new Ledger(`device${at}`);
      const request = { userId: ledger.name, claims: { team: TEAM }, lifetime: 7_200 };
      const token = await signToken(SECRET, request, systemClock);
      return { ledger, token, server: url, random: seededRandom(SEED * 100 + at) };
    }),
  );
  const wrong: string[] = [];
  const deviceKills = new Kills();
  const serverKills = new Kills();
  const postgresKills: string[] = [];
  let devicesDone = false;
  let serversDone = false;

  const killDevices = async (): Promise<void> => {
    const plans = plansOf<DeviceStep>(DEVICE_STEPS, deviceStepName, DEVICE_KILLS, random);
    await Promise.all(
      devices.map(async (device) => {
        const deaths: string[] = [];
        // Who has done its part keeps the server at work until that has done its own.
        const next = (): Plan<DeviceStep> | undefined =>
          plans.pop() ?? (serversDone ? undefined : { name: 'at any moment' });
        for (let plan = next(); plan !== undefined; plan = next()) {
          if (plan.step?.during.endsWith('part')) await writeParts();
          const life = await liveAndDie(device, plan);
          wrong.push(...life.wrong.map((text) => `${text}; killed: ${deaths.join(', ')}`));
          deaths.push(plan.name);
          if (wrong.length > 0) break;
          deviceKills.count(plan.name, life.atStep);
          // A step that it did not come to is tried again, twice at most.
          const misses = deviceKills.missed.filter((name) => name === plan?.name).length;
          if (plan.step !== undefined && !life.atStep && misses < 3)
            plans.push({ ...plan, step: { ...plan.step, nth: 1 } });
        }
      }),
    );
    devicesDone = true;
  };

  const killServers = async (): Promise<void> => {
    const plans = plansOf<ServerStep>(SERVER_STEPS, serverStepName, SERVER_KILLS, random);
    for (let plan = plans.pop(); plan !== undefined && wrong.length === 0; plan = plans.pop()) {
      const current = await startServer(port, plan.step);
      const isTurn = serverKills.total % POSTGRES_EVERY === POSTGRES_EVERY - 1;
      const way = isTurn ? POSTGRES_WAYS[postgresKills.length % POSTGRES_WAYS.length]! : null;
      if (way === 'backend') postgresKills.push(await killBackend());
      let killed = false;
      let isPostgresGone = false;
      const killPostgres = (signal: NodeJS.Signals): void => {
        isPostgresGone = true;
        process.kill(postgres.pid, signal);
        postgresKills.push(signal);
      };
      const killBoth = async (): Promise<void> => {
        // PostgreSQL under a server at work; the server has to bear it, and is killed after it.
        if (way !== null && way !== 'backend') killPostgres(way);
        if (way !== null) await pause(300);
        killed = true;
        await current.kill();
      };
      const timer = setTimeout(
        () => void killBoth(),
        plan.step === undefined ? 1_000 + random.next() * 4_000 : STEP_WITHIN,
      );
      const { atStep } = await current.gone;
      clearTimeout(timer);
      if (!atStep && !killed)
        wrong.push(`the server ended by itself; PostgreSQL: ${postgresKills.join(', ')}`);
      if (way !== null && way !== 'backend' && !isPostgresGone) killPostgres(way);
      if (isPostgresGone) await restartPostgres();
      serverKills.count(plan.name, atStep);
      const misses = serverKills.missed.filter((name) => name === plan?.name).length;
      if (plan.step !== undefined && !atStep && misses < 3)
        plans.push({ ...plan, step: { ...plan.step, nth: 1 } });
    }
    serversDone = true;
    await startServer(port);
  };

  const bulk = writeBulkOften(() => devicesDone);
  await Promise.all([killDevices(), killServers()]);
  const bulkWrites = await bulk;
  const took = performance.now() - started;
  expect(wrong).toEqual([]);

  // In peace: each drains what it has, then each fetches what the others had.
  await Promise.all(devices.map(catchUp));
  const closed = await Promise.all(devices.map(catchUp));
  for (const { quarantined, openConflicts } of closed) expect([quarantined, openConflicts]).toEqual([0, 0]);

  // The server against the ledger.
  const column = async (sql: string, parameters: readonly unknown[] = []): Promise<string[]> =>
    (await db.query<{ value: string }>(sql, parameters)).rows.map(({ value }) => value);
  for (const { ledger } of devices) {
    const notes = await db.query<{ id: string; counter_id: string; amount: number }>(
      'select id, counter_id, amount from notes where writer = $1',
      [ledger.name],
    );
    const drafts = await column('select id as value from drafts where writer = $1', [ledger.name]);
    const [mark] = await column('select value from marks where id = $1', [ledger.name]);
    const ids = notes.rows.map(({ id }) => id);
    expect(ledger.judge(ids, drafts, mark === undefined ? null : Number(mark)), ledger.name).toEqual([]);
    for (const { id, counter_id, amount } of notes.rows)
      expect({ counterId: counter_id, amount: Number(amount) }).toEqual(ledger.notes.get(id));
  }
  const sums = await db.query(
    `select c.id, c.total, coalesce(sum(n.amount), 0) as noted
         from counters c left join notes n on n.counter_id = c.id group by 1, 2
       having c.total <> coalesce(sum(n.amount), 0)`,
  );
  expect(sums.rows, 'every counter is the sum of its notes').toEqual([]);
  const doubled = await db.query(
    `select mutation_id, table_id, key from satchel.audit where mutation_id is not null group by 1, 2, 3 having count(*) > 1`,
  );
  expect(doubled.rows).toEqual([]);
  const outcomes = await column(`select distinct outcome ->> 'outcome' as value from satchel.mutations`);
  expect(outcomes.filter((outcome) => outcome !== 'applied' && outcome !== 'merged')).toEqual([]);
  expect(await column('select old_key as value from satchel.renames')).toEqual([]);

  // Every device against the server.
  for (const { file } of closed) {
    const sqlite = new SqliteDatabase(file, { readonly: true });
    try {
      expect(sqlite.pragma('integrity_check', { simple: true })).toBe('ok');
      for (const [table, columns] of Object.entries(TABLES)) {
        const list = columns.join(', ');
        const here = sqlite.prepare(`select ${list} from ${table} order by id`).all();
        const there = await db.query(`select ${list} from ${table} order by id collate "C"`);
        expect(textOf(here as Record<string, unknown>[], columns), `${table} in ${file}`).toEqual(
          textOf(there.rows, columns),
        );
      }
    } finally {
      sqlite.close();
    }
  }

  const reached = (kills: Kills): number => [...kills.atStep.values()].reduce((sum, count) => sum + count, 0);
  const told = devices.reduce((sum, { ledger }) => sum + ledger.told, 0);
  const tried = devices.reduce((sum, { ledger }) => sum + ledger.tried.size, 0);
  console.log(
    `[POINT-3] seed ${SEED}: ${deviceKills.total} kills of devices (${reached(deviceKills)} within ` +
      `${deviceKills.atStep.size} named steps), ${serverKills.total} of the server (${reached(serverKills)} within ` +
      `${serverKills.atStep.size}), ${postgresKills.length} of PostgreSQL (${postgresKills.join(', ')}); ` +
      `${told} writes told of ${tried} tried, ${bulkWrites} times ${BULK_ROWS / 10} rows by SQL; ` +
      `${Math.round(took)} ms; missed at first: ${[...deviceKills.missed, ...serverKills.missed].join(', ') || 'none'}`,
  );
  await recordCounted('kills', `${LONG ? 'SATCHEL_LONG=1 ' : ''}npx vitest run test/kill.pg.test.ts`, {
    devices: deviceKills.total,
    servers: serverKills.total,
    databases: postgresKills.length,
    told,
    // All of them were found again above, once each.
    lost: 0,
  });
  expect(deviceKills.total).toBeGreaterThanOrEqual(DEVICE_KILLS);
  expect(serverKills.total).toBeGreaterThanOrEqual(SERVER_KILLS);
  expect(DEVICE_STEPS.map(deviceStepName).filter((name) => !deviceKills.atStep.has(name))).toEqual([]);
  expect(SERVER_STEPS.map(serverStepName).filter((name) => !serverKills.atStep.has(name))).toEqual([]);
  expect(postgresKills.length).toBeGreaterThanOrEqual(Math.floor(SERVER_KILLS / POSTGRES_EVERY) - 1);
});
