import type { Benchmark } from '../benchmark.ts';
import type { Child } from '../child.ts';
import { limitModule } from '../limits/modules.ts';
import { nowMs } from '../measure/statistics.ts';
import type { Stage } from '../stage.ts';
import { openedDevice, wireBytes } from '../work/device-side.ts';

const HERE = import.meta.url;
const CHANGED = 1_000;

/** A device comes back after 1,000 rows were changed by others. */
export const catchUp: Benchmark = {
  name: 'catch-up',
  title: 'Back after 1,000 rows were changed',
  warmUps: 2,
  lines: [
    {
      name: 'time',
      what: 'from network to screen',
      unit: 'ms',
      limit: 'JSON, HTTP, SQLite upserts',
      target: { of: 'figure', atMost: 45 },
    },
    { name: 'nothing', what: 'the same when nothing was changed', unit: 'ms' },
    { name: 'bytes', what: 'bytes of a changed row on the wire', unit: 'bytes' },
  ],
  async open(world) {
    const stage = await world.stage(world.rows);
    const device = await heldDevice(stage);
    let round = 0;
    return async () => {
      const machine = world.child();
      const limit = await machine.call<number>(
        limitModule('postgres'),
        'changedRows',
        stage.database,
        await world.newFolder(),
        CHANGED,
      );
      await machine.end();
      const { time, bytes, usage } = await catchUpOnce(stage, device, round++);
      const nothing = await device.call<{ ms: number }>(HERE, 'comeBack');
      return {
        figures: { time, nothing: nothing.ms, bytes: bytes / CHANGED },
        limits: { time: limit },
        usage,
      };
    };
  },
};

/** A device that holds all there is, without a network. */
export const heldDevice = async (stage: Stage): Promise<Child> => {
  const device = await stage.device('ana', { start: false });
  await device.call(HERE, 'fill');
  return device;
};

export const catchUpOnce = async (stage: Stage, device: Child, round: number) => {
  await stage.db.query(
    `update public.tasks set title = $1 where id in (
       select id from (select id, row_number() over (order by id) as n from public.tasks) t
       where n % greatest(1, (select count(*) / $2 from public.tasks)) = 0 limit $2)`,
    [`Round ${round}`, CHANGED],
  );
  let back = { ms: 0, bytes: 0, rows: 0 };
  const { usage } = await stage.measure([device], async () => {
    back = await device.call(HERE, 'comeBack');
  });
  if (back.rows !== CHANGED) throw new Error(`${back.rows} rows came`);
  return { time: back.ms, bytes: back.bytes, usage };
};

/** In the device. */
export const fill = async (): Promise<void> => {
  const { db, network } = openedDevice();
  db.sync.start();
  await db.sync.now();
  network.set(false);
  await db.sync.idle();
};

/** In the device: the network comes, and goes again when all is there. */
export const comeBack = async (): Promise<{ ms: number; bytes: number; rows: number }> => {
  const { db, network } = openedDevice();
  const before = (await wireBytes()).down;
  const start = nowMs();
  network.set(true);
  const run = await db.sync.now();
  const ms = nowMs() - start;
  const bytes = (await wireBytes()).down - before;
  network.set(false);
  await db.sync.idle();
  return { ms, bytes, rows: run?.rowsDown ?? 0 };
};
