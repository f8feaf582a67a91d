import { type App, counter, defineApp, id, integer, ref, table, text } from '@satchel/schema';
import { describe, expect, it } from 'vitest';
import { open, refusal } from '../../../test/opened.ts';
import { applyApp } from '../app-tables.ts';
import { planText } from './app-plan.ts';

const scopesOf = () => ['store:1'];
const STORE = 'store:{storeId}';

const small = (columns: Parameters<typeof table>[0], options: object = {}): App =>
  defineApp({
    name: 'small',
    schemaVersion: 1,
    tables: { items: table(columns, { scope: STORE, ...options }) },
    scopesOf,
  });

describe('changes without history', () => {
  const base = { id: id(), storeId: text(), n: integer() };

  it('[PG-55] what cannot fail is done: tables, nullable and filled columns, rules, indexes', async () => {
    const test = await open({ app: small(base) });
    await test.db.query(`insert into items (id, store_id, n) values ('a', '1', 1)`);
    const app = small(
      {
        ...base,
        n: integer({ nullable: true }),
        note: text({ nullable: true }),
        hits: counter(),
        kind: text({ default: "o'k" }),
      },
      { unique: ['n'], indexes: [['storeId', 'n']] },
    );
    await applyApp(test.db, app);
    const { rows } = await test.db.query('select n, note, hits, kind from items');
    expect(rows).toEqual([{ n: 1, note: null, hits: 0, kind: "o'k" }]);
    expect((await applyApp(test.db, app)).plan.actions).toEqual([]);
    // And back: rules that the app no longer has go.
    const back = await applyApp(test.db, small({ ...base, n: integer({ nullable: true }) }));
    expect(planText(back.plan).join('\n')).toContain('drop constraint "items_n_key"');
  });

  it('[PG-55] a reference follows the app: its rule, and its end', async () => {
    const app = (customerId: ReturnType<typeof ref> | ReturnType<typeof text>): App =>
      defineApp({
        name: 'orders',
        schemaVersion: 1,
        tables: {
          customers: table({ id: id(), storeId: text() }, { scope: STORE }),
          orders: table({ id: id(), storeId: text(), customerId }, { scope: STORE }),
        },
        scopesOf,
      });
    const { db } = await open({ app: app(ref('customers')) });
    const rules = async () =>
      (
        await db.query(
          `select confdeltype as rule, condeferrable as deferrable from pg_constraint
           where contype = 'f' and conrelid = 'orders'::regclass`,
        )
      ).rows;
    expect(await rules()).toEqual([{ rule: 'a', deferrable: true }]);
    await applyApp(db, app(ref('customers', { onDelete: 'cascade' })));
    expect(await rules()).toEqual([{ rule: 'c', deferrable: true }]);
    await applyApp(db, app(text()));
    expect(await rules()).toEqual([]);
  });

  it.each([
    ['a column that may not be null', { ...base, m: integer() }, {}, 'add('],
    ['another type', { ...base, n: text() }, {}, 'split('],
    ['another key', base, { primaryKey: ['storeId', 'id'] }, 'primary key'],
    ['a column that rows must have', { id: id(), storeId: text() }, {}, 'drop('],
    ['a rule that rows break', base, { unique: ['n'] }, 'rows'],
  ])('[PG-56] %s is refused, with what to do', async (_, columns, options, remedy) => {
    const test = await open({ app: small(base) });
    await test.db.query(`insert into items (id, store_id, n) values ('a', '1', 1), ('b', '1', 1)`);
    const { code, detail } = await refusal(applyApp(test.db, small(columns, options)));
    expect(code).toBe('migration_conflict');
    expect(detail).toContain(remedy);
    expect((await applyApp(test.db, small(base))).plan.actions).toEqual([]);
  });

  it('[PG-57] a table that somebody else made is not taken', async () => {
    const test = await open();
    await test.db.query(
      'create table items (id text primary key, store_id text not null, n bigint not null)',
    );
    expect(await refusal(applyApp(test.db, small(base)))).toMatchObject({ code: 'migration_conflict' });
  });
});
