import { fillScope, parseScopeTemplate } from '@satchel/core';
import { defineApp, id, integer, table, text } from '@satchel/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CapturedDatabase, capturedDatabase } from '../../test/capture/captured-database.ts';

const app = defineApp({
  name: 'shop',
  tables: {
    products: table(
      { id: id(), storeId: text({ nullable: true }), shelf: integer({ nullable: true }), name: text() },
      { scope: ['store:{storeId}', 'shelf:{storeId}:{shelf}'] },
    ),
  },
  scopesOf: () => [],
});

describe('scopes from columns', () => {
  let database: CapturedDatabase;
  beforeAll(async () => {
    database = await capturedDatabase(app);
  });
  afterAll(() => database.drop());

  it('[CAP-02] a row is in every scope whose columns are not null, and leaves with them', async () => {
    const { db, entries } = database;
    await db.query(
      `insert into products values ('a', 's1', 7, 'x'), ('b', 's1', null, 'x'), ('c', null, 1, 'x')`,
    );
    expect(await entries()).toEqual(['shelf:s1:7 products a', 'store:s1 products a', 'store:s1 products b']);
    await db.query(`update products set store_id = 's2' where id = 'a'`);
    expect(await entries()).toEqual([
      'shelf:s1:7 products a left',
      'shelf:s2:7 products a',
      'store:s1 products a left',
      'store:s1 products b',
      'store:s2 products a',
    ]);
    await db.query(`delete from products where id = 'b'`);
    expect(await entries()).toContain('store:s1 products b deleted');
  });

  it('[CAP-03] SQL encodes values in scope names as core does', async () => {
    const { db } = database;
    const values = ['a:b', 'ü', '100%', "'()*!", '', 'a b/c?d', '雪', '👍', 'plain-_.~', 'x'.repeat(600)];
    for (const [at, value] of values.entries()) {
      await db.query(`insert into products values ($1, $2, null, 'x')`, [`v${at}`, value]);
      const { rows } = await db.query<{ scope: string }>(`select scope from satchel.entries where key = $1`, [
        `v${at}`,
      ]);
      const scope = fillScope(parseScopeTemplate('store:{storeId}'), { storeId: value });
      expect(rows.map((row) => row.scope)).toEqual(scope === null ? [] : [scope]);
    }
  });
});
