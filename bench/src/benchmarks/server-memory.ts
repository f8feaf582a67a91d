import type { Benchmark } from '../benchmark.ts';
import { Crowd } from '../crowd.ts';

const CLIENTS = 50;
const MIB = 1_048_576;

/** What the server holds when 50 clients have taken in all there is and stay live. */
export const serverMemory: Benchmark = {
  name: 'server-memory',
  title: 'The server with 50 clients',
  maxRounds: 1,
  lines: [
    {
      name: 'peak',
      what: 'peak memory of the server',
      unit: 'MiB',
      target: { of: 'figure', atMost: 256 },
    },
    { name: 'rate', what: 'rows to all 50 together', unit: 'rows/s' },
    { name: 'cpu', what: 'CPU of the server, per 100,000 rows', unit: 's' },
  ],
  async open(world) {
    const stage = await world.stage(world.rows);
    return async () => {
      const crowd = await Crowd.gather(stage, CLIENTS);
      let rows = 0;
      const { ms, usage } = await stage.measure([crowd.child], async () => {
        rows = (await crowd.copyAll()).rows;
        await crowd.goLive();
      });
      await crowd.disperse();
      if (rows !== CLIENTS * world.rows) throw new Error(`${rows} rows came`);
      return {
        figures: {
          peak: (usage.server!.peak ?? Number.NaN) / MIB,
          rate: (rows * 1_000) / ms,
          cpu: (usage.server!.cpu * 100_000) / rows,
        },
        usage,
      };
    };
  },
};
