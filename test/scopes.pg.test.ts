import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Random } from '@satchel/core';
import { type Database, verifyEntries } from '@satchel/server';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { seededRandom } from '@satchel/testing/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { farmApp, RIGHTS } from './scopes/farm-app.ts';
import { Ear, Markers, marksIn } from './scopes/markers.ts';
import { allowedTo, differences, type Holdings, heldBy } from './scopes/oracle.ts';
import { chance, type Draw, drawStep, pick, REGIONS, ROLES, STEPS } from './scopes/rights-steps.ts';
import { type Device, openDevice, until } from './whole/device.ts';
import { type Service, startService, tokenOf } from './whole/service.ts';

const STEP_COUNT = process.env.SATCHEL_LONG ? 1_000 : 250;
const SEED = Number(process.env.SATCHEL_SEED ?? 20_260_101);
const TOKEN_ROLES = ['agent', 'lead', 'auditor'] as const;

type Mode = 'away' | 'online' | 'live';

/** An edit that a device made, and what it wrote on. */
interface Edit {
  readonly mutationId: string;
  readonly table: string;
  readonly key: string;
  readonly mark: string;
  /** It wrote what only a lead may write. */
  readonly forLeads: boolean;
}

interface Holder {
  readonly user: string;
  readonly ear: Ear;
  roles: readonly string[];
  mode: Mode;
  device: Device;
  /** Its uploads do not come through. */
  isMute: boolean;
  /** Not yet seen to have ended. */
  edits: Edit[];
  /** What it was allowed when the last step was over. */
  allowed: Holdings;
}

describe('scopes', () => {
  let database: TestDatabase;
  let service: Service;
  let db: Database;
  let directory: string;
  const holders: Holder[] = [];
  const random = seededRandom(SEED);

  beforeAll(async () => {
    database = await testDatabase();
    db = database.db;
    await db.query(RIGHTS);
    service = await startService({ app: farmApp, database: database.url });
    directory = mkdtempSync(join(tmpdir(), 'satchel-point-4-'));
  });
  afterAll(async () => {
    for (const { device } of holders) await device.close();
    await service.stop();
    await database.drop();
    rmSync(directory, { recursive: true, force: true });
  });

  const open = async (holder: Holder): Promise<void> => {
    holder.device = await openDevice({
      app: farmApp,
      directory: join(directory, holder.user),
      server: service.server.url,
      userId: holder.user,
      token: () => tokenOf(holder.user, holder.roles),
      received: holder.ear,
      liveAllowed: () => holder.mode === 'live',
      cut: (path) => holder.isMute && path === '/v1/push',
      online: holder.mode !== 'away',
    });
  };

  /** The mode of a device changes as the world does it: the network goes and comes. */
  const change = async (holder: Holder, mode: Mode): Promise<void> => {
    holder.device.setOnline(false);
    holder.mode = mode;
    if (mode === 'away') return;
    // Half of those who come back hear what they may no longer have before they can send.
    holder.isMute = holder.edits.length > 0 && chance(random, 0.5);
    holder.device.setOnline(true);
    if (!holder.isMute) return;
    holder.ear.allow(marksOf(holder.allowed));
    await until(holder.device, `${holder.user} hears first`, async () => {
      await holder.device.db.sync.now();
      return differences(holder.allowed, await heldBy(holder.device.db)).every((line) =>
        holder.edits.some(({ key }) => line.includes(key)),
      );
    });
    holder.isMute = false;
    await holder.device.db.sync.now();
  };

  it(`[POINT-4] holds exactly what plain SQL allows after each of ${STEP_COUNT} steps, and was never sent anything else`, async () => {
    const marks = new Markers();
    const users = ['ana', 'ben', 'cleo'];
    const draw: Draw = { random, marks, users };
    await populate(db, draw);
    const modes: readonly Mode[] = ['live', 'online', 'away'];
    for (const [at, user] of users.entries()) {
      const holder = {
        user,
        ear: new Ear(),
        roles: at === 0 ? ['agent', 'lead'] : ['agent'],
        mode: modes[at]!,
        isMute: false,
        edits: [],
      } as unknown as Holder;
      holder.allowed = await allowedTo(db, user, holder.roles);
      if (holder.mode !== 'away') holder.ear.allow(marksOf(holder.allowed));
      await open(holder);
      holders.push(holder);
    }
    const counts: Record<string, number> = {};
    const quarantined: Record<string, number> = {};
    let compared = 0;
    let slowest = 0;
    const trace: string[] = [];
    for (let at = 1; at <= STEP_COUNT; at++) {
      const what = await step({
        random,
        draw,
        db,
        holders,
        change,
        reopen: async (holder) => {
          await holder.device.close();
          await open(holder);
        },
      });
      counts[what] = (counts[what] ?? 0) + 1;
      trace.push(`${at} ${what}`);
      const began = performance.now();
      try {
        // What one device sends is there before it is asked what the others have.
        for (const holder of holders) {
          if (holder.mode === 'away') continue;
          // One that has just come back may have asked before its own work changed the answer.
          holder.ear.allow(marksOf(holder.allowed));
          if (holder.edits.length > 0) await drained(holder);
        }
        for (const holder of holders) {
          if (holder.mode !== 'away') {
            await arrive(holder, db);
            compared += 1;
          }
          holder.allowed = await allowedTo(db, holder.user, holder.roles);
          // A row may come and go while a device is away: it hears of its key, of nothing else.
          holder.ear.allow(marksOf(holder.allowed).filter((mark) => mark.startsWith('k')));
        }
        for (const holder of holders) {
          if (holder.mode === 'away' || holder.edits.length === 0) continue;
          for (const code of await checkEdits(db, holder)) quarantined[code] = (quarantined[code] ?? 0) + 1;
        }
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        throw new Error(
          `seed ${SEED}, ${trace.slice(-8).join(' · ')}: ${message}; server: ${service.errors.join('; ')}`,
        );
      }
      slowest = Math.max(slowest, performance.now() - began);
      expect(service.errors).toEqual([]);
    }
    expect((await verifyEntries(db, farmApp, service.server.ctx.tableIds)).differences).toEqual([]);
    const bytes = holders.reduce((sum, { ear }) => sum + ear.bytes, 0);
    console.log(
      `[POINT-4] seed ${SEED}: ${STEP_COUNT} steps, ${compared} comparisons with SQL, slowest step ${Math.round(slowest)} ms, ` +
        `${bytes} bytes received and searched; quarantined by reason ${JSON.stringify(quarantined)}; steps ${JSON.stringify(counts)}`,
    );
  }, 900_000);
});

