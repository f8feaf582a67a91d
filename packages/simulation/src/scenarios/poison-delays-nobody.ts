import type { Scenario } from './scenario.ts';
import { MINUTE, SECOND, type Stage } from './stage.ts';

const ITEMS = 400;
/** One item in a hundred is one that the server never takes. */
const BAD_EVERY = 100;

/** Milliseconds from each good entry's local commit to its commit on the server. */
const delays = async (stage: Stage, isBad: (item: number) => boolean): Promise<readonly number[]> => {
  const device = stage.device(1);
  const mark = stage.mark;
  const writtenAt = new Map<string, number>();
  for (let item = 0; item < ITEMS; item += 1) {
    const key = await stage.book(device, item, isBad(item) ? 'nowhere' : 's1');
    if (!isBad(item)) writtenAt.set(key, stage.now);
    await stage.world.timeline.advance(50);
  }
  await stage.until('all good items have settled', async () =>
    (await stage.unsettled(device)).every(({ state }) => state === 'quarantined'),
  );
  const took: number[] = [];
  for (const { at, rows } of stage.since(mark, 'committed'))
    for (const { table, op, after } of rows) {
      const from = writtenAt.get(String(after?.id));
      if (table === 'ledger' && op === 'insert' && from !== undefined) took.push(at - from);
    }
  stage.mustBe(took.length === writtenAt.size, `${took.length} of ${writtenAt.size} good items arrived`);
  return took.sort((a, b) => a - b);
};

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** The same work twice: without a bad item, and with one in a hundred. */
export const poisonDelaysNobody: Scenario = {
  name: 'poison-delays-nobody',
  title: 'one item in a hundred is refused for ever: it keeps the others waiting for less than a second',
  async play(stage) {
    const clean = await delays(stage, () => false);
    await stage.pass(MINUTE);
    const poisoned = await delays(stage, (item) => item % BAD_EVERY === BAD_EVERY / 2);
    const [p50, p99] = [at(poisoned, 0.5) - at(clean, 0.5), at(poisoned, 0.99) - at(clean, 0.99)];
    stage.figure('items', ITEMS);
    stage.figure('bad', ITEMS / BAD_EVERY);
    stage.figure('delayP50Ms', p50);
    stage.figure('delayP99Ms', p99);
    stage.mustBe(p99 < SECOND, `the slowest hundredth waits ${p99} ms longer`);
  },
};
