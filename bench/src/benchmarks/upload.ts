import type { Benchmark } from '../benchmark.ts';
import { limitModule } from '../limits/modules.ts';
import type { PostgresLimits } from '../limits/postgres.ts';
import { nowMs } from '../measure/statistics.ts';
import { INSERT_TASK, makeTasks, taskParameters } from '../rows.ts';
import { DEVICE } from '../stage.ts';
import { openedDevice, wireBytes } from '../work/device-side.ts';

const HERE = import.meta.url;
const WRITES = 10_000;

/** A device comes back with 10,000 writes, each a mutation of its own, and gets an outcome for each. */
export const upload: Benchmark = {
  name: 'upload',
  title: 'Upload of 10,000 offline writes, exactly once',
  warmUps: 1,
  lines: [
    {
      name: 'rate',
      what: 'mutations settled on the device',
      unit: 'rows/s',
      limit: 'PostgreSQL insert from JSON',
      target: { of: 'figure', atLeast: 30_000 },
    },
    { name: 'device', what: 'CPU of the device, a mutation', unit: 'µs' },
    { name: 'server', what: 'CPU of the server, a mutation', unit: 'µs' },
    { name: 'postgres', what: 'CPU of PostgreSQL, a mutation', unit: 'µs' },
    { name: 'bytes', what: 'bytes up, a mutation', unit: 'bytes' },
  ],
  async open(world) {
    const stage = await world.stage(1_000);
    let round = 0;
    return async () => {
      round += 1;
      const machine = world.child();
      const postgres = await machine.call<PostgresLimits>(
        limitModule('postgres'),
        'postgresLimits',
        stage.database,
        WRITES,
      );
      await machine.end();
      const device = await stage.device('ana', { start: false, online: true });
      await device.call(HERE, 'prepare', round);
      let sent = { ms: 0, bytes: 0, pending: 0 };
      const { usage } = await stage.measure([device], async () => {
        sent = await device.call(HERE, 'send');
      });
      await device.call(DEVICE, 'closeDevice');
      await device.end();
      const { rows } = await stage.db.query<{ n: number }>('select count(*)::int as n from public.tasks');
      if (sent.pending > 0 || rows[0]?.n !== 1_000 + round * WRITES)
        throw new Error(`${sent.pending} mutations are pending, ${rows[0]?.n} rows are there`);
      const each = (cpu: number | undefined): number => ((cpu ?? Number.NaN) * 1e6) / WRITES;
      return {
        figures: {
          rate: (WRITES * 1_000) / sent.ms,
          device: each(usage.client?.cpu),
          server: each(usage.server?.cpu),
          postgres: each(usage.postgres?.cpu),
          bytes: sent.bytes / WRITES,
        },
        limits: { rate: postgres.insertFromJson },
        usage,
      };
    };
  },
};

/** In the device: 10,000 local transactions while there is no network. */
export const prepare = async (seed: number): Promise<void> => {
  const { db, network } = openedDevice();
  db.sync.start();
  await db.sync.now();
  network.set(false);
  await db.sync.idle();
  for (const task of makeTasks(WRITES, 1_000 + seed))
    await db.write([{ sql: INSERT_TASK, parameters: taskParameters(task) }]);
};

/** In the device: the network is back; resolves when nothing is pending. */
export const send = async (): Promise<{ ms: number; bytes: number; pending: number }> => {
  const { db, network } = openedDevice();
  const before = (await wireBytes()).up;
  const start = nowMs();
  network.set(true);
  await db.sync.now();
  const ms = nowMs() - start;
  return { ms, bytes: (await wireBytes()).up - before, pending: (await db.status()).pending };
};
