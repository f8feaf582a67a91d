import { type Random, UuidV7Source } from '@satchel/core';
import { counter, defineApp, id, integer, table, text } from '@satchel/schema';
import {
  createServer,
  type Database,
  type SatchelServer,
  silentLog,
  systemClock,
  type Transaction,
} from '@satchel/server';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { seededRandom } from '@satchel/testing/random';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Device, openDevice, SECRET, shares } from './devices.ts';

/*
 * Nobody misses a change, and nobody waits for an open transaction: racing writers by
 * plain SQL and by push, clients that listen and clients that ask, one transaction open
 * from before the first write until everybody has everything.
 */

const LONG = process.env.SATCHEL_LONG !== undefined;
const WRITING_MS = LONG ? 60_000 : 15_000;
const ROWS = 2_000;
const STORES = ['a', 'b', 'c', 'd'];
const SQL_WRITERS = 5;
const PUSH_WRITERS = 3;
const SEED = Number(process.env.SATCHEL_SEED ?? 1);

const app = defineApp({
  name: 'no-gap',
  tables: {
    items: table(
      { id: id(), store: text(), name: text(), amount: counter() },
      {
        scope: 'store:{store}',
        conflicts: { update: 'client-wins', delete: 'delete-wins', insert: 'merge' },
      },
    ),
    // One row for each transaction that committed, written in it.
    commits: table({ id: id(), writer: text(), step: integer() }, { scope: 'log', lane: 'urgent' }),
  },
  scopesOf: ({ claims }) => [
    'log',
    ...(Array.isArray(claims.stores) ? claims.stores.map((store) => `store:${String(store)}`) : []),
  ],
  // Nothing starts a run but the device itself or the server's word.
  sync: { schedule: {}, triggers: { urgentWrite: false } },
});

let database: TestDatabase;
let server: SatchelServer;
const crashes: unknown[] = [];
const devices: Device[] = [];

const open = async (name: string, stores: readonly string[], live: boolean): Promise<Device> => {
  const device = await openDevice({
    app,
    server: server.url,
    name,
    claims: { stores: [...stores] },
    live,
    onCrash: (error) => crashes.push(error),
  });
  devices.push(device);
  return device;
};

beforeAll(async () => {
  database = await testDatabase({ connections: SQL_WRITERS + 4 });
  server = await createServer({
    app,
    database: database.url,
    auth: { keys: { kind: 'secret', secret: SECRET } },
    limits: { requestsPerMinute: 1_000_000 },
    log: silentLog,
  });
});
afterAll(async () => {
  await Promise.all(devices.map((device) => device.remove()));
  await server.stop(0);
  await database.drop();
});

/** What happened, in the order in which it happened. */
class Events {
  #next = 0;
  readonly committed = new Map<string, number>();
  readonly reached = new Map<string, Map<string, number>>();
  readonly lags: number[] = [];
  readonly #committedAt = new Map<string, number>();

  now(): number {
    this.#next += 1;
    return this.#next;
  }
  commit(id: string): void {
    this.committed.set(id, this.now());
    this.#committedAt.set(id, performance.now());
  }
  reach(listener: string, id: string): void {
    const own = this.reached.get(listener) ?? new Map<string, number>();
    this.reached.set(listener, own);
    if (!own.has(id)) own.set(id, this.now());
    const at = this.#committedAt.get(id);
    // It may come before the writer hears that it has committed.
    this.lags.push(at === undefined ? 0 : performance.now() - at);
  }
}

class RolledBack extends Error {}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Whole numbers below a bound, from one seed. */
const picker = (random: Random) => (bound: number) => Math.floor(random.next() * bound);

const keysOf = (pick: (bound: number) => number): string[] =>
  // In key order, as everybody who writes several rows should: no deadlocks.
  [...new Set(Array.from({ length: 1 + pick(4) }, () => `i${pick(ROWS)}`))].sort();

