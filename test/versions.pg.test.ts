import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqlRow } from '@satchel/client';
import type { Database } from '@satchel/server';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { seededRandom } from '@satchel/testing/random';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crm } from './versions/crm-app.ts';
import { CLIENTS, clientOf, NAMELESS, type Written, work } from './versions/desk.ts';
import { type Device, type DeviceOptions, openDevice, until } from './whole/device.ts';
import { freePort, type Service, startService, tokenOf } from './whole/service.ts';

const COUNT = 500;

describe('schema', () => {
  let database: TestDatabase;
  let db: Database;
  let directory: string;
  let port: number;
  let service: Service | undefined;
  const devices = new Set<Device>();

  beforeEach(async () => {
    database = await testDatabase();
    db = database.db;
    directory = mkdtempSync(join(tmpdir(), 'satchel-point-6-'));
    port = await freePort();
  });
  afterEach(async () => {
    for (const device of devices) await device.close();
    devices.clear();
    await service?.stop();
    service = undefined;
    await database.drop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The server of another version, on the same database and at the same address. */
  const serve = async (version: 1 | 2 | 3): Promise<void> => {
    await service?.stop();
    service = await startService({ app: crm(version), database: database.url, port });
  };
  const populate = async (): Promise<void> => {
    for (const desk of [1, 2]) {
      await db.query(
        `insert into clients (id, store_id, name) select format('client-%s-%s', $1::int, i), '1', 'Old Name' from generate_series(0, $2) i`,
        [desk, CLIENTS - 1],
      );
      await db.query(
        `insert into parts (id, client_id, label, size) select format('part-%s-%s', $1::int, i), format('client-%s-%s', $1::int, i), 'old', i
         from generate_series(0, $2) i`,
        [desk, CLIENTS - 1],
      );
    }
    await db.query(`insert into clients (id, store_id, name) values ($1, '1', 'Has AName')`, [NAMELESS]);
  };
  const open = async (
    userId: string,
    version: 1 | 2 | 3,
    more: Partial<DeviceOptions> = {},
  ): Promise<Device> => {
    const device = await openDevice({
      app: crm(version),
      directory: join(directory, userId),
      server: `http://127.0.0.1:${port}`,
      userId,
      token: () => tokenOf(userId),
      ...more,
    });
    devices.add(device);
    return device;
  };
  const close = async (device: Device): Promise<void> => {
    devices.delete(device);
    await device.close();
  };
  const firstCopy = (device: Device): Promise<void> =>
    until(device, 'the first copy', async () => (await device.db.status()).complete);
  const drained = (device: Device): Promise<void> =>
    until(
      device,
      'all is settled or quarantined',
      async () => {
        const { pending, phase } = await device.db.status();
        return pending === 0 && phase !== 'syncing';
      },
      60_000,
    );

  /** Everything that was queued has ended, and is there to the letter: on the device, and in the batches as they came. */
  const checkQueue = async (device: Device, queued: readonly string[], written: Written) => {
    const entries = await device.db.all(
      'select mutation_id, state, body, outcome, problem from satchel_outbox',
    );
    const byId = new Map(entries.map((entry) => [entry.mutation_id as string, entry]));
    const { rows } = await db.query<{ body: string }>('select body from satchel.batches');
    const batches = rows.map(({ body }) => body).join('\n');
    const counts: Record<string, number> = {};
    for (const line of queued) {
      const { mutationId } = JSON.parse(line) as { mutationId: string };
      const entry = byId.get(mutationId);
      expect(entry?.body).toBe(line);
      // The sender adds where it was made when that is another run.
      expect(batches).toContain(line.slice(0, -1));
      const state = String(entry?.state);
      const what = state === 'quarantined' ? codeOf(entry!) : state;
      counts[what] = (counts[what] ?? 0) + 1;
      expect([line, ['settled', 'quarantined'].includes(state)]).toEqual([line, true]);
      expect([line, state]).toEqual([line, written.hopeless.has(mutationId) ? 'quarantined' : 'settled']);
    }
    const exported = (await device.db.quarantine.export()).split('\n').filter((line) => line !== '');
    expect(exported.toSorted()).toEqual(
      queued
        .filter((line) => written.hopeless.has((JSON.parse(line) as { mutationId: string }).mutationId))
        .toSorted(),
    );
    return counts;
  };

  /** What the users wrote is what the server has, in its new form. */
  const checkServer = async (all: readonly Written[]): Promise<void> => {
    const { rows } = await db.query<{ id: string; name: string; visits: number }>(
      `select id, first_name || case when last_name = '' then '' else ' ' || last_name end as name, visits from customers`,
    );
    const rowsById = new Map(rows.map((row) => [row.id, row]));
    const visits = new Map<string, number>();
    for (const written of all) {
      for (const [key, name] of written.names) expect([key, rowsById.get(key)?.name]).toEqual([key, name]);
      for (const [key, by] of written.visits) visits.set(key, (visits.get(key) ?? 0) + by);
    }
    for (const { id, visits: counted } of rows) expect([id, counted]).toEqual([id, visits.get(id) ?? 0]);
    expect(rowsById.get(NAMELESS)?.name).toBe('Has AName');
    const parts = await db.query<{ id: string; title: string }>('select id, title from parts');
    const titles = new Map(parts.rows.map(({ id, title }) => [id, title]));
    for (const { labels, parts: made } of all) {
      for (const [key, label] of labels) expect([key, titles.get(key)]).toEqual([key, label]);
      for (const key of made) expect(titles.has(key)).toBe(true);
    }
  };

  const SERVER_ROWS = {
    1: [
      `select id, first_name || case when last_name = '' then '' else ' ' || last_name end as name, 'no longer kept' as phone, visits from customers order by id collate "C"`,
      `select id, client_id, title as label, size from parts order by id collate "C"`,
    ],
    2: [
      `select id, first_name || case when last_name = '' then '' else ' ' || last_name end as name, 'no longer kept' as phone, visits, email from customers order by id collate "C"`,
      `select id, client_id, title, size from parts order by id collate "C"`,
    ],
    3: [
      'select id, first_name, last_name, visits, email from customers order by id collate "C"',
      'select id, client_id, title, size from parts order by id collate "C"',
    ],
  } as const;
  const DEVICE_ROWS = {
    1: [
      'select id, name, phone, visits from clients order by id',
      'select id, client_id, label, size from parts order by id',
    ],
    2: [
      'select id, name, phone, visits, email from customers order by id',
      'select id, client_id, title, size from parts order by id',
    ],
    3: [
      'select id, first_name, last_name, visits, email from customers order by id',
      'select id, client_id, title, size from parts order by id',
    ],
  } as const;

  /** The device shows what plain SQL says, in the words of its own version. */
  const shows = async (device: Device, version: 1 | 2 | 3): Promise<void> => {
    let here: SqlRow[] = [];
    let there: unknown[] = [];
    await until(device, `a device of version ${version} shows what the server has`, async () => {
      for (const [at, text] of SERVER_ROWS[version].entries()) {
        there = (await db.query(text)).rows;
        here = await device.db.all(DEVICE_ROWS[version][at]!);
        if (JSON.stringify(here) !== JSON.stringify(there)) return false;
      }
      return true;
    }).catch((error: Error) => {
      expect(here).toEqual(there);
      throw error;
    });
  };

  it(`[POINT-6] apps one and two versions old, ${COUNT} mutations each in their queues, meet a rename, a split and a drop`, async () => {
    await serve(1);
    await populate();
    const oldest = await open('ana', 1);
    await firstCopy(oldest);
    oldest.setOnline(false);
    const first = await work(oldest, { version: 1, desk: 1, count: COUNT, random: seededRandom(1) });

    await serve(2);
    const older = await open('ben', 2);
    await firstCopy(older);
    older.setOnline(false);
    const second = await work(older, { version: 2, desk: 2, count: COUNT, random: seededRandom(2) });

    const queues = [await oldest.waiting(), await older.waiting()] as const;
    expect(queues.map(({ length }) => length)).toEqual([COUNT, COUNT]);
    await serve(3);
    const began = performance.now();
    oldest.setOnline(true);
    older.setOnline(true);
    await drained(oldest);
    await drained(older);
    const ms = Math.round(performance.now() - began);
    const counts = [await checkQueue(oldest, queues[0], first), await checkQueue(older, queues[1], second)];
    await checkServer([first, second]);
    await shows(oldest, 1);
    await shows(older, 2);
    console.log(
      `[POINT-6] ${2 * COUNT} queued mutations of versions 1 and 2 against version 3: drained in ${ms} ms; ` +
        `version 1 ${JSON.stringify(counts[0])}, version 2 ${JSON.stringify(counts[1])}; payloads byte-equal`,
    );
    expect(service?.errors).toEqual([]);
  }, 180_000);

  it('[POINT-6] apps upgraded in place with a full queue, part of it sent and unanswered', async () => {
    await serve(1);
    await populate();
    const lossy = { ana: false, ben: false };
    // Nothing that the server says arrives: pages tell outcomes, too.
    const settings = (user: 'ana' | 'ben'): Partial<DeviceOptions> => ({
      loseAnswer: () => lossy[user],
      liveAllowed: () => !lossy[user],
    });
    const fill = async (user: 'ana' | 'ben', version: 1 | 2, desk: number) => {
      const device = await open(user, version, settings(user));
      await firstCopy(device);
      const random = seededRandom(10 + desk);
      lossy[user] = true;
      device.setOnline(false);
      const written = await work(device, {
        version,
        desk,
        count: Math.floor(COUNT / 3),
        random,
        served: true,
      });
      device.setOnline(true);
      // The server has them, and the device does not know.
      await until(device, 'the server has got a batch', async () => {
        const { rows } = await db.query('select from satchel.mutations where author = $1', [user]);
        return rows.length > 0;
      });
      device.setOnline(false);
      await work(device, { version, desk, count: COUNT, random }, written);
      const queued = await device.waiting();
      expect(queued.length).toBe(COUNT);
      await close(device);
      lossy[user] = false;
      return { queued, written };
    };
    const first = await fill('ana', 1, 1);
    await serve(2);
    const second = await fill('ben', 2, 2);

    await serve(3);
    const counts: Record<string, number>[] = [];
    for (const [user, { queued, written }] of [
      ['ana', first],
      ['ben', second],
    ] as const) {
      const device = await open(user, 3);
      await drained(device);
      // What was applied before the third version came was not hopeless then.
      const { rows } = await db.query<{ mutation_id: string }>(
        `select mutation_id from satchel.mutations where author = $1 and outcome ->> 'outcome' <> 'rejected'`,
        [user],
      );
      for (const { mutation_id } of rows) written.hopeless.delete(mutation_id);
      counts.push(await checkQueue(device, queued, written));
      await shows(device, 3);
    }
    console.log(
      `[POINT-6] ${2 * COUNT} mutations in apps upgraded in place: from version 1 ${JSON.stringify(counts[0])}, ` +
        `from version 2 ${JSON.stringify(counts[1])}; payloads byte-equal`,
    );
    expect(service?.errors).toEqual([]);
  }, 180_000);

  it('[POINT-6] an app ahead of the server keeps its queue until the server has caught up', async () => {
    await serve(1);
    await populate();
    await serve(2);
    const ahead = await open('cleo', 3);
    for (let at = 0; at < 20; at++)
      await ahead.db.write([
        {
          sql: `insert into customers (id, store_id, first_name, last_name, visits) values (?, '1', 'Early', ?, 0)`,
          parameters: [`early-${at}`, `Bird ${at}`],
        },
      ]);
    const queued = await ahead.waiting();
    await until(ahead, 'it is told that it is ahead', async () => {
      const { problem } = await ahead.db.status();
      return problem?.code === 'schema_ahead';
    });
    await ahead.db.sync.now();
    const { pending, quarantined, failed } = await ahead.db.status();
    expect({ pending, quarantined, failed }).toEqual({ pending: 20, quarantined: 0, failed: 0 });
    expect(await ahead.waiting()).toEqual(queued);
    expect((await db.query('select from customers where id like $1', ['early-%'])).rowCount).toBe(0);

    await serve(3);
    await drained(ahead);
    await shows(ahead, 3);
    expect((await db.query('select from customers where id like $1', ['early-%'])).rowCount).toBe(20);
    expect(service?.errors).toEqual([]);
    console.log(
      '[POINT-6] an app ahead of the server kept 20 mutations, which went when the server had its version',
    );
  }, 120_000);

  it('[POINT-6] pages are lowered for apps one and two versions old, by pull and live', async () => {
    await serve(1);
    await populate();
    await serve(3);
    const seen = [await open('ana', 1), await open('ben', 2), await open('cleo', 3)] as const;
    for (const device of seen) await firstCopy(device);
    const [one, two, three] = seen;
    await shows(one, 1);
    await shows(two, 2);
    await shows(three, 3);
    await three.db.write([
      {
        sql: `update customers set first_name = 'New', last_name = 'From Three', email = 'a@b' where id = ?`,
        parameters: [clientOf(1, 3)],
      },
      { sql: `update parts set title = 'titled' where id = 'part-1-3'` },
      { sql: `insert into tasks (id, store_id, task) values ('t', '1', 'unknown to version 1')` },
      { sql: 'delete from customers where id = ?', parameters: [clientOf(2, 3)] },
    ]);
    await drained(three);
    await shows(one, 1);
    await shows(two, 2);
    expect(await two.db.all('select task from tasks')).toEqual([{ task: 'unknown to version 1' }]);
    await two.db.write([
      { sql: `update customers set name = 'Written By Two' where id = ?`, parameters: [clientOf(1, 4)] },
    ]);
    await drained(two);
    for (const [at, device] of seen.entries()) await shows(device, (at + 1) as 1 | 2 | 3);
    const { rows } = await db.query('select first_name, last_name from customers where id = $1', [
      clientOf(1, 4),
    ]);
    expect(rows).toEqual([{ first_name: 'Written', last_name: 'By Two' }]);
    expect(service?.errors).toEqual([]);
    console.log(
      '[POINT-6] three versions of the app side by side on one server show the same rows, each in its words',
    );
  }, 120_000);
});

const codeOf = ({ problem }: SqlRow): string => (JSON.parse(String(problem)) as { code: string }).code;
