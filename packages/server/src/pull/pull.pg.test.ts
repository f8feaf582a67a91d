import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insertProducts, openShop, Puller, principal, type Shop, truth } from '../../test/pull/shop.ts';

let shop: Shop;
let clients = 0;

beforeAll(async () => {
  shop = await openShop({ pageRows: 10 });
});
afterAll(() => shop.drop());
beforeEach(async () => {
  await shop.db.query(`truncate products, alerts, audits, members;
    delete from satchel.entries; delete from satchel.horizons; delete from satchel.mutations`);
});

const member = (user: string, ...stores: string[]) =>
  shop.db.query(`insert into members select $1, unnest($2::text[])`, [user, stores]);
const puller = (user: string, roles: readonly string[] = []) => {
  clients += 1;
  return new Puller(shop.ctx, principal(user, roles), clients);
};
const linesOf = (lines: readonly string[], kind: string) =>
  lines.map((line) => JSON.parse(line)).filter(({ line }) => line === kind);

describe('a first copy', () => {
  test('[PULL-01] brings every row of the scopes, the urgent lane first, and ends in a checkpoint', async () => {
    await member('ann', '1', '2');
    await insertProducts(shop.db, '1', 0, 25);
    await insertProducts(shop.db, '2', 100, 3);
    await insertProducts(shop.db, '3', 200, 3);
    await shop.db.query(`insert into alerts values ('a1', '2', 'fire')`);
    const ann = puller('ann');
    const first = await ann.step();
    expect(linesOf(first.lines, 'rows')[0].table).toBe('alerts');
    expect(first.checkpoint).toBe(false);
    const last = linesOf(await ann.catchUp(), 'tail').at(-1);
    expect(last).toMatchObject({ checkpoint: true, more: false, remaining: 0 });
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
    expect(ann.replica.rows.size).toBe(29);
  });

  test('[PULL-02] resumes after a cut at any page, with rows changed meanwhile', async () => {
    await member('ann', '1', '2');
    await insertProducts(shop.db, '1', 0, 40);
    await insertProducts(shop.db, '2', 100, 15);
    const ann = puller('ann');
    let more = true;
    for (let page = 0; more; page += 1) {
      // A page that is lost on the way: the same cursor brings it again.
      await ann.ask();
      await shop.db.query(`update products set name = 'changed ' || $1 where id = $2`, [
        page,
        `p00000${page}`,
      ]);
      await shop.db.query(`delete from products where id = $1`, [`p0000${30 + page}`]);
      await shop.db.query(`update products set store_id = '2' where id = $1`, [`p0000${20 + page}`]);
      ({ more } = await ann.step());
    }
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });
});
