import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  Device,
  type Field,
  insert,
  openField,
  outcomeOf,
  principal,
  rowsOf,
  update,
} from '../../test/push/field.ts';
import type { ServerContext } from '../context.ts';
import type { Database } from '../postgres/database.ts';

let field: Field;
const ann = principal('ann', ['1']);
const product = { storeId: '1', name: 'tea', code: null, stock: 0, tags: [], parentId: null, extra: null };

beforeAll(async () => {
  field = await openField();
});
afterAll(() => field.drop());

/** Codes with which PostgreSQL ended transactions; push tries those again, so that nobody else hears of them. */
const ended: unknown[] = [];
const watched = (ctx: ServerContext): ServerContext => {
  const { db } = ctx;
  const watchedDb: Database = {
    query: (text, parameters, name) => db.query(text, parameters, name),
    listen: (channel, heard, reconnected) => db.listen(channel, heard, reconnected),
    close: () => db.close(),
    transaction: async (mode, work) => {
      try {
        return await db.transaction(mode, work);
      } catch (error) {
        ended.push((error as { readonly code?: unknown }).code);
        throw error;
      }
    },
  };
  return { ...ctx, db: watchedDb };
};
const deadlocks = (): number => ended.filter((code) => code === '40P01').length;

/** Each claim takes a while, so that two batches of them surely meet. */
const slowClaims = (on: boolean): Promise<unknown> =>
  field.db.query(
    on
      ? `create function public.dawdle() returns trigger language plpgsql as
           'begin perform pg_sleep(0.002); return new; end';
         create trigger dawdle before insert on satchel.mutations for each row execute function public.dawdle()`
      : 'drop function public.dawdle cascade',
  );

test('[TRIAL-21] [PUSH-07] the same ids claimed in opposite orders wait for each other, never in a ring', async () => {
  const [one, other] = [watched(field.ctx), watched(await field.secondServer())];
  const device = new Device(one, ann);
  await slowClaims(true);
  for (let round = 0; round < 2; round++) {
    // Refused: they touch no row, so that nothing but the claims meets.
    const mutations = Array.from({ length: 100 }, (_, at) =>
      device.mutation([insert('products', `refused${round}-${at}`, { ...product, storeId: 'not mine' })]),
    );
    const answers = await Promise.all([
      device.send(device.request(mutations), one),
      device.send(device.request(mutations.toReversed()), other),
    ]);
    const outcomes = answers.flatMap(({ answers: all }) => all.map(outcomeOf));
    expect(outcomes.every(({ outcome }) => outcome === 'rejected')).toBe(true);
    expect(outcomes.filter(({ repeat }) => repeat !== true)).toHaveLength(100);
  }
  await slowClaims(false);
  expect(deadlocks()).toBe(0);
});

test('[TRIAL-21] [PUSH-07] rows edited in opposite orders wait for each other, never in a ring', async () => {
  const [one, other] = [watched(field.ctx), watched(await field.secondServer())];
  const [ann1, ann2] = [new Device(one, ann), new Device(other, ann)];
  const keys = Array.from({ length: 200 }, (_, at) => `row${String(at).padStart(3, '0')}`);
  await ann1.push([ann1.mutation(keys.map((key) => insert('products', key, product)))]);
  const rounds = 8;
  const edits = (device: Device, order: readonly string[]) =>
    device.mutation(
      order.map((key) => update('products', key, { stock: 1 }, { version: 1, values: { stock: 0 } })),
    );
  for (let round = 0; round < rounds; round++)
    await Promise.all([ann1.push([edits(ann1, keys)]), ann2.push([edits(ann2, keys.toReversed())])]);
  expect(deadlocks()).toBe(0);
  expect(await rowsOf(field.db, `select distinct stock from products where id like 'row%'`)).toEqual([
    { stock: 2 * rounds },
  ]);
});

test('[TRIAL-21] [PG-23] a database that defaults to REPEATABLE READ loses no increment and fails no writer', async () => {
  const [{ name } = { name: '' }] = await rowsOf(field.db, 'select current_database() as name');
  await field.db.query(
    `alter database "${String(name)}" set default_transaction_isolation = 'repeatable read'`,
  );
  ended.length = 0;
  const servers = await Promise.all([field.secondServer(), field.secondServer()]);
  const devices = servers.map((server) => new Device(watched(server), ann));
  for (const { db } of servers)
    expect(await rowsOf(db, 'show transaction_isolation')).toEqual([
      { transaction_isolation: 'read committed' },
    ]);
  const [first] = devices;
  await first?.write(insert('products', 'sum', product));
  await Promise.all(
    devices.flatMap((device) =>
      Array.from({ length: 15 }, () =>
        device.push([
          device.mutation([update('products', 'sum', { stock: 1 }, { version: 1, values: { stock: 0 } })]),
        ]),
      ),
    ),
  );
  expect(await rowsOf(field.db, `select stock from products where id = 'sum'`)).toEqual([{ stock: 30 }]);
  expect(ended.filter((code) => code === '40001')).toEqual([]);
});
