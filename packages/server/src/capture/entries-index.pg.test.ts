import { parseSnapshot } from '@satchel/core';
import { defineApp, id, table, text } from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capturedDatabase } from '../../test/capture/captured-database.ts';
import { connect } from '../../test/capture/connection.ts';

const ENTRIES = process.env.SATCHEL_LONG ? 1_000_000 : 200_000;

const app = defineApp({
  name: 'shop',
  tables: { products: table({ id: id(), storeId: text(), name: text() }, { scope: 'store:{storeId}' }) },
  scopesOf: () => [],
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly 'Actual Rows': number;
  readonly Plans?: readonly Plan[];
}

/** The delta of ten scopes, by the two predicates that say the same. */
const delta = (predicate: string) => `
  select e.key from unnest($1::text[]) s(scope)
  cross join lateral (${predicate}) e`;
const BY_XID = delta(`
  select key from satchel.entries where scope = s.scope and xid >= $2::xid8
  union all
  select key from satchel.entries where scope = s.scope and xid = any ($3::xid8[])`);
const BY_VISIBILITY = delta(`
  select key from satchel.entries where scope = s.scope and not pg_visible_in_snapshot(xid, $2::pg_snapshot)`);

describe('the index of entries', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
  });
  afterAll(() => database.drop());

  it(`[CAP-26] with one transaction open and ${ENTRIES} entries since, nothing new costs a few blocks`, async () => {
    const { db } = database;
    const open = await connect(database.url);
    try {
      await open.run(
        `begin; insert into satchel.entries (table_id, key, scope, xid, version, present)
        values (1, 'open', 'scope:0', pg_current_xact_id(), 1, true)`,
      );
      await db.query(
        `insert into satchel.entries (table_id, key, scope, xid, version, present)
        select 1, 'k' || i, 'scope:' || i % 10, pg_current_xact_id(), 1, true from generate_series(1, $1::int) i`,
        [ENTRIES],
      );
      await db.query('vacuum analyze satchel.entries');
      const scopes = Array.from({ length: 10 }, (_, at) => `scope:${at}`);
      const { rows } = await db.query<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
      const cursor = rows[0]!.snapshot;
      const { xmax, xip } = parseSnapshot(cursor);
      const byXid = [scopes, String(xmax), xip.map(String)];
      const blocks = async (text: string, parameters: readonly unknown[]): Promise<number> => {
        const explained = await db.query<{ 'QUERY PLAN': readonly { readonly Plan: Plan }[] }>(
          `explain (analyze, buffers, timing off, format json) ${text}`,
          parameters,
        );
        const plan = explained.rows[0]!['QUERY PLAN'][0]!.Plan;
        expect(plan['Actual Rows']).toBe(0);
        return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
      };
      const cheap = await blocks(BY_XID, byXid);
      const dear = await blocks(BY_VISIBILITY, [scopes, cursor]);
      expect(cheap).toBeLessThan(200);
      expect(dear).toBeGreaterThan(cheap * 10);
      await open.run('commit');
      const found = await db.query(BY_XID, byXid);
      expect(found.rows).toEqual([{ key: 'open' }]);
    } finally {
      await open.close();
    }
  });

  it('[CAP-27] plans made while there were no entries find those of a key by the primary key', async () => {
    const shop = await capturedDatabase(app);
    const a = await connect(shop.url);
    try {
      await a.run('vacuum (analyze) satchel.entries');
      const scans = async (): Promise<unknown> => {
        await a.run('select pg_stat_force_next_flush()');
        const [row] = await a.run(
          `select idx_scan::int as scans from pg_stat_all_indexes where indexrelname = 'entries_by_xid'`,
        );
        return row?.scans;
      };
      const before = await scans();
      for (let part = 0; part < 4; part++) {
        // Keys in no order of time: the look between the least and the greatest finds some.
        await a.run(
          `insert into products select md5(i::text), 's' || i % 5, 'x' from generate_series($1::int, $1 + 199) i`,
          [part * 200],
        );
        await a.run(`update products set name = name || 'y' where name = 'x'`);
      }
      await a.run('delete from products');
      expect(await scans()).toBe(before);
      expect(await shop.entries()).toHaveLength(800);
    } finally {
      await a.close();
      await shop.drop();
    }
  });
});
