import { randomUUID } from 'node:crypto';
import type { Benchmark } from '../benchmark.ts';
import { nowMs, percentile } from '../measure/statistics.ts';
import { makeTasks } from '../rows.ts';
import { WireClient } from '../work/wire.ts';

const HERE = import.meta.url;
const CONNECTIONS = 50;
const PUSHES = 20;
const MUTATIONS = 20;

/** Fifty connections push without a pause, twenty mutations a request. */
export const sustainedPush: Benchmark = {
  name: 'sustained-push',
  title: 'Sustained push over 50 connections',
  warmUps: 1,
  lines: [
    { name: 'rate', what: 'mutations', unit: 'writes/s' },
    { name: 'p95', what: 'time of a request, 95 of 100', unit: 'ms' },
    { name: 'server', what: 'CPU of the server, a mutation', unit: 'µs' },
    { name: 'postgres', what: 'CPU of PostgreSQL, a mutation', unit: 'µs' },
  ],
  async open(world) {
    const stage = await world.stage(1_000);
    const tokens = await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, at) => world.token(`user${at}`)),
    );
    return async () => {
      const child = world.child();
      let took: number[] = [];
      const { ms, usage } = await stage.measure([child], async () => {
        took = await child.call<number[]>(HERE, 'pushAll', stage.url, tokens);
      });
      await child.end();
      const count = CONNECTIONS * PUSHES * MUTATIONS;
      return {
        figures: {
          rate: (count * 1_000) / ms,
          p95: percentile(took, 0.95),
          server: (usage.server!.cpu * 1e6) / count,
          postgres: ((usage.postgres?.cpu ?? Number.NaN) * 1e6) / count,
        },
        usage,
      };
    };
  },
};

/** In the pushers' process: milliseconds of each request. */
export const pushAll = async (url: string, tokens: readonly string[]): Promise<number[]> => {
  const took: number[] = [];
  const tasks = makeTasks(MUTATIONS);
  const pushes = tokens.map(async (token, at) => {
    const client = new WireClient(url, token);
    for (let push = 0; push < PUSHES; push++) {
      const inserts = tasks.map((task) => {
        const id = randomUUID();
        return { table: 'tasks', key: id, values: { ...task, id } };
      });
      const start = nowMs();
      await client.push(inserts, `user${at}`);
      took.push(nowMs() - start);
    }
    client.close();
  });
  await Promise.all(pushes);
  return took;
};
