import type { Benchmark } from '../benchmark.ts';
import { limitModule } from '../limits/modules.ts';
import type { ReadLimits } from '../limits/sqlite.ts';
import { nowMs, percentile } from '../measure/statistics.ts';
import { makeTasks } from '../rows.ts';
import { openedDevice } from '../work/device-side.ts';

const HERE = import.meta.url;
const LIST = 'select * from tasks where project_id = ? order by priority limit 50';

/** What a screen waits for. */
export const localReads: Benchmark = {
  name: 'local-reads',
  title: 'Local reads',
  lines: [
    {
      name: 'get',
      what: 'a row by its id',
      unit: 'µs',
      limit: 'better-sqlite3 alone',
      target: { of: 'figure', atMost: 20 },
    },
    {
      name: 'list',
      what: 'the first 50 of a tenth of all',
      unit: 'ms',
      limit: 'better-sqlite3 alone',
      target: { of: 'figure', atMost: 0.3 },
    },
    {
      name: 'live',
      what: 'from a write to the live query of 50 rows',
      unit: 'ms',
      target: { of: 'figure', atMost: 0.8 },
    },
    { name: 'liveIdle', what: 'a write that no live query can show', unit: 'ms' },
  ],
  async open(world) {
    const { rows } = world;
    const stage = await world.stage(rows);
    const device = await stage.device('ana', { start: false });
    await device.call(HERE, 'prepare', rows);
    const machine = world.child();
    return async () => {
      const bare = await machine.call<ReadLimits>(
        limitModule('sqlite'),
        'bareReads',
        await world.newFolder(),
        rows,
      );
      const figures = {
        get: await device.call<number>(HERE, 'gets', 5_000),
        list: await device.call<number>(HERE, 'lists', 500),
        live: await device.call<number>(HERE, 'liveAfterWrite', 200, true),
        liveIdle: await device.call<number>(HERE, 'liveAfterWrite', 200, false),
      };
      return { figures, limits: { get: bare.get, list: bare.list }, usage: { client: await device.usage() } };
    };
  },
};

let ids: readonly string[] = [];

/** In the device. */
export const prepare = async (rows: number): Promise<void> => {
  const { db, network } = openedDevice();
  ids = makeTasks(rows).map(({ id }) => id);
  db.sync.start();
  await db.sync.now();
  network.set(false);
  await db.sync.idle();
};

const typical = async (times: number, work: (at: number) => Promise<unknown>): Promise<number> => {
  const took: number[] = [];
  for (let at = 0; at < times; at++) {
    const start = nowMs();
    await work(at);
    took.push(nowMs() - start);
  }
  return percentile(took, 0.5);
};

export const gets = async (times: number): Promise<number> => {
  const { db } = openedDevice();
  const took = await typical(times, (at) =>
    db.get('select * from tasks where id = ?', [ids[(at * 7_919) % ids.length]]),
  );
  return took * 1_000;
};

export const lists = (times: number): Promise<number> => {
  const { db } = openedDevice();
  return typical(times, (at) => db.all(LIST, [`p${at % 10}`]));
};

/** Writes one row of the list, or one that it cannot hold, with a live query open; for the first, until it is told. */
export const liveAfterWrite = async (times: number, shows: boolean): Promise<number> => {
  const { db } = openedDevice();
  let told = (): void => undefined;
  const query = db.live({ sql: LIST, parameters: ['p1'], identity: ['id'] }, () => told());
  await query.ready;
  const shown = (await db.all(LIST, ['p1'])).map(({ id }) => String(id));
  const result = await typical(times, async (at) => {
    const heard = new Promise<void>((done) => {
      told = done;
    });
    if (shows) {
      await db.write([
        {
          sql: 'update tasks set title = ? where id = ?',
          parameters: [`Live ${at} ${nowMs()}`, shown[at % shown.length]],
        },
      ]);
      await heard;
    } else {
      await db.write([
        {
          sql: 'insert into alerts (id, project_id, body) values (?, ?, ?)',
          parameters: [`a${nowMs()}`, 'p2', 'Nobody watches'],
        },
      ]);
    }
  });
  query.stop();
  return result;
};