/** Plain SQL: held open, rolled back, partly undone; commits come in any order. */
const writeBySql = async (
  db: Database,
  number: number,
  isOver: () => boolean,
  events: Events,
): Promise<number> => {
  const pick = picker(seededRandom(SEED * 1_000 + number));
  const step = async (tx: Transaction, key: string): Promise<void> => {
    const store = STORES[pick(STORES.length)];
    switch (pick(5)) {
      case 0:
        await tx.query('delete from items where id = $1', [key]);
        return;
      case 1:
        await tx.query('update items set store = $2 where id = $1', [key, store]);
        return;
      default:
        await tx.query(
          `insert into items (id, store, name, amount) values ($1, $2, $3, 1)
           on conflict (id) do update set name = excluded.name, amount = items.amount + 1`,
          [key, store, `sql ${number} ${pick(1_000_000)}`],
        );
    }
  };
  let rolledBack = 0;
  for (let count = 0; !isOver(); count += 1) {
    const id = `sql-${number}-${count}`;
    const note = (tx: Transaction) =>
      tx.query('insert into commits (id, writer, step) values ($1, $2, $3)', [id, `sql-${number}`, count]);
    try {
      await db.transaction('write', async (tx) => {
        const isNotedFirst = pick(2) === 0;
        if (isNotedFirst) await note(tx);
        for (const key of keysOf(pick)) {
          if (pick(4) > 0) await step(tx, key);
          else
            await tx
              .savepoint(async () => {
                await step(tx, key);
                if (pick(2) === 0) throw new RolledBack();
              })
              .catch((error: unknown) => {
                if (!(error instanceof RolledBack)) throw error;
              });
          if (pick(3) === 0) await pause(pick(40));
        }
        if (!isNotedFirst) await note(tx);
        if (pick(6) === 0) throw new RolledBack();
      });
      events.commit(id);
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error;
      rolledBack += 1;
    }
    await pause(pick(20));
  }
  return rolledBack;
};

interface Pushed {
  readonly writes: number;
  /** Into a store that the user has no right to. */
  readonly forbidden: number;
}

/** By push: a device writes on its own rows and sends; some it has no right to, and none of that is kept. */
const writeByPush = async (
  device: Device,
  stores: readonly string[],
  isOver: () => boolean,
): Promise<Pushed> => {
  const { db, name } = device;
  const pick = picker(seededRandom(SEED * 1_000 + 500 + Number(name.slice(5))));
  const ids = new UuidV7Source(systemClock, seededRandom(SEED * 7_000 + Number(name.slice(5))));
  let [writes, forbidden] = [0, 0];
  for (let count = 0; !isOver(); count += 1) {
    const held = (await db.all('select id from items order by random() limit 4')).map((row) =>
      String(row.id),
    );
    const statements = held.slice(0, 1 + pick(4)).map((key) => {
      switch (pick(5)) {
        case 0:
          return { sql: 'delete from items where id = ?', parameters: [key] };
        case 1:
          return {
            sql: 'update items set store = ? where id = ?',
            parameters: [stores[pick(stores.length)], key],
          };
        default:
          return {
            sql: 'update items set name = ?, amount = amount + 1 where id = ?',
            parameters: [`${name} ${count}`, key],
          };
      }
    });
    const isForbidden = pick(8) === 0;
    writes += 1;
    if (isForbidden) forbidden += 1;
    await db.write([
      ...statements,
      {
        sql: 'insert into items (id, store, name, amount) values (?, ?, ?, 1)',
        parameters: [ids.next(), isForbidden ? 'nobody' : stores[pick(stores.length)], `${name} ${count}`],
      },
      {
        sql: 'insert into commits (id, writer, step) values (?, ?, ?)',
        parameters: [`${name}-${count}`, name, count],
      },
    ]);
    if (pick(3) === 0) await db.sync.now();
    await pause(pick(40));
  }
  return { writes, forbidden };
};

