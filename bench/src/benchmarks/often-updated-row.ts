import type { Benchmark } from '../benchmark.ts';
import { type comeBack, heldDevice } from './catch-up.ts';

const UPDATES = 5_000;
const CATCH_UP = new URL('./catch-up.js', import.meta.url).href;

/** History must not cost: a row that was updated 5,000 times is one entry. */
export const oftenUpdatedRow: Benchmark = {
  name: 'often-updated-row',
  title: 'One row, updated 5,000 times while a device was away',
  maxRounds: 3,
  lines: [
    {
      name: 'bytes',
      what: 'bytes to catch up',
      unit: 'bytes',
      limit: 'the same after one update',
      target: { of: 'ratio', atMost: 1.1 },
    },
    { name: 'time', what: 'time to catch up', unit: 'ms', limit: 'the same after one update' },
    { name: 'writer', what: 'time of the last 500 updates', unit: 'ms', limit: 'of the first 500' },
  ],
  async open(world) {
    const stage = await world.stage(10_000);
    const device = await heldDevice(stage);
    const { rows } = await stage.db.query<{ id: string }>('select id from public.tasks order by id limit 1');
    const id = rows[0]?.id;
    const update = async (times: number): Promise<number> => {
      const start = performance.now();
      for (let at = 0; at < times; at++)
        await stage.db.query(
          'update public.tasks set priority = priority + 1 where id = $1',
          [id],
          'bench_often',
        );
      return performance.now() - start;
    };
    const back = (): Promise<Awaited<ReturnType<typeof comeBack>>> => device.call(CATCH_UP, 'comeBack');
    return async () => {
      await update(1);
      await back();
      await update(1);
      const once = await back();
      const first = await update(500);
      await update(UPDATES - 1_000);
      const last = await update(500);
      const often = await back();
      if (often.rows !== 1) throw new Error(`${often.rows} rows came`);
      return {
        figures: { bytes: often.bytes, time: often.ms, writer: last },
        limits: { bytes: once.bytes, time: once.ms, writer: first },
      };
    };
  },
};
