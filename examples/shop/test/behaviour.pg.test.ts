import { columnToSql } from '@satchel/core';
import { loadRows } from '@satchel/testing/load-rows';
import shop from '@satchel-examples/shop/app';
import { seed } from '@satchel-examples/shop/seed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Field, openField } from '../../../test/field/field.ts';

const staff = { userId: 'staff', roles: ['staff'], claims: { storeId: '42' } };

let field: Field<typeof shop>;
beforeAll(async () => {
  field = await openField(shop);
  await loadRows(field.db, shop, seed);
});
afterAll(async () => {
  await field?.close();
});

describe('the priority of what is written', () => {
  it.each([
    [
      'S1-62',
      'a sale',
      'high',
      "insert into sales (id, store_id, total_amount, sale_date) values ('n', '42', '1', 0)",
    ],
    [
      'S1-63',
      'a payment',
      'high',
      "insert into payments (id, store_id, amount, paid_at) values ('n', '42', '1', 0)",
    ],
    ['S1-65', 'a product', 'medium', "update products set price = '56' where id = 'product-1'"],
    ['S1-66', 'a customer', 'medium', "update customers set phone = null where id = 'customer-1'"],
    ['S1-67', 'a setting', 'medium', "update settings set value = '6' where id = 'setting-tax'"],
    [
      'S1-68',
      'a report',
      'low',
      "insert into reports (id, store_id, kind, period, figures, made_at) values ('n', '42', 'day', 'd', '{}', 0)",
    ],
    [
      'S1-69',
      'a backup',
      'low',
      "insert into backups (id, store_id, made_at, bytes, place) values ('n', '42', 0, 1, 'card')",
    ],
    [
      'S1-70',
      'analytics',
      'low',
      "insert into analytics (id, store_id, day, figure, value) values ('n', '42', 'd', 'visits', 1)",
    ],
  ])('[%s] %s is %s', async (_id, _what, lane, sql) => {
    const device = await field.device(staff);
    await device.sync();
    device.online(false);
    await device.db.write([{ sql }]);
    expect((await device.db.outbox.list({ state: 'queued' })).map((entry) => entry.lane)).toEqual([lane]);
    await device.close();
  });

  it('[S1-64] stock that is moved is high, and takes the product along', async () => {
    const device = await field.device(staff);
    await device.sync();
    device.online(false);
    await device.db.run('moveStock', {
      storeId: '42',
      productId: 'product-1',
      quantity: -2,
      reason: 'broken',
    });
    const [entry, ...more] = await device.db.outbox.list({ state: 'queued' });
    expect(more).toEqual([]);
    expect(entry?.lane).toBe('high');
    await device.sync();
    const { rows } = await field.db.query("select stock from products where id = 'product-1'");
    expect(rows).toEqual([{ stock: 118 }]);
    await device.close();
  });
});

describe('the first sync', () => {
  it.each([
    ['S1-81', 'products'],
    ['S1-82', 'customers'],
    ['S1-83', 'settings'],
  ] as const)('[%s] brings %s', async (_id, table) => {
    const device = await field.device(staff);
    await device.sync();
    const row = await device.db.get(`select count(*) as n from ${columnToSql(table)}`);
    expect(row).toEqual({ n: seed[table].length });
    await device.close();
  });

  it('[S1-13] a price goes to and fro a thousand times and is the same', async () => {
    const device = await field.device(staff);
    await device.sync();
    for (let n = 0; n < 1_000; n += 1)
      await device.db.write([
        {
          sql: "update products set price = ? where id = 'product-10'",
          parameters: [n % 2 ? '55.5' : '0.1'],
        },
      ]);
    await device.sync();
    const { rows } = await field.db.query("select price::text from products where id = 'product-10'");
    expect(rows).toEqual([{ price: '55.5' }]);
    await device.close();
  });
});