/** Sends and fetches until nothing is left. */
const drain = async ({ db }: Device): Promise<void> => {
  for (;;) {
    const run = await db.sync.now();
    const { pending } = await db.status();
    if (run?.problem === undefined && pending === 0) return;
  }
};

const contentOf = async ({ db }: Device): Promise<string[]> => [
  ...(await db.all('select id, store, name, amount from items order by id')).map((row) =>
    JSON.stringify([row.id, row.store, row.name, Number(row.amount)]),
  ),
  ...(await db.all('select id, writer, step from commits order by id')).map((row) =>
    JSON.stringify([row.id, row.writer, Number(row.step)]),
  ),
];

/** The same by plain SQL, with the scopes written out once more. */
const truthOf = async (db: Database, stores: readonly string[]): Promise<string[]> => [
  ...(
    await db.query<{ id: string; store: string; name: string; amount: number }>(
      'select id, store, name, amount from items where store = any($1) order by id collate "C"',
      [stores],
    )
  ).rows.map((row) => JSON.stringify([row.id, row.store, row.name, Number(row.amount)])),
  ...(
    await db.query<{ id: string; writer: string; step: number }>(
      'select id, writer, step from commits order by id collate "C"',
    )
  ).rows.map((row) => JSON.stringify([row.id, row.writer, Number(row.step)])),
];

/** Resolves to true as soon as the condition holds, looked at after each event; to false after `ms`. */
const within = (ms: number, listen: (look: () => void) => () => void, holds: () => Promise<boolean>) =>
  new Promise<boolean>((resolve, reject) => {
    let end = (): void => {};
    const finish = (result: boolean): void => {
      clearTimeout(timer);
      end();
      resolve(result);
    };
    const timer = setTimeout(() => finish(false), ms);
    const look = (): void => {
      holds().then((held) => {
        if (held) finish(true);
      }, reject);
    };
    end = listen(look);
    look();
  });

