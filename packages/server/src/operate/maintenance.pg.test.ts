import { openDatabase } from '@satchel/server/postgres';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualScheduler } from '../../test/manual-scheduler.ts';
import type { Log } from '../context.ts';
import { silentLog } from '../http/log.ts';
import { type Chore, startMaintenance } from './maintenance.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const random = { next: () => 0, bytes: (length: number) => new Uint8Array(length) };
const start = (chores: readonly Chore[], scheduler: ManualScheduler, log: Log = silentLog) =>
  startMaintenance(chores, { db: database.db, scheduler, random, log });

describe('chores', () => {
  it('[OPS-01] each comes round at its own interval, counted from the end of its last run', async () => {
    const scheduler = new ManualScheduler();
    const runs: string[] = [];
    let release = (): void => {};
    const chores: Chore[] = [
      { name: 'often', every: 1_000, alone: false, run: async () => runs.push('often') },
      { name: 'seldom', every: 5_000, alone: false, run: async () => runs.push('seldom') },
      {
        name: 'slow',
        every: 1_000,
        alone: false,
        run: () => {
          runs.push('slow');
          return new Promise<void>((resolve) => {
            release = resolve;
          });
        },
      },
    ];
    const maintenance = start(chores, scheduler);
    await scheduler.pass(5_000);
    expect(runs.filter((name) => name === 'often')).toHaveLength(5);
    expect(runs.filter((name) => name === 'seldom')).toHaveLength(1);
    expect(runs.filter((name) => name === 'slow')).toHaveLength(1);
    release();
    await new Promise((resolve) => setImmediate(resolve));
    await scheduler.pass(1_000);
    expect(runs.filter((name) => name === 'slow')).toHaveLength(2);
    release();
    await maintenance.stop();
  });

  it('[OPS-02] one that fails is logged without its message and tried again; the others go on', async () => {
    const scheduler = new ManualScheduler();
    const logged: unknown[] = [];
    let failures = 0;
    let runs = 0;
    const maintenance = start(
      [
        {
          name: 'failing',
          every: 3_600_000,
          alone: false,
          run: async () => {
            failures += 1;
            throw new Error('Key (name)=(Wheat) exists');
          },
        },
        { name: 'good', every: 3_600_000, alone: false, run: async () => (runs += 1) },
      ],
      scheduler,
      { ...silentLog, error: (fields) => logged.push(fields) },
    );
    await scheduler.pass(3_600_000 + 25_000);
    expect([failures, runs]).toEqual([3, 1]);
    expect(logged).toHaveLength(3);
    expect(JSON.stringify(logged)).not.toContain('Wheat');
    await expect(maintenance.run('failing')).rejects.toThrow('Wheat');
    await maintenance.stop();
  });

  it('[OPS-03] a chore for one node runs on one node at a time, and on another when that one is done', async () => {
    const other = await openDatabase(database.url);
    let entered = (): void => {};
    let leave = (): void => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const done = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const runs: string[] = [];
    const one = start(
      [
        {
          name: 'prune',
          every: 1_000,
          alone: true,
          run: async () => {
            runs.push('one');
            entered();
            await done;
          },
        },
      ],
      new ManualScheduler(),
    );
    const two = startMaintenance(
      [{ name: 'prune', every: 1_000, alone: true, run: async () => runs.push('two') }],
      {
        db: other,
        scheduler: new ManualScheduler(),
        random,
        log: silentLog,
      },
    );
    const first = one.run('prune');
    await inside;
    await two.run('prune');
    expect(runs).toEqual(['one']);
    leave();
    await first;
    await two.run('prune');
    expect(runs).toEqual(['one', 'two']);
    await Promise.all([one.stop(), two.stop()]);
    await other.close();
  });

  it('[OPS-04] a stop starts nothing more and waits for what is under way', async () => {
    const scheduler = new ManualScheduler();
    let leave = (): void => {};
    let finished = false;
    const maintenance = start(
      [
        {
          name: 'long',
          every: 1_000,
          alone: false,
          run: async () => {
            await new Promise<void>((resolve) => {
              leave = resolve;
            });
            finished = true;
          },
        },
      ],
      scheduler,
    );
    await scheduler.pass(1_000);
    const stopped = maintenance.stop();
    expect(finished).toBe(false);
    leave();
    await stopped;
    expect([finished, scheduler.waiting]).toEqual([true, 0]);
  });

  it('[OPS-09] all due at once, as after a sleep, take no more than a few connections for their locks', async () => {
    const scheduler = new ManualScheduler();
    const db = await openDatabase({ url: database.url, connections: 3 });
    let done = 0;
    const chores = Array.from(
      { length: 6 },
      (_, at): Chore => ({
        name: `alone ${at}`,
        every: 1_000,
        alone: true,
        run: async () => {
          await db.query('select 1');
          done += 1;
        },
      }),
    );
    const maintenance = startMaintenance(chores, { db, scheduler, random, log: silentLog });
    await scheduler.pass(1_000);
    await maintenance.stop();
    expect(done).toBe(6);
    await db.close();
  });
});
