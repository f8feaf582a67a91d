import type { Benchmark } from '../benchmark.ts';
import { limitModule } from '../limits/modules.ts';
import type { NetworkLimits } from '../limits/network.ts';
import type { NotifyLimits } from '../limits/postgres.ts';
import { nowMs, percentile } from '../measure/statistics.ts';
import { openedDevice, untilStatus } from '../work/device-side.ts';

const HERE = import.meta.url;
const CHANGES = 200;

/** From the call of `write` on one device to the live query on another, one change after the other. */
export const liveDelivery: Benchmark = {
  name: 'live-delivery',
  title: 'One change reaches another device',
  warmUps: 2,
  lines: [
    {
      name: 'p50',
      what: 'from write to live query, half of them',
      unit: 'ms',
      limit: 'UPDATE, NOTIFY, HTTP, socket',
      target: { of: 'figure', atMost: 5 },
    },
    {
      name: 'p95',
      what: 'from write to live query, 95 of 100',
      unit: 'ms',
      target: { of: 'figure', atMost: 15 },
    },
  ],
  async open(world) {
    const stage = await world.stage(10_000);
    const writer = await stage.device('ana');
    const reader = await stage.device('ben');
    await Promise.all([writer, reader].map((device) => device.call(HERE, 'untilLive')));
    await reader.call(HERE, 'listen');
    let round = 0;
    return async () => {
      const machine = world.child();
      const notify = await machine.call<NotifyLimits>(
        limitModule('postgres'),
        'updateAndNotify',
        stage.database,
        CHANGES,
      );
      const network = await machine.call<NetworkLimits>(limitModule('network'), 'networkLimits', CHANGES);
      await machine.end();
      const took: number[] = [];
      round += 1;
      const { usage } = await stage.measure([writer, reader], async () => {
        for (let at = 0; at < CHANGES; at++) {
          const heard = reader.call<number>(HERE, 'heard', keyOf(round, at));
          const written = await writer.call<number>(HERE, 'writeAlert', keyOf(round, at));
          took.push((await heard) - written);
        }
      });
      return {
        figures: { p50: percentile(took, 0.5), p95: percentile(took, 0.95) },
        limits: { p50: notify.p50 + network.http + network.echo },
        usage,
      };
    };
  },
};

/** Later keys are greater: the live query shows the last ones. */
const keyOf = (round: number, at: number): string =>
  `r${String(round).padStart(3, '0')}-${String(at).padStart(4, '0')}`;

/** In a device: resolves when it is at a checkpoint and its socket is open. */
export const untilLive = (): Promise<void> =>
  untilStatus((status) => status.live && status.complete && !status.downloading);

const arrivals = new Map<string, number>();
const waiting = new Map<string, (at: number) => void>();

/** In the reader: a live query over the alerts of one project. */
export const listen = async (): Promise<void> => {
  const { db } = openedDevice();
  const query = db.live(
    { sql: "select id from alerts where project_id = 'p1' order by id desc limit 20" },
    ({ added }) => {
      const at = nowMs();
      for (const { id } of added) {
        const key = String(id);
        arrivals.set(key, at);
        waiting.get(key)?.(at);
      }
    },
    (error) => {
      throw error;
    },
  );
  await query.ready;
};

export const heard = (key: string): Promise<number> | number =>
  arrivals.get(key) ?? new Promise((done) => waiting.set(key, done));

/** In the writer: when it began to write. */
export const writeAlert = async (key: string): Promise<number> => {
  const { db } = openedDevice();
  const at = nowMs();
  await db.write([
    {
      sql: 'insert into alerts (id, project_id, body) values (?, ?, ?)',
      parameters: [key, 'p1', 'Water in the cellar'],
    },
  ]);
  return at;
};