test('[POINT-1] no gap, no stall: every commit reaches every client while one transaction stays open', {
  timeout: WRITING_MS + 120_000,
}, async () => {
  const { db } = database;
  await db.query(
    `insert into items (id, store, name, amount)
       select 'i' || n, ($1::text[])[1 + n % 4], 'first', 0 from generate_series(0, $2) n`,
    [STORES, ROWS - 1],
  );

  let release: () => void = () => {};
  const released = new Promise<void>((done) => {
    release = done;
  });
  let isOpen: () => void = () => {};
  const opened = new Promise<void>((done) => {
    isOpen = done;
  });
  const longest = db.transaction('write', async (tx) => {
    await tx.query(`set local idle_in_transaction_session_timeout = 0`);
    await tx.query(
      `insert into items (id, store, name, amount) values ('longest', 'a', 'open all the time', 1)`,
    );
    await tx.query(`insert into commits (id, writer, step) values ('longest', 'longest', 0)`);
    isOpen();
    await released;
  });
  await opened;

  const storesOf = (at: number): string[] => [STORES[at % 4]!, STORES[(at + 1) % 4]!];
  const listening = await Promise.all([0, 1, 2, 3, 4].map((at) => open(`listen${at}`, storesOf(at), true)));
  const polling = await Promise.all([0, 1, 2, 3, 4].map((at) => open(`poll${at}`, storesOf(at), false)));
  const pushing = await Promise.all(
    Array.from({ length: PUSH_WRITERS }, (_, at) => open(`push-${at}`, storesOf(at), false)),
  );
  await Promise.all([...listening, ...polling, ...pushing].map(drain));
  for (const { db: local } of listening)
    expect(
      await within(
        10_000,
        (look) => local.onStatus(look),
        async () => (await local.status()).live,
      ),
      'every listener is live',
    ).toBe(true);

  const events = new Events();
  const heard: (() => void)[] = [];
  for (const { name, db: local } of listening) {
    let last = 0;
    local.live({ sql: 'select max(rowid) as last from commits' }, () => {
      local.all('select rowid as place, id from commits where rowid > ? order by rowid', [last]).then(
        (rows) => {
          for (const row of rows) {
            last = Math.max(last, Number(row.place));
            events.reach(name, String(row.id));
          }
          for (const look of heard) look();
        },
        (error) => crashes.push(error),
      );
    });
  }

  const end = performance.now() + WRITING_MS;
  const isOver = (): boolean => performance.now() >= end;
  let pulls = 0;
  const polls = Promise.all(
    polling.map(async ({ db: local }) => {
      while (!isOver()) {
        await local.sync.now();
        pulls += 1;
        await pause(50);
      }
    }),
  );
  const [rolledBack, pushed] = await Promise.all([
    Promise.all(Array.from({ length: SQL_WRITERS }, (_, at) => writeBySql(db, at, isOver, events))),
    Promise.all(pushing.map((device, at) => writeByPush(device, storesOf(at), isOver))),
  ]);
  await polls;
  await Promise.all(pushing.map(drain));

  const { rows } = await db.query<{ id: string }>('select id from commits');
  const committed = rows.map((row) => row.id);
  const missing = (name: string): string[] => {
    const reached = events.reached.get(name);
    return committed.filter((id) => !reached?.has(id));
  };
  const allReached = await within(
    30_000,
    (look) => {
      heard.push(look);
      return () => heard.splice(heard.indexOf(look), 1);
    },
    async () => listening.every(({ name }) => missing(name).length === 0),
  );
  for (const { name } of listening) expect(missing(name), `what never reached ${name}`).toEqual([]);
  expect(allReached).toBe(true);
  await Promise.all(polling.map(drain));
  for (const [at, device] of [...listening.entries(), ...polling.entries()])
    expect(await contentOf(device), `${device.name}, one transaction still open`).toEqual(
      await truthOf(db, storesOf(at)),
    );

  // The order of events: all the above, and only then the end of the open transaction.
  const endOfLongest = events.now();
  release();
  await longest;
  for (const reached of events.reached.values()) {
    expect(reached.size).toBe(committed.length);
    expect(Math.max(...reached.values())).toBeLessThan(endOfLongest);
  }

  await Promise.all([...polling, ...pushing].map(drain));
  for (const [at, device] of listening.entries()) {
    const truth = await truthOf(db, storesOf(at));
    const isEqual = async (): Promise<boolean> =>
      JSON.stringify(await contentOf(device)) === JSON.stringify(truth);
    await within(10_000, (look) => device.db.onStatus(look), isEqual);
  }
  for (const [at, device] of [...listening.entries(), ...polling.entries(), ...pushing.entries()])
    expect(await contentOf(device), `${device.name} at the end`).toEqual(await truthOf(db, storesOf(at)));
  for (const device of listening) expect(device.livePages()).toBeGreaterThan(0);
  expect(rolledBack.every((count) => count > 0)).toBe(true);
  let refused = 0;
  for (const [at, { db: local, name }] of pushing.entries()) {
    const { writes, forbidden } = pushed[at]!;
    const quarantined = (await local.quarantine.list()).length;
    const kept = committed.filter((id) => id.startsWith(`${name}-`)).length;
    expect(kept + quarantined, `every write of ${name} is on the server or in quarantine`).toBe(writes);
    expect(quarantined).toBeGreaterThanOrEqual(forbidden);
    refused += quarantined;
  }
  expect(refused).toBeGreaterThan(0);
  expect(crashes).toEqual([]);

  const bySql = committed.filter((id) => id.startsWith('sql')).length;
  console.log(
    `[POINT-1] seed ${SEED}: ${committed.length} commits in ${WRITING_MS / 1_000} s (${bySql} by SQL, ` +
      `${committed.length - bySql} by push), ${rolledBack.reduce((a, b) => a + b, 0)} rolled back, ` +
      `${refused} refused; ${listening.length} listeners got ` +
      `${listening.reduce((sum, device) => sum + device.livePages(), 0)} live pages, ${pulls} polls; ` +
      `ms from commit to listener: ${shares(events.lags)}`,
  );
});
