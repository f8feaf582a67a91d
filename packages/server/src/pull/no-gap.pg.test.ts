import type { Queryable } from '@satchel/server/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeAtRandom } from '../../test/pull/random-writers.ts';
import { openShop, Puller, principal, type Shop, truth } from '../../test/pull/shop.ts';
import { entriesSince } from './entries.ts';

interface Explained {
  readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number };
}

let shop: Shop;

beforeAll(async () => {
  // Small pages and answers: copies and large deltas run through the race as well.
  shop = await openShop({ pageRows: 20, answerBytes: 8_000 });
});
afterAll(() => shop.drop());

test('[PULL-28] nobody misses a change: racing writers, rolled back, held open, one all the time', async () => {
  const stores = ['1', '2', '3', '4'];
  await shop.db.query(
    `insert into members values ('ann', '1'), ('ann', '2'), ('bob', '2'), ('bob', '3'), ('cem', '4')`,
  );
  let finish: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let opened: () => void = () => {};
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const longest = shop.db.transaction('write', async (tx) => {
    await tx.query(`insert into products (id, store_id, name) values ('longest', '1', 'open all the time')`);
    opened();
    await held;
  });
  await isOpen;
  const pullers = ['ann', 'bob', 'cem', 'ann'].map(
    (user, number) => new Puller(shop.ctx, principal(user), 900 + number),
  );
  let writing = true;
  const polling = pullers.map(async (puller) => {
    while (writing) await puller.step();
  });
  await writeAtRandom(shop.db, { seed: 7, writers: 8, transactions: 60, rows: 150, stores });
  writing = false;
  await Promise.all(polling);
  for (const puller of pullers) {
    await puller.catchUp();
    // While one transaction is still open, all that was committed is there.
    expect(puller.replica.content()).toEqual(await truth(shop.db, puller.principal.userId));
  }
  finish();
  await longest;
  for (const puller of pullers) {
    await puller.catchUp();
    expect(puller.replica.content()).toEqual(await truth(shop.db, puller.principal.userId));
  }
  expect(pullers[0]!.replica.rows.has('products/longest')).toBe(true);
});

test('[PULL-41] a delta costs what changed, not what was written since a transaction opened', async () => {
  let finish: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let opened: () => void = () => {};
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const longest = shop.db.transaction('write', async (tx) => {
    await tx.query(`insert into alerts values ('open', '9', 'x')`);
    opened();
    await held;
  });
  await isOpen;
  await shop.db.query(`insert into satchel.entries (table_id, key, scope, xid, version, present)
    select 1, 'e' || n, 'store:' || n % 10, pg_current_xact_id(), n, false from generate_series(1, 60000) n`);
  await shop.db.query(`analyze satchel.entries`);
  const { rows } = await shop.db.query<{ snapshot: string }>(
    `select pg_current_snapshot()::text as snapshot`,
  );
  expect(rows[0]!.snapshot).not.toMatch(/:$/);
  let blocks = Number.POSITIVE_INFINITY;
  const explaining: Queryable = {
    query: async <R>(text: string, parameters?: readonly unknown[]) => {
      const plan = await shop.db.query<{ 'QUERY PLAN': readonly Explained[] }>(
        `explain (analyze, buffers, format json) ${text}`,
        parameters,
      );
      const root = plan.rows[0]!['QUERY PLAN'][0]!.Plan;
      blocks = root['Shared Hit Blocks'] + root['Shared Read Blocks'];
      return { rows: [] as R[], rowCount: 0 };
    },
  };
  await entriesSince(explaining, ['store:1', 'store:2', 'store:3'], rows[0]!.snapshot, [1, 2, 3], 1_000);
  expect(blocks).toBeLessThan(60);
  finish();
  await longest;
});
