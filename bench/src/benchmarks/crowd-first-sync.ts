import type { Benchmark } from '../benchmark.ts';
import { Crowd } from '../crowd.ts';

const CLIENTS = 100;
const ROWS = 10_000;

/** A hundred new devices ask for 10,000 rows each, at the same moment. */
export const crowdFirstSync: Benchmark = {
  name: 'crowd-first-sync',
  title: 'First sync of 10,000 rows by 100 clients at once',
  maxRounds: 2,
  lines: [
    { name: 'time', what: 'until the last has all', unit: 's' },
    { name: 'rate', what: 'rows to all together', unit: 'rows/s' },
    { name: 'cpu', what: 'CPU of the server, per 100,000 rows', unit: 's' },
    { name: 'postgres', what: 'CPU of PostgreSQL, per 100,000 rows', unit: 's' },
  ],
  async open(world) {
    const stage = await world.stage(ROWS);
    return async () => {
      const crowd = await Crowd.gather(stage, CLIENTS);
      let rows = 0;
      const { ms, usage } = await stage.measure([crowd.child], async () => {
        rows = (await crowd.copyAll()).rows;
      });
      await crowd.disperse();
      if (rows !== CLIENTS * ROWS) throw new Error(`${rows} rows came`);
      return {
        figures: {
          time: ms / 1_000,
          rate: (rows * 1_000) / ms,
          cpu: (usage.server!.cpu * 100_000) / rows,
          postgres: ((usage.postgres?.cpu ?? Number.NaN) * 100_000) / rows,
        },
        usage,
      };
    };
  },
};
