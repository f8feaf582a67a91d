import type { Benchmark } from '../benchmark.ts';
import { limitModule } from '../limits/modules.ts';
import type { SqliteLimit } from '../limits/sqlite.ts';
import type { TextLimits } from '../limits/text.ts';
import { nowMs } from '../measure/statistics.ts';
import { DEVICE } from '../stage.ts';
import { openedDevice, wireBytes } from '../work/device-side.ts';

const HERE = import.meta.url;
const MIB = 1_048_576;

/** A new device takes in all that its user may hold. */
export const firstSync: Benchmark = {
  name: 'first-sync',
  title: 'First sync of a new device',
  warmUps: 1,
  lines: [
    {
      name: 'rate',
      what: 'rows into SQLite on the device',
      unit: 'rows/s',
      limit: 'better-sqlite3 alone',
      target: { of: 'ratio', atLeast: 1 / 1.6 },
    },
    {
      name: 'bytes',
      what: 'bytes of a row on the wire',
      unit: 'bytes',
      limit: 'gzip 1',
      target: { of: 'figure', atMost: 100 },
    },
    {
      name: 'cpu',
      what: 'CPU of the server, per 100,000 rows',
      unit: 's',
      target: { of: 'figure', atMost: 0.8 },
    },
    { name: 'server', what: 'peak memory of the server', unit: 'MiB', target: { of: 'figure', atMost: 150 } },
    { name: 'client', what: 'peak memory of the device', unit: 'MiB', target: { of: 'figure', atMost: 180 } },
  ],
  async open(world) {
    const { rows } = world;
    const stage = await world.stage(rows);
    return async () => {
      const machine = world.child();
      const limit: SqliteLimit = {
        directory: await world.newFolder(),
        rows,
        perTransaction: 1_000,
        synchronous: 'normal',
      };
      const bare = await machine.call<number>(limitModule('sqlite'), 'bareInserts', limit);
      const text = await machine.call<TextLimits>(limitModule('text'), 'textLimits', Math.min(rows, 20_000));
      await machine.end();
      const device = await stage.device('ana', { start: false });
      let taken = { ms: 0, rows: 0, bytes: 0 };
      const measured = await stage.measure([device], async () => {
        taken = await device.call(HERE, 'copyAll');
      });
      await device.call(DEVICE, 'closeDevice');
      await device.end();
      if (taken.rows !== rows) throw new Error(`the device holds ${taken.rows} of ${rows} rows`);
      return {
        figures: {
          rate: (rows * 1_000) / taken.ms,
          bytes: taken.bytes / rows,
          cpu: (measured.usage.server!.cpu * 100_000) / rows,
          server: (measured.usage.server!.peak ?? Number.NaN) / MIB,
          client: (measured.usage.client!.peak ?? Number.NaN) / MIB,
        },
        limits: { rate: (rows * 1_000) / bare, bytes: text.gzipBytes },
        usage: measured.usage,
      };
    };
  },
};

/** In the device: starts sync, waits until all is there. */
export const copyAll = async (): Promise<{ ms: number; rows: number; bytes: number }> => {
  const { db } = openedDevice();
  const start = nowMs();
  db.sync.start();
  await db.sync.now();
  const ms = nowMs() - start;
  const held = await db.get('select count(*) as n from tasks');
  return { ms, rows: Number(held?.n), bytes: (await wireBytes()).down };
};