const marksOf = (holdings: Holdings): string[] =>
  Object.values(holdings).flatMap((rows) => rows.flatMap(marksIn));

const populate = async (db: Database, draw: Draw): Promise<void> => {
  await db.transaction('write', async (tx) => {
    for (const [at, role] of ROLES.entries())
      await tx.query('insert into role_regions values ($1, $2)', [role, REGIONS[at]]);
    for (const user of draw.users)
      await tx.query('insert into grants values ($1, $2)', [user, pick(draw.random, REGIONS)]);
    for (let at = 0; at < 40; at++) await STEPS.insertFarm!.run(draw, tx);
    for (let at = 0; at < 40; at++) await STEPS.insertVisit!.run(draw, tx);
    for (let at = 0; at < 60; at++) await STEPS.insertSample!.run(draw, tx);
    for (let at = 0; at < 20; at++) await STEPS.insertLedger!.run(draw, tx);
    for (let at = 0; at < 12; at++) await STEPS.addAgent!.run(draw, tx);
  });
};

/** One random step; returns its name. Only one device sends in it, so that nobody sees what is overwritten within it. */
const step = async (world: {
  readonly random: Random;
  readonly draw: Draw;
  readonly db: Database;
  readonly holders: readonly Holder[];
  readonly change: (holder: Holder, mode: Mode) => Promise<void>;
  readonly reopen: (holder: Holder) => Promise<void>;
}): Promise<string> => {
  const { random, draw, db, holders, change } = world;
  const holder = pick(random, holders)!;
  const dice = random.next();
  if (dice < 0.12) {
    const mode = pick(
      random,
      (['away', 'online', 'live'] as const).filter((one) => one !== holder.mode),
    )!;
    await change(holder, mode);
    return `${holder.user} ${mode}`.replace(holder.user, 'device');
  }
  if (dice < 0.14) {
    await world.reopen(holder);
    return 'device reopened';
  }
  if (dice < 0.18) {
    holder.roles = TOKEN_ROLES.filter((role) => role === 'agent' || chance(random, 0.5));
    if (holder.mode !== 'away') await holder.device.db.sync.renewed();
    return 'token roles';
  }
  if (dice < 0.36) {
    // Who is away writes more at a time: his rights may be gone when he is back.
    const count = holder.mode === 'away' ? 4 : 1;
    for (let at = 0; at < count; at++) await deviceEdit(draw, holder);
    return holder.mode === 'away' ? 'edit away' : 'edit';
  }
  // Programs that tell nobody are found by the tailer's slow poll.
  const silent = chance(random, 0.03);
  const names = Array.from({ length: chance(random, 0.2) ? 3 : 1 }, () => drawStep(random));
  await db.transaction('write', async (tx) => {
    for (const name of names) await STEPS[name]!.run(draw, tx);
    if (!silent) await tx.query(`select pg_notify('satchel', 'a test')`);
  });
  return names.length > 1 ? 'several in one transaction' : names[0]!;
};

