import { describe, expect, it } from 'vitest';
import { Timeline } from './timeline.ts';

const START = 1_800_000_000_000;

/** Something that asks again so long after each answer. */
const asking = (every: number): Timeline => {
  const timeline = new Timeline(START, 1, () => {});
  const ask = (): void => {
    timeline.after(every, ask, 'request c1');
  };
  ask();
  return timeline;
};

describe('time', () => {
  it('[SIM-47] that does not pass is found', { timeout: 60_000 }, async () => {
    await expect(asking(0).advance(1)).rejects.toThrow('time stands still at request c1');
  });

  it('[SIM-47] in which somebody asks without end is found', { timeout: 120_000 }, async () => {
    await expect(asking(10).advance(3_600_000)).rejects.toThrow('somebody asks without end: request c1');
  });

  it('[SIM-47] in which somebody asks each minute for ten days is not', async () => {
    const timeline = asking(60_000);
    await timeline.advance(10 * 86_400_000);
    expect(timeline.events).toBe(14_400);
  });
});
