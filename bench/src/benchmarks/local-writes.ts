import type { Benchmark } from '../benchmark.ts';
import { limitModule } from '../limits/modules.ts';
import type { SqliteLimit } from '../limits/sqlite.ts';
import { nowMs } from '../measure/statistics.ts';
import { INSERT_TASK, makeTasks, taskParameters } from '../rows.ts';
import { DEVICE } from '../stage.ts';
import { openedDevice } from '../work/device-side.ts';

const HERE = import.meta.url;
const SQLITE = limitModule('sqlite');

/** Rows that the server has and the device holds. */
const CONFIRMED = 20_000;
/** Writes of a transaction each. */
const SINGLE = 2_000;
/** Rows of the bulk, which follow those written one by one. */
const BULK = CONFIRMED - SINGLE;
const PER_TRANSACTION = 1_000;
/** Seed of the rows that are inserted: they must be others than those that are there. */
const NEW_ROWS = 2;

/** Durable writes on a device without a network: outbox, base and checks included. */
export const localWrites: Benchmark = {
  name: 'local-writes',
  title: 'Durable local writes, outbox included',
  lines: (
    [
      ['inserts', 'inserts, one by one', 'writes/s'],
      ['bulkInserts', 'inserts, 1,000 a transaction', 'rows/s'],
      ['updates', 'updates, one by one', 'writes/s'],
      ['bulkUpdates', 'updates, 1,000 a transaction', 'rows/s'],
    ] as const
  ).map(([name, what, unit]) => ({
    name,
    what,
    unit,
    limit: 'better-sqlite3 alone, also FULL',
    target: { of: 'ratio', atLeast: 0.5 },
  })),
  async open(world) {
    const stage = await world.stage(CONFIRMED);
    return async () => {
      const machine = world.child();
      const directory = await world.newFolder();
      const bare = (name: string, rows: number, perTransaction: number): Promise<number> =>
        machine.call(SQLITE, name, {
          directory,
          rows,
          perTransaction,
          synchronous: 'full',
        } satisfies SqliteLimit);
      const device = await stage.device('ana', { start: false });
      await device.call(HERE, 'fillAndCut');
      const before = await device.usage();
      const limits = {
        inserts: (SINGLE * 1_000) / (await bare('bareInserts', SINGLE, 1)),
        updates: (SINGLE * 1_000) / (await bare('bareUpdates', SINGLE, 1)),
        bulkInserts: (BULK * 1_000) / (await bare('bareInserts', BULK, PER_TRANSACTION)),
        bulkUpdates: (BULK * 1_000) / (await bare('bareUpdates', BULK, PER_TRANSACTION)),
      };
      const figures = {
        inserts: (SINGLE * 1_000) / (await device.call<number>(HERE, 'insertRows', 0, SINGLE, 1)),
        updates: (SINGLE * 1_000) / (await device.call<number>(HERE, 'updateRows', 0, SINGLE, 1)),
        bulkInserts:
          (BULK * 1_000) / (await device.call<number>(HERE, 'insertRows', SINGLE, BULK, PER_TRANSACTION)),
        bulkUpdates:
          (BULK * 1_000) / (await device.call<number>(HERE, 'updateRows', SINGLE, BULK, PER_TRANSACTION)),
      };
      const after = await device.usage();
      await device.call(DEVICE, 'closeDevice');
      await Promise.all([machine.end(), device.end()]);
      return { figures, limits, usage: { client: { cpu: after.cpu - before.cpu, peak: after.peak } } };
    };
  },
};

/** In the device: takes in what there is, then loses the network. */
export const fillAndCut = async (): Promise<void> => {
  const { db, network } = openedDevice();
  db.sync.start();
  await db.sync.now();
  network.set(false);
};

/** In the device: milliseconds of inserts. */
export const insertRows = async (from: number, count: number, perTransaction: number): Promise<number> =>
  written(
    makeTasks(from + count, NEW_ROWS)
      .slice(from)
      .map((task) => ({ sql: INSERT_TASK, parameters: taskParameters(task) })),
    perTransaction,
  );

/** In the device: milliseconds of updates of rows that the server has confirmed. */
export const updateRows = async (from: number, count: number, perTransaction: number): Promise<number> =>
  written(
    makeTasks(from + count)
      .slice(from)
      .map(({ id }, at) => ({
        sql: 'update tasks set title = ? where id = ?',
        parameters: [`Edited ${at}`, id],
      })),
    perTransaction,
  );

const written = async (
  statements: readonly { readonly sql: string; readonly parameters: (string | number)[] }[],
  perTransaction: number,
): Promise<number> => {
  const { db } = openedDevice();
  const start = nowMs();
  for (let from = 0; from < statements.length; from += perTransaction)
    await db.write(statements.slice(from, from + perTransaction));
  return nowMs() - start;
};
