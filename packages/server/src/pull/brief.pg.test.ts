import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { insertProducts, openShop, Puller, principal, type Shop, truth } from '../../test/pull/shop.ts';

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
  await shop.db.query(`insert into members values ('ann', '1'), ('ann', '2')`);
  await insertProducts(shop.db, '1', 0, 6);
});
afterEach(() => shop.drop());

const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line));
const kinds = (lines: readonly string[]) => parsed(lines).map(({ line }) => line);

const reader = async (number = 1): Promise<Puller> => {
  const puller = new Puller(shop.ctx, principal('ann'), number);
  puller.brief = true;
  await puller.catchUp();
  return puller;
};

/** As its push would, with the versions that its answer would tell. */
const writeAs = (client: Puller, statement: string) =>
  shop.db.transaction('write', async (tx) => {
    await tx.query(`select set_config('satchel.writer', $1, true)`, [client.clientId]);
    await tx.query(statement);
    const { rows } = await tx.query<{ key: string; version: number; values: Record<string, unknown> }>(
      `select e.key, max(e.version) as version, json_build_object('storeId', p.store_id, 'name', p.name,
         'price', p.price, 'stock', p.stock, 'extra', p.extra,
         'madeAt', round(date_part('epoch', p.made_at) * 1000)) as values
       from satchel.entries e join products p on p.id = e.key
       where e.xid = pg_current_xact_id() group by e.key, p.id`,
    );
    for (const { key, version, values } of rows) client.replica.wrote('products', key, version, values);
    return rows;
  });

describe('rows in brief', () => {
  test('[PULL-50] a client is told rows that it wrote by their versions, others get them whole', async () => {
    const [ann, other] = [await reader(1), await reader(2)];
    const wrote = await writeAs(
      ann,
      `update products set name = 'mine' where id in ('p000001', 'p000002');
       insert into products (id, store_id, name, stock) values ('new', '2', 'mine too', 1)`,
    );
    await shop.db.query(`update products set name = 'theirs' where id = 'p000003'`);
    const { lines } = await ann.step();
    const own = parsed(lines).filter(({ line }) => line === 'own');
    expect(own.flatMap(({ keys }) => keys).sort()).toEqual(['new', 'p000001', 'p000002']);
    for (const { key, version } of wrote)
      expect(own.some(({ keys, versions }) => versions[keys.indexOf(key)] === version)).toBe(true);
    expect(lines.join()).not.toMatch(/mine/);
    expect(lines.join()).toMatch(/theirs/);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
    const whole = await other.step();
    expect(kinds(whole.lines)).not.toContain('own');
    expect(other.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });

  test('[PULL-50] who does not ask for it gets whole rows, also from the same cursor again', async () => {
    const ann = await reader();
    await writeAs(ann, `update products set name = 'mine' where id = 'p000001'`);
    ann.brief = false;
    const { lines } = await ann.step();
    expect(kinds(lines)).toEqual(['head', 'rows', 'tail']);
  });

  test('[PULL-50] what somebody else wrote last comes whole', async () => {
    const ann = await reader();
    await writeAs(ann, `update products set name = 'mine' where id = 'p000001'`);
    await shop.db.query(`update products set price = 9 where id = 'p000001'`);
    expect(kinds((await ann.step()).lines)).toEqual(['head', 'rows', 'tail']);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });

  test('[PULL-51] rows come whole while a copy runs, after another view, and through a filter', async () => {
    const ann = await reader();
    await insertProducts(shop.db, '3', 1_000, 1_500);
    await shop.db.query(`insert into members values ('ann', '3')`);
    await ann.step();
    await writeAs(ann, `update products set name = 'while copying' where id = 'p000001'`);
    expect((await ann.catchUp()).join()).toMatch(/while copying/);

    ann.principal = principal('ann', ['manager']);
    await writeAs(ann, `update products set name = 'as manager' where id = 'p000002'`);
    expect((await ann.catchUp()).join()).toMatch(/as manager/);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann', true));

    ann.subscription = { filters: { products: [{ column: 'stock', op: '>=', value: 0 }] } };
    await ann.catchUp();
    await writeAs(ann, `update products set name = 'filtered' where id = 'p000003'`);
    const { lines } = await ann.step();
    expect(lines.join()).toMatch(/filtered/);
    expect(kinds(lines)).not.toContain('own');
  });
});
