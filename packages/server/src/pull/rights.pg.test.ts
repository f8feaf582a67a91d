import { describe, expect, test } from 'vitest';
import { insertProducts, principal, truth } from '../../test/pull/shop.ts';
import { linesOf, parsed, useShop } from '../../test/pull/use-shop.ts';

const at = useShop();
const { member, leave, puller, caughtUp } = at;

describe('rights', () => {
  test('[PULL-11] a new scope is copied alone, a revoked one leaves alone, first in its page', async () => {
    const ann = await caughtUp();
    await insertProducts(at.shop.db, '3', 300, 12);
    await member('ann', '3');
    await leave('ann', '1');
    await at.shop.db.query(`update products set name = 'seen no more' where id = 'p000001'`);
    await at.shop.db.query(`update products set name = 'seen' where id = 'p000101'`);
    const lines = await ann.catchUp();
    expect(linesOf(lines, 'scope')).toMatchObject([
      { scope: 'store:1', action: 'left' },
      { scope: 'store:3', action: 'backfill' },
    ]);
    expect(parsed(lines)[1]).toMatchObject({ line: 'scope', action: 'left' });
    expect(new Set(linesOf(lines, 'rows').map(({ scope }) => scope))).toEqual(
      new Set(['store:2', 'store:3']),
    );
    expect(linesOf(lines, 'rows').find(({ scope }) => scope === 'store:2').keys).toEqual(['p000101']);
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
    expect(ann.replica.seen.join('\n')).not.toContain('seen no more');
  });

  test('[PULL-12] a scope that left and came back while the client was away is a plain delta', async () => {
    const ann = await caughtUp();
    await leave('ann', '1');
    await member('ann', '1');
    const { lines } = await ann.step();
    expect(parsed(lines).map(({ line }) => line)).toEqual(['head', 'tail']);
  });

  test('[PULL-13] a scope that leaves during a large delta leaves, and one that comes is copied', async () => {
    const ann = await caughtUp();
    await insertProducts(at.shop.db, '3', 300, 12);
    await at.shop.db.query(`update products set name = name || repeat('!', 300)`);
    await at.shop.db.query(`insert into products (id, store_id, name) select 'q' || n, '1', 'bulk ' || n
      from generate_series(1, 100) n`);
    await ann.step();
    await ann.step();
    await leave('ann', '1');
    await member('ann', '3');
    await ann.catchUp();
    expect(ann.replica.checkpoint).toBe(true);
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });

  test('[PULL-14] rows and columns that the role may not read are in no byte', async () => {
    await at.shop.db.query(`insert into audits values ('u1', '1', 'hidden row')`);
    const ann = await caughtUp();
    await at.shop.db.query(`update products set cost = 4242.5, extra = '{"a": [1, 2]}' where id = 'p000001'`);
    await at.shop.db.query(`update audits set body = 'hidden row again'`);
    await ann.catchUp();
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
    expect(ann.replica.seen.join('\n')).not.toMatch(/hidden row|4242|"cost"/);
  });

  test('[PULL-15] a column or table that comes into view is copied anew, one that goes out of it leaves', async () => {
    await at.shop.db.query(`insert into audits values ('u1', '1', 'for managers')`);
    const ann = await caughtUp();
    await at.shop.db.query(`insert into alerts values ('a1', '1', 'fire')`);
    await ann.catchUp();
    ann.principal = principal('ann', ['manager']);
    const promoted = await ann.catchUp();
    expect(linesOf(promoted, 'scope')).toMatchObject([
      { scope: 'store:1', action: 'reset', tables: ['products', 'audits'] },
      { scope: 'store:2', action: 'reset', tables: ['products', 'audits'] },
    ]);
    expect(linesOf(promoted, 'rows').some(({ table }) => table === 'alerts')).toBe(false);
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann', true));
    ann.principal = principal('ann');
    const demoted = await ann.catchUp();
    expect(linesOf(demoted, 'scope').slice(0, 2)).toMatchObject([
      { action: 'left', tables: ['audits'] },
      { action: 'left', tables: ['audits'] },
    ]);
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });

  test('[PULL-16] a view that changes while a copy is under way loses nothing', async () => {
    await at.shop.db.query(`insert into audits values ('u1', '1', 'for managers')`);
    await member('ann', '1', '2');
    await insertProducts(at.shop.db, '1', 0, 40);
    await insertProducts(at.shop.db, '2', 100, 15);
    const ann = puller('ann');
    for (let page = 0; page < 4; page += 1) {
      await ann.step();
      await at.shop.db.query(`update products set cost = $1 where id = $2`, [page, `p00000${page}`]);
      await ann.step();
      ann.principal = principal('ann', page % 2 === 0 ? ['manager'] : []);
    }
    ann.principal = principal('ann', ['manager']);
    await ann.catchUp();
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann', true));
  });
});

