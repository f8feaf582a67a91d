import type { Scenario } from './scenario.ts';
import { MINUTE, SECOND, type Stage } from './stage.ts';

const ITEMS = 400;
/** One item in a hundred is one that the server never takes. */
const BAD_EVERY = 100;

/** Milliseconds from the local commit to the commit on the server, by item; none of the bad ones. */
type Delays = ReadonlyMap<number, number>;

const delays = async (stage: Stage, isBad: (item: number) => boolean): Promise<Delays> => {
  const device = stage.device(1);
  const mark = stage.mark;
  const written = new Map<string, { readonly item: number; readonly at: number }>();
  for (let item = 0; item < ITEMS; item += 1) {
    const key = await stage.book(device, item, isBad(item) ? 'nowhere' : 's1');
    if (!isBad(item)) written.set(key, { item, at: stage.now });
    await stage.world.timeline.advance(50);
  }
  await stage.until('all good items have settled', async () =>
    (await stage.unsettled(device)).every(({ state }) => state === 'quarantined'),
  );
  const took = new Map<number, number>();
  for (const { at, rows } of stage.since(mark, 'committed'))
    for (const { table, op, after } of rows) {
      const from = written.get(String(after?.id));
      if (table === 'ledger' && op === 'insert' && from !== undefined) took.set(from.item, at - from.at);
    }
  stage.mustBe(took.size === written.size, `${took.size} of ${written.size} good items arrived`);
  return took;
};

const percentile = (values: Iterable<number>, share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};

/**
 * The same work twice: without a bad item, and with one in a hundred. Items wait for the upload that is under
 * way, more or less by where they fall in it; so both runs are told whole, and of each good item how much
 * later it came in the second.
 */
export const poisonDelaysNobody: Scenario = {
  name: 'poison-delays-nobody',
  title: 'one item in a hundred is refused for ever: it keeps the others waiting for less than a second',
  async play(stage) {
    const without = await delays(stage, () => false);
    await stage.pass(MINUTE);
    const poisoned = await delays(stage, (item) => item % BAD_EVERY === BAD_EVERY / 2);
    const later = [...poisoned].map(([item, took]) => took - (without.get(item) ?? 0));
    const slowest = percentile(poisoned.values(), 0.99) - percentile(without.values(), 0.99);
    stage.figure('items', ITEMS);
    stage.figure('bad', ITEMS / BAD_EVERY);
    stage.figure('withP50Ms', percentile(poisoned.values(), 0.5));
    stage.figure('withP99Ms', percentile(poisoned.values(), 0.99));
    stage.figure('withoutP50Ms', percentile(without.values(), 0.5));
    stage.figure('withoutP99Ms', percentile(without.values(), 0.99));
    stage.figure('laterP50Ms', percentile(later, 0.5));
    stage.figure('laterP99Ms', percentile(later, 0.99));
    stage.mustBe(slowest < SECOND, `the slowest hundredth waits ${slowest} ms longer`);
  },
};