/** The user of a device edits something that it shows. */
const deviceEdit = async ({ random, marks }: Draw, holder: Holder): Promise<void> => {
  const { db } = holder.device;
  const isLead = holder.roles.includes('lead');
  const place = pick(random, [
    ['farms', 'name'],
    ['visits', 'note'],
    ['samples', 'reading'],
    ...(isLead
      ? ([
          ['farms', 'secret'],
          ['visits', 'finding'],
          ['ledgers', 'amount'],
        ] as const)
      : []),
  ] as const)!;
  const [table, column] = place;
  const rows = await db.all(`select id from ${table} order by id`);
  const key = pick(random, rows)?.id as string | undefined;
  if (key === undefined) return;
  const mark = marks.value();
  holder.ear.allow([mark]);
  const dice = random.next();
  const visits =
    dice > 0.9 && holder.mode !== 'away' ? await db.all('select id from visits order by id') : [];
  const visit = pick(random, visits)?.id as string | undefined;
  if (visit !== undefined) {
    const id = marks.key();
    holder.ear.allow([id]);
    await note(holder, 'samples', id, mark, 'insert into samples (id, visit_id, reading) values (?, ?, ?)', [
      id,
      visit,
      mark,
    ]);
    return;
  }
  if (dice > 0.8 && table === 'samples') {
    await note(holder, table, key, '', 'delete from samples where id = ?', [key]);
    return;
  }
  if (dice > 0.7 && table === 'farms') {
    await note(holder, table, key, '', 'update farms set calls = calls + 1 where id = ?', [key]);
    return;
  }
  const forLeads = column === 'secret' || column === 'finding' || column === 'amount';
  await note(
    holder,
    table,
    key,
    mark,
    `update ${table} set ${column} = ? where id = ?`,
    [mark, key],
    forLeads,
  );
};

const note = async (
  holder: Holder,
  table: string,
  key: string,
  mark: string,
  sql: string,
  parameters: readonly unknown[],
  forLeads = false,
): Promise<void> => {
  const { mutationId } = await holder.device.db.write([{ sql, parameters }]);
  if (mutationId !== null) holder.edits.push({ mutationId, table, key, mark, forLeads });
};

const drained = ({ device, user }: Holder): Promise<void> =>
  until(
    device,
    `${user} sends what is pending`,
    async () => (await device.db.status()).pending === 0,
    10_000,
  );

/** The device comes to hold what it may: a polling one with one run by hand, a live one by itself. */
const arrive = async (holder: Holder, db: Database): Promise<void> => {
  const { device, user, ear, mode } = holder;
  let differing: string[] = [];
  const isThere = async (): Promise<boolean> => {
    const allowed = await allowedTo(db, user, holder.roles);
    ear.allow(marksOf(allowed));
    const { pending } = await device.db.status();
    differing = pending > 0 ? [`${pending} pending`] : differences(allowed, await heldBy(device.db));
    return differing.length === 0;
  };
  if (mode === 'online') {
    for (let at = 0; at < 3; at++) {
      const run = await device.db.sync.now();
      if (run?.problem) throw new Error(`the run of ${user} failed: ${JSON.stringify(run.problem)}`);
      if ((await device.db.status()).pending === 0) break;
    }
    if (!(await isThere())) throw new Error(`${user} (online): ${differing.slice(0, 5).join('; ')}`);
  } else {
    await until(device, `${user} is ${mode}`, isThere, 10_000).catch((error: Error) => {
      throw new Error(`${error.message}; ${differing.slice(0, 5).join('; ')}`);
    });
  }
  const leaks = ear.leaks();
  if (leaks.length > 0)
    throw new Error(`${user} was sent what it may not see: ${leaks.slice(0, 3).join('; ')}`);
};

/**
 * Every edit has ended; what was on a row that is no longer the user's is in
 * quarantine, with its reason, and can be exported. Returns the reasons.
 */
const checkEdits = async (db: Database, holder: Holder): Promise<string[]> => {
  const { device } = holder;
  const settled = new Set(
    (await device.db.outbox.list({ state: 'settled', limit: 100_000 })).map((entry) => entry.mutationId),
  );
  const quarantine = new Map((await device.db.quarantine.list()).map((entry) => [entry.mutationId, entry]));
  const codes: string[] = [];
  for (const edit of new Map(holder.edits.map((edit) => [edit.mutationId, edit])).values()) {
    const kept = quarantine.get(edit.mutationId);
    expect([edit, settled.has(edit.mutationId) !== (kept !== undefined)]).toEqual([edit, true]);
    const { rows } = await db.query(`select from ${edit.table} where id = $1`, [edit.key]);
    const held = await device.db.all(`select id from ${edit.table} where id = ?`, [edit.key]);
    const isOutOfReach = rows.length > 0 && held.length === 0;
    if (isOutOfReach) expect([edit, kept !== undefined]).toEqual([edit, true]);
    if (!kept) continue;
    codes.push(kept.problem.code);
    const exported = await device.db.quarantine.export([edit.mutationId]);
    expect(exported).toContain(edit.mark === '' ? edit.key : edit.mark);
    expect(JSON.parse(exported)).toMatchObject({ mutationId: edit.mutationId });
    // A role that is gone is as good a reason, for what only that role may write.
    const lostRole = edit.forLeads && !holder.roles.includes('lead') ? ['column_denied', 'op_denied'] : [];
    if (isOutOfReach) expect(['scope_left', 'scope_denied', ...lostRole]).toContain(kept.problem.code);
    await device.db.quarantine.discard(edit.mutationId);
  }
  holder.edits = [];
  return codes;
};
