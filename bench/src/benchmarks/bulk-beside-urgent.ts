import type { Benchmark } from '../benchmark.ts';
import { nowMs, percentile } from '../measure/statistics.ts';
import { WireClient } from '../work/wire.ts';

const HERE = import.meta.url;
const ROWS = 10_000;
const QUIET = 50;

/** Urgent writes while one transaction of plain SQL updates 10,000 rows. */
export const bulkBesideUrgent: Benchmark = {
  name: 'bulk-beside-urgent',
  title: 'Urgent writes beside a server transaction of 10,000 rows',
  lines: [
    {
      name: 'urgent',
      what: 'push of an urgent write meanwhile, 95 of 100',
      unit: 'ms',
      limit: 'the same in quiet',
    },
    { name: 'bulk', what: 'the transaction', unit: 'ms' },
  ],
  async open(world) {
    const stage = await world.stage(ROWS);
    const writer = world.child();
    await writer.call(HERE, 'openWriter', stage.url, await world.token('writer'));
    return async () => {
      const quiet = await writer.call<number[]>(HERE, 'pushFor', QUIET);
      const busy = writer.call<number[]>(HERE, 'pushUntilStopped');
      const start = nowMs();
      await stage.db.query("update public.tasks set title = title || '.'");
      const bulk = nowMs() - start;
      await writer.call(HERE, 'stop');
      return {
        figures: { urgent: percentile(await busy, 0.95), bulk },
        limits: { urgent: percentile(quiet, 0.95) },
      };
    };
  },
};

let client: WireClient | undefined;
let stopped = false;
let next = 0;

/** In the writer's process. */
export const openWriter = (url: string, token: string): void => {
  client = new WireClient(url, token);
};

const push = async (): Promise<number> => {
  const key = `urgent-${next++}`;
  const start = nowMs();
  await client?.push([{ table: 'alerts', key, values: { id: key, projectId: 'p1', body: 'Now' } }], 'writer');
  return nowMs() - start;
};

export const pushFor = async (times: number): Promise<number[]> => {
  const took: number[] = [];
  for (let at = 0; at < times; at++) took.push(await push());
  return took;
};

export const pushUntilStopped = async (): Promise<number[]> => {
  const took: number[] = [];
  stopped = false;
  while (!stopped) took.push(await push());
  return took;
};

export const stop = (): void => {
  stopped = true;
};
