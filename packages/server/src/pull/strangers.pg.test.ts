import { describe, expect, test } from 'vitest';
import { seeded } from '../../test/pull/random-writers.ts';
import { insertProducts, truth } from '../../test/pull/shop.ts';
import { useShop } from '../../test/pull/use-shop.ts';

const at = useShop();
const { member, caughtUp } = at;

describe('strangers', () => {
  test('[PULL-25] a token that somebody made up is a page or `cursor_invalid`, never anything else', async () => {
    const ann = await caughtUp();
    await insertProducts(at.shop.db, '3', 300, 30);
    await member('ann', '3');
    await ann.step();
    const filling = ann.replica.cursor!;
    await ann.catchUp();
    await at.shop.db.query(`update products set name = repeat('y', 900)`);
    await ann.step();
    const inParts = ann.replica.cursor!;
    const random = seeded(42);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const hostile = [
      null,
      true,
      -1,
      0,
      1.5,
      1e300,
      99_999,
      '',
      '0',
      '-1',
      'x',
      '\u0000',
      '\ud800',
      '9'.repeat(18),
      '9'.repeat(25),
      '1:1:',
      '1:5:2,3',
      '5:1:9',
      '1:99:100',
      [],
      {},
      [[]],
      ['1', 1, 'k'],
      ['999999999999999999', 3, '\u0000'],
    ];
    const spoil = (value: unknown, depth: number): unknown => {
      if (depth === 0 || value === null || typeof value !== 'object') return pick(hostile);
      if (Array.isArray(value)) {
        const at = Math.floor(random() * value.length);
        return value.map((item, index) => (index === at ? spoil(item, depth - 1) : item));
      }
      const name = pick([...Object.keys(value), 'part', 'more']);
      return { ...value, [name]: spoil((value as Record<string, unknown>)[name], depth - 1) };
    };
    let pages = 0;
    for (let round = 0; round < 400; round += 1) {
      const cursor = JSON.parse(Buffer.from(pick([filling, inParts]), 'base64url').toString());
      ann.replica.cursor = Buffer.from(JSON.stringify(spoil(cursor, 1 + (round % 5)))).toString('base64url');
      try {
        await ann.ask();
        pages += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: 'cursor_invalid' });
      }
    }
    expect(pages).toBeGreaterThan(10);
    ann.replica.cursor = inParts;
    await ann.catchUp();
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });
});
