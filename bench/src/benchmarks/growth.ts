import type { Benchmark } from '../benchmark.ts';
import { median } from '../measure/statistics.ts';
import { DEFAULT_ROWS } from '../world.ts';
import { catchUpOnce, heldDevice } from './catch-up.ts';

const MIB = 1_048_576;
const ROUNDS = 5;

/** Does it cost more when there is more? The same with 100,000 rows and with as many as were asked for. */
export const growth: Benchmark = {
  name: 'growth',
  title: 'As many rows as were asked for, beside 100,000',
  fromRows: DEFAULT_ROWS + 1,
  maxRounds: 1,
  lines: (
    [
      ['catchUp', 'back after 1,000 rows were changed', 'ms'],
      ['server', 'peak memory of the server', 'MiB'],
      ['client', 'peak memory of the device', 'MiB'],
    ] as const
  ).map(([name, what, unit]) => ({
    name,
    what,
    unit,
    limit: 'with 100,000 rows',
    target: { of: 'ratio', atMost: 1.2 },
  })),
  async open(world) {
    const of = async (rows: number) => {
      const stage = await world.stage(rows);
      const device = await heldDevice(stage);
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round++) times.push((await catchUpOnce(stage, device, round)).time);
      const [server, client] = [await stage.server.usage(), await device.usage()];
      await device.end();
      return {
        catchUp: median(times),
        server: (server.peak ?? Number.NaN) / MIB,
        client: (client.peak ?? Number.NaN) / MIB,
      };
    };
    return async () => {
      const limits = await of(DEFAULT_ROWS);
      return { figures: await of(world.rows), limits };
    };
  },
};
