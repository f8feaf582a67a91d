import type { Benchmark } from '../benchmark.ts';
import { makeTasks } from '../rows.ts';
import { openedDevice, untilStatus, wireBytes } from '../work/device-side.ts';

const HERE = import.meta.url;
const EDITS = 20;
/** Bytes of the row that is edited. */
const ROW = 2_000;

/** What one field of a row of 2 kB costs on the wire, to the server and to another device. */
export const editBytes: Benchmark = {
  name: 'edit-bytes',
  title: 'An edit of one field of a 2 kB row',
  maxRounds: 1,
  lines: [
    {
      name: 'both',
      what: 'bytes up and its answer, and down to another device',
      unit: 'bytes',
      target: { of: 'figure', atMost: 800 },
    },
    { name: 'up', what: 'the request of the writer', unit: 'bytes' },
    { name: 'answer', what: 'the answer to the writer', unit: 'bytes' },
    { name: 'down', what: 'the page to the other device, live', unit: 'bytes' },
    { name: 'echo', what: 'the page to the writer, live', unit: 'bytes' },
  ],
  async open(world) {
    const stage = await world.stage(0);
    const words = makeTasks(40, 9)
      .map(({ body }) => body)
      .join(' ');
    await stage.db.query(
      `insert into public.tasks (id, project_id, title, body, done, priority, updated_at)
       values ('big', 'p1', 'A long report', $1, false, 1, '2026-01-01')`,
      [words.slice(0, ROW)],
    );
    const writer = await stage.device('ana');
    const reader = await stage.device('ben');
    await Promise.all([writer, reader].map((device) => device.call(HERE, 'untilLive')));
    return async () => {
      const both = () => Promise.all([writer, reader].map((device) => device.call<Parts>(HERE, 'parts')));
      const before = await both();
      for (let at = 0; at < EDITS; at++) {
        const heard = reader.call(HERE, 'untilPriority', 100 + at);
        await writer.call(HERE, 'edit', 100 + at);
        await heard;
      }
      const after = await both();
      const each = (device: number, part: keyof Parts): number =>
        (after[device]![part] - before[device]![part]) / EDITS;
      const figures = {
        up: each(0, 'pushUp'),
        answer: each(0, 'pushDown'),
        down: each(1, 'rest'),
        echo: each(0, 'rest'),
      };
      return { figures: { ...figures, both: figures.up + figures.answer + figures.down } };
    };
  },
};

interface Parts {
  readonly pushUp: number;
  readonly pushDown: number;
  readonly rest: number;
}

/** In a device: bytes by what they were for. */
export const parts = async (): Promise<Parts> => {
  const { db } = openedDevice();
  const usage = await db.usage('2000-01-01');
  const of = (action: string, direction: 'up' | 'down'): number =>
    usage
      .filter((entry) => entry.action === action && entry.direction === direction)
      .reduce((sum, { bytes }) => sum + bytes, 0);
  const { up, down } = await wireBytes();
  const [pushUp, pushDown] = [of('push', 'up'), of('push', 'down')];
  return { pushUp, pushDown, rest: up + down - pushUp - pushDown };
};

export const untilLive = (): Promise<void> =>
  untilStatus((status) => status.live && status.complete && !status.downloading);

/** In the writer: resolves when the edit is settled. */
export const edit = async (priority: number): Promise<void> => {
  const { db } = openedDevice();
  await db.write([{ sql: "update tasks set priority = ? where id = 'big'", parameters: [priority] }]);
  const { mutationsUp } = (await db.sync.now()) ?? { mutationsUp: 0 };
  if (mutationsUp === 0) await untilStatus((status) => status.pending === 0);
};

/** In the reader. */
export const untilPriority = (priority: number): Promise<void> => {
  const { db } = openedDevice();
  return new Promise((done, failed) => {
    const query = db.live(
      { sql: "select priority from tasks where id = 'big'" },
      ({ rows }) => {
        if (rows[0]?.priority !== priority) return;
        query.stop();
        done();
      },
      failed,
    );
  });
};
