import { defineApp, id, type Table, table, text } from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCopy } from './copy-read.ts';
import { readerView } from './reader-view.ts';

const ROWS = 450;
const columns = { id: id(), body: text() };
const options = { scope: 'all' };
const app = defineApp({
  name: 'copies',
  schemaVersion: 1,
  tables: { plain: table(columns, options), sorted: table(columns, options) },
  scopesOf: () => ['all'],
});
const tableIds = new Map<string, number>(app.tableOrder.map((name, index) => [name, index + 1]));

describe('what one statement of a copy reads', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await testDatabase();
    await test.db.query(`
      create table public.plain (id text primary key, body text);
      create table public.sorted (id text collate "C" primary key, body text)`);
    for (const [name, id] of tableIds) {
      await test.db.query(
        `insert into public.${name} select 'k' || lpad(n::text, 4, '0'), 'line' || chr(10) || n from generate_series(1, ${ROWS}) n`,
      );
      await test.db.query(
        `insert into satchel.entries (table_id, key, scope, xid, version, present)
         select ${id}, id, 'all', '3'::xid8, 7, true from public.${name}`,
      );
    }
    await test.db.query("insert into satchel.entries values (1, 'lost', 'all', '3', 7, true)");
  });
  afterAll(() => test.drop());

  const view = readerView(
    { app, tableIds },
    {
      principal: { id: 'test/ann', userId: 'ann', roles: [], claims: {}, channel: 'mobile', expiresAt: 0 },
      subscription: undefined,
      schemaVersion: 1,
    },
  );
  const fill = { to: '10:10:', now: [1, 2], rest: [], rows: 0 };

  it('[PULL-42] tables of one lane in the order of the walk, in blocks, what is lost by name, and where it stands', async () => {
    const first = await readCopy(test.db, view, 'all', fill, 500);
    expect([first.count, first.last]).toEqual([500, ['3', 2, 'k0049']]);
    expect(first.missing).toEqual([{ tableId: 1, scope: 'all', key: 'lost', version: 7 }]);
    const second = await readCopy(test.db, view, 'all', { ...fill, at: first.last }, 500);
    expect([second.count, second.missing]).toEqual([2 * ROWS + 1 - 500, []]);
    const read = [...first.blocks, ...second.blocks].flatMap(({ view: { table: of }, rows, ...block }) => {
      const keys = JSON.parse(block.keys) as string[];
      const lists = JSON.parse(block.columns) as { readonly body: readonly string[] };
      expect([keys.length, JSON.parse(block.versions)]).toEqual([rows, keys.map(() => 7)]);
      expect(keys.length).toBeLessThanOrEqual(200);
      expect(lists.body).toEqual(keys.map((key) => `line\n${Number(key.slice(1))}`));
      return keys.map((key) => `${of.name} ${key}`);
    });
    const all = ([{ name: 'plain' }, { name: 'sorted' }] as Pick<Table, 'name'>[]).flatMap(({ name }) =>
      Array.from({ length: ROWS }, (_, row) => `${name} k${String(row + 1).padStart(4, '0')}`),
    );
    expect(read.toSorted()).toEqual(all);
  });
});
