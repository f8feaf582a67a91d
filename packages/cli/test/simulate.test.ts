import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPlace, type Place } from './command.ts';

let place: Place;
beforeAll(() => {
  place = newPlace();
});
afterAll(() => {
  place.remove();
});

describe('satchel simulate and satchel scorecard', () => {
  it('[CMD-60] one seed gives one trace hash, and exit code 0 when all is well', async () => {
    const [one, other] = await Promise.all([
      place.run(['simulate', '--core', '--seed', '7']),
      place.run(['simulate', '--core', '--seed', '7']),
    ]);
    expect(one.code).toBe(0);
    expect(one.stdout).toMatch(/^Seed 7: trace [0-9a-f]{16}$/m);
    expect(/trace \w+/.exec(other.stdout)?.[0]).toBe(/trace \w+/.exec(one.stdout)?.[0]);
  });

  it('[CMD-61] keeps the figures of a run with its command, and the scorecard shows them', async () => {
    const kept = ['--record', 'figures.json'];
    expect((await place.run(['simulate', '--core', '--seeds', '1..40', '--twice', ...kept])).code).toBe(0);
    const card = (await place.json(['scorecard', '--records', 'figures.json'])) as {
      readonly figures: readonly {
        readonly id: string;
        readonly value: string | null;
        readonly from: string;
      }[];
    };
    expect(card.figures.map(({ id }) => id)).toEqual(Array.from({ length: 28 }, (_, at) => `R${at + 1}`));
    expect(card.figures[0]).toMatchObject({
      value: expect.stringContaining('40 on the pure core'),
      from: expect.stringContaining('satchel simulate --core --seeds 1..40 --twice'),
    });
    expect(card.figures[4]?.value).toBe('40 of 40 (core)');
    for (const { value, from } of card.figures) if (value === null) expect(from.length).toBeGreaterThan(10);
  });

  it('[CMD-62] says what is wrong with its options', async () => {
    for (const words of [
      ['--seeds', '5', '--core'],
      ['--steps', 'many', '--core'],
      ['--faults', 'F2', '--core'],
      ['--faults', 'F99'],
    ]) {
      const { code, stderr } = await place.run(['simulate', ...words]);
      expect(code).toBe(2);
      expect(stderr).toContain(words[0]!);
    }
  });
});