describe('filters', () => {
  test('[PULL-17] a row that no longer passes leaves, one that passes again comes back', async () => {
    const ann = puller('ann');
    ann.subscription = { filters: { products: [{ column: 'price', op: '<', value: 5 }] } };
    await member('ann', '1');
    await insertProducts(at.shop.db, '1', 0, 40);
    await ann.catchUp();
    const passing = async () =>
      (await truth(at.shop.db, 'ann')).filter((line) => /"price":[0-4]\b/.test(line));
    expect(ann.replica.content()).toEqual(await passing());
    await at.shop.db.query(`update products set price = 100 where id = 'p000003'`);
    await at.shop.db.query(`update products set price = 1 where id = 'p000039'`);
    await at.shop.db.query(`update products set price = null where id = 'p000004'`);
    const { lines } = await ann.step();
    expect(linesOf(lines, 'gone')).toMatchObject([
      { keys: ['p000003', 'p000004'], reasons: ['left', 'left'] },
    ]);
    expect(ann.replica.content()).toEqual(await passing());
  });

  test('[PULL-18] a changed filter copies its table anew and sweeps what does not pass', async () => {
    const ann = await caughtUp();
    await at.shop.db.query(`insert into alerts values ('a1', '1', 'fire')`);
    await ann.catchUp();
    ann.subscription = { filters: { products: [{ column: 'id', op: 'in', value: ['p000001', 'p000102'] }] } };
    const lines = await ann.catchUp();
    expect(
      linesOf(lines, 'scope').every(({ action, tables }) => action === 'reset' && tables[0] === 'products'),
    ).toBe(true);
    expect([...ann.replica.rows.keys()].sort()).toEqual([
      'alerts/a1',
      'products/p000001',
      'products/p000102',
    ]);
  });

  test('[PULL-19] a filter may name readable columns only, and say only what has a meaning', async () => {
    const ann = puller('ann');
    for (const comparison of [
      { column: 'cost', op: '<', value: 5 },
      { column: 'nothing', op: '=', value: 5 },
      { column: 'extra', op: '=', value: {} },
      { column: 'price', op: '=', value: 'cheap' },
      { column: 'price', op: 'in', value: 5 },
      { column: 'price', op: '=' },
    ] as const) {
      ann.subscription = { filters: { products: [comparison] } };
      await expect(ann.ask()).rejects.toMatchObject({ code: 'filter_invalid' });
    }
    ann.subscription = { filters: { sails: [] } };
    await expect(ann.ask()).rejects.toMatchObject({ code: 'table_unknown' });
    ann.subscription = { filters: { products: [{ column: 'cost', op: '<', value: 5 }] } };
    ann.principal = principal('ann', ['manager']);
    await ann.catchUp();
  });

  test('[PULL-20] only the tables and scopes asked for are sent', async () => {
    await at.shop.db.query(`insert into alerts values ('a1', '1', 'fire'), ('a2', '2', 'flood')`);
    await member('ann', '1', '2');
    await insertProducts(at.shop.db, '1', 0, 3);
    const ann = puller('ann');
    ann.subscription = { tables: ['alerts'], scopes: ['store:1', 'store:77'] };
    await ann.catchUp();
    expect([...ann.replica.rows.keys()]).toEqual(['alerts/a1']);
  });
});
