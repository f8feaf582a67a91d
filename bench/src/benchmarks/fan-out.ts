import type { Benchmark } from '../benchmark.ts';
import { Crowd } from '../crowd.ts';
import { WireClient } from '../work/wire.ts';

const HERE = import.meta.url;
const SESSIONS = 200;
const CHANGES = 100;

/** One change after the other, each to 200 sessions. */
export const fanOut: Benchmark = {
  name: 'fan-out',
  title: 'Fan-out to 200 live sessions',
  warmUps: 2,
  lines: [
    {
      name: 'cpu',
      what: 'CPU of the server, a delivery',
      unit: 'µs',
      target: { of: 'figure', atMost: 20 },
    },
    { name: 'time', what: 'from push to the last of 200', unit: 'ms' },
  ],
  async open(world) {
    const stage = await world.stage(1_000);
    const crowd = await Crowd.gather(stage, SESSIONS);
    await crowd.copyAll();
    await crowd.goLive();
    const writer = world.child();
    await writer.call(HERE, 'openWriter', stage.url, await world.token('writer'));
    let round = 0;
    // The first change brings the sessions to the tailer's place.
    let expected = await crowd.delivered();
    const changeOnce = async (name: string): Promise<void> => {
      expected += SESSIONS;
      const all = crowd.untilDelivered(expected);
      await writer.call(HERE, 'writeAlert', name);
      await all;
    };
    await changeOnce('first');
    return async () => {
      round += 1;
      const { ms, usage } = await stage.measure([crowd.child], async () => {
        for (let at = 0; at < CHANGES; at++) await changeOnce(`${round}-${at}`);
      });
      return {
        figures: { cpu: (usage.server!.cpu * 1e6) / (CHANGES * SESSIONS), time: ms / CHANGES },
        usage,
      };
    };
  },
};

let writer: WireClient | undefined;

/** In the writer's process. */
export const openWriter = (url: string, token: string): void => {
  writer = new WireClient(url, token);
};

export const writeAlert = async (key: string): Promise<void> => {
  await writer?.push(
    [{ table: 'alerts', key, values: { id: key, projectId: 'p1', body: 'Water in the cellar' } }],
    'writer',
  );
};
