import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvariantError, SatchelError } from '@satchel/protocol';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Database, Queryable } from './database.ts';
import { openDatabase } from './pg-database.ts';
import { isRetryable } from './pg-errors.ts';

let test: TestDatabase;
let db: Database;
beforeAll(async () => {
  test = await testDatabase();
  db = test.db;
  await db.query('create table t (n integer primary key)');
});
afterAll(() => test.drop());

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await db.query('truncate t');
});

/** A backend that is still within a transaction. */
const RUNNING = `select pid from pg_stat_activity where pid = $1 and state like 'idle in transaction%'`;

const numbers = async (): Promise<number[]> => {
  const { rows } = await db.query<{ n: number }>('select n from t order by n');
  return rows.map(({ n }) => n);
};

/** A way to the server that can be cut. */
const cuttable = async (): Promise<{ url: string; cut: () => void }> => {
  const folder = mkdtempSync(join(tmpdir(), 'satchel-cut-'));
  const real = new URL(test.url);
  const sockets = new Set<Socket>();
  const proxy: Server = createServer((socket) => {
    const onwards =
      real.hostname.startsWith('%2F') || real.hostname.startsWith('%2f')
        ? connect(`${decodeURIComponent(real.hostname)}/.s.PGSQL.${real.port}`)
        : connect(Number(real.port), real.hostname);
    for (const one of [socket, onwards]) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        socket.destroy();
        onwards.destroy();
      });
    }
    socket.pipe(onwards).pipe(socket);
  });
  await new Promise<void>((resolve) => proxy.listen(join(folder, '.s.PGSQL.7777'), resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  closing.push(() => {
    cut();
    proxy.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = new URL(test.url);
  return { url: url.href.replace(url.host, `${encodeURIComponent(folder)}:7777`), cut };
};

const open = async (options: Parameters<typeof openDatabase>[0]): Promise<Database> => {
  const opened = await openDatabase(options);
  closing.push(() => opened.close());
  return opened;
};

describe('values', () => {
  it('[PG-21] come back exact: int8 as a number, times and the rest as text, json as data', async () => {
    const { rows } = await db.query(
      `select 9007199254740991::int8 as safe, 9007199254740993::int8 as large, array[1, 9007199254740993]::int8[] as list,
        timestamptz '2024-01-02 03:04:05.678901+02' as at, date '0044-03-15 BC' as day, 1.50::numeric as exact,
        '{"a": [1]}'::jsonb as data, pg_lsn '0/16B3748' as lsn, '7'::xid8 as xid, pg_snapshot '10:20:10,14' as snapshot,
        true as yes, 0.1::float8 as real`,
    );
    expect(rows).toEqual([
      {
        safe: 9_007_199_254_740_991,
        large: '9007199254740993',
        list: [1, '9007199254740993'],
        at: '2024-01-02 01:04:05.678901+00',
        day: '0044-03-15 BC',
        exact: '1.50',
        data: { a: [1] },
        lsn: '0/16B3748',
        xid: '7',
        snapshot: '10:20:10,14',
        yes: true,
        real: 0.1,
      },
    ]);
  });

  it('[PG-21] names of our own tables never stand before those of an app', async () => {
    const { rows } = await db.query(`select current_setting('search_path') as path`);
    expect(rows).toEqual([{ path: 'public' }]);
  });
});

describe('transactions', () => {
  it('[PG-22] commit what they did, or nothing when they throw', async () => {
    await db.transaction('write', (tx) => tx.query('insert into t values (1)'));
    const failure = new Error('no');
    await expect(
      db.transaction('write', async (tx) => {
        await tx.query('insert into t values (2)');
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await numbers()).toEqual([1]);
  });

  it('[PG-22] savepoints roll back what is inside them, and nest', async () => {
    await db.transaction('write', async (tx) => {
      await tx.query('insert into t values (1)');
      await tx.savepoint(async () => {
        await tx.query('insert into t values (2)');
        await expect(
          tx.savepoint(async () => {
            await tx.query('insert into t values (3)');
            await tx.query('insert into t values (1)');
          }),
        ).rejects.toMatchObject({ code: '23505' });
        await tx.query('insert into t values (4)');
      });
    });
    expect(await numbers()).toEqual([1, 2, 4]);
  });

  it('[PG-22] a statement whose error was swallowed never ends as a commit', async () => {
    const work = db.transaction('write', async (tx) => {
      await tx.query('insert into t values (1)');
      await tx.query('select 1/0').catch(() => undefined);
    });
    await expect(work).rejects.toBeInstanceOf(InvariantError);
    expect(await numbers()).toEqual([]);
  });

  it('[PG-23] write is READ COMMITTED and durable', async () => {
    const { rows } = await db.transaction('write', (tx) =>
      tx.query(
        `select current_setting('transaction_isolation') as isolation, current_setting('synchronous_commit') as durable`,
      ),
    );
    expect(rows).toEqual([{ isolation: 'read committed', durable: 'on' }]);
  });

  it('[PG-23] read-then-write is so from its first statement on', async () => {
    const transaction = `select pg_current_xact_id()::text as xid, current_setting('transaction_isolation') as isolation,
                                current_setting('synchronous_commit') as durable`;
    const found = await db.transaction('read-then-write', async (tx) => {
      const first = await tx.query<{ xid: string }>(transaction);
      const second = await tx.query<{ xid: string }>(transaction);
      return [...first.rows, ...second.rows];
    });
    expect(found[0]).toMatchObject({ isolation: 'read committed', durable: 'on' });
    expect(found[1]).toEqual(found[0]);
  });

  it('[PG-23] where BEGIN fails, nothing is sent after the statement that went with it', async () => {
    const remote = await open({ url: test.url, connections: 1 });
    // A transaction of another isolation is open already, and has read: BEGIN cannot change it any more.
    await remote.query('begin isolation level repeatable read');
    await remote.query('select 1');
    const work = remote.transaction('read-then-write', async (tx) => {
      await tx.query('select 2');
      await tx.query('insert into t values (7)');
    });
    await expect(work).rejects.toMatchObject({ code: '25001' });
    expect(await numbers()).toEqual([]);
  });

  it('[PG-23] snapshot sees one moment, writes nothing, has no xid', async () => {
    await db.transaction('snapshot', async (tx) => {
      await tx.query('select count(*) from t');
      await db.query('insert into t values (1)');
      const { rows } = await tx.query('select count(*) as n, pg_current_xact_id_if_assigned() as xid from t');
      expect(rows).toEqual([{ n: 0, xid: null }]);
      await expect(tx.savepoint(() => tx.query('insert into t values (2)'))).rejects.toMatchObject({
        code: '25006',
      });
    });
  });

  it('[PG-36] the end of a snapshot is not waited for, and hides no failure', async () => {
    const backend = (tx: Queryable) => tx.query<{ pid: number }>('select pg_backend_pid() as pid');
    const first = await db.transaction('snapshot', backend);
    // Its connection comes back by itself, and takes the next one.
    await expect.poll(async () => (await db.query(RUNNING, [first.rows[0]?.pid])).rows).toEqual([]);
    const swallowed = db.transaction('snapshot', async (tx) => {
      await tx.query('select 1 / 0').catch(() => undefined);
    });
    await expect(swallowed).rejects.toThrow(InvariantError);
    const saved = await db.transaction('snapshot', async (tx) => {
      await tx.savepoint(() => tx.query('select 1 / 0')).catch(() => undefined);
      return (await tx.query<{ n: number }>('select 1 as n')).rows;
    });
    expect(saved).toEqual([{ n: 1 }]);
  });

  it('[PG-24] a deadlock is retryable, and leaves the pool usable', async () => {
    await db.query('insert into t values (1), (2)');
    const order = async (first: number, second: number) =>
      db.transaction('write', async (tx) => {
        await tx.query('update t set n = n where n = $1', [first]);
        await meet();
        await tx.query('update t set n = n where n = $1', [second]);
      });
    let waiting = 2;
    let go: () => void = () => undefined;
    const both = new Promise<void>((resolve) => {
      go = resolve;
    });
    const meet = (): Promise<void> => {
      waiting -= 1;
      if (waiting === 0) go();
      return both;
    };
    const results = await Promise.allSettled([order(1, 2), order(2, 1)]);
    const failed = results.filter((one) => one.status === 'rejected');
    expect(failed).toHaveLength(1);
    expect(isRetryable((failed[0] as PromiseRejectedResult).reason)).toBe(true);
    expect(await numbers()).toEqual([1, 2]);
  });
});

describe('a lost connection', () => {
  it('[PG-25] is database_unavailable, when cut in mid-statement and in mid-transaction', async () => {
    const { url, cut } = await cuttable();
    const remote = await open({ url, connections: 2 });
    const sleeping = remote.query('select pg_sleep(30)').catch((error: unknown) => error);
    let inside: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => {
      inside = resolve;
    });
    let leave: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const writing = remote
      .transaction('write', async (tx) => {
        await tx.query('insert into t values (1)');
        inside();
        await left;
      })
      .catch((error: unknown) => error);
    await reached;
    cut();
    expect(await sleeping).toBeInstanceOf(SatchelError);
    leave();
    for (const error of [await sleeping, await writing]) {
      expect(error).toMatchObject({ code: 'database_unavailable', retry: 'later' });
    }
    expect((await remote.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(await numbers()).toEqual([]);
  });

  it('[PG-25] is the same when the server ends it, and when there is no server', async () => {
    const one = await open({ url: test.url, connections: 1, applicationName: 'to be ended' });
    await db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'to be ended'`,
    );
    const failed = await one.query('select 1').catch((error: unknown) => error);
    if (failed instanceof Error) expect(failed).toMatchObject({ code: 'database_unavailable' });
    expect((await one.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await expect(openDatabase('postgres://a:b@127.0.0.1:1/c')).rejects.toMatchObject({
      code: 'database_unavailable',
    });
  });

  it('[PG-26] a listener comes back by itself and says so', async () => {
    const { url, cut } = await cuttable();
    const remote = await open({ url, connections: 1 });
    const heard: string[] = [];
    let notify: () => void = () => undefined;
    const next = () =>
      new Promise<void>((resolve) => {
        notify = resolve;
      });
    let back: () => void = () => undefined;
    const reconnected = new Promise<void>((resolve) => {
      back = resolve;
    });
    const stop = await remote.listen(
      'Some "channel"',
      (payload) => {
        heard.push(payload);
        notify();
      },
      () => back(),
    );
    let arrival = next();
    await db.query(`select pg_notify('Some "channel"', 'first')`);
    await arrival;
    cut();
    await reconnected;
    arrival = next();
    await db.query(`select pg_notify('Some "channel"', 'second')`);
    await arrival;
    expect(heard).toEqual(['first', 'second']);
    await stop();
    const listeners = async () => {
      const { rows } = await db.query(
        `select pid from pg_stat_activity
         where datname = current_database() and query like 'listen%' and pid <> pg_backend_pid()`,
      );
      return rows;
    };
    await expect.poll(listeners).toEqual([]);
  });
});
