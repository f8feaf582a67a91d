import {
  type App,
  add,
  addTable,
  defineApp,
  drop,
  dropTable,
  id,
  integer,
  modifiedAt,
  ref,
  rename,
  renameTable,
  split,
  table,
  text,
  via,
} from '@satchel/schema';
import type { TestDatabase } from '@satchel/testing/postgres';
import { describe, expect, it } from 'vitest';
import { open, refusal } from '../../../test/opened.ts';
import { checkCapture } from '../../capture/check-capture.ts';
import { applyApp } from '../app-tables.ts';

const scopesOf = () => ['store:1'];
const STORE = 'store:{storeId}';

const shopInput = () => ({
  name: 'small',
  schemaVersion: 1,
  tables: { items: table({ id: id(), storeId: text(), n: integer() }, { scope: STORE }) },
  scopesOf,
});

const people = (version: 1 | 2 | 3) => {
  const history = [
    {
      to: 2,
      changes: [
        rename('customers', 'city', 'town'),
        add('customers', 'points', 7),
        split(
          'customers',
          { name: text() },
          ['firstName', 'lastName'],
          ({ name }) => {
            const [firstName = '', ...rest] = String(name).split(' ');
            return { firstName, lastName: rest.join(' ') };
          },
          ({ firstName, lastName }) => ({ name: `${firstName} ${lastName}` }),
        ),
      ],
    },
    {
      to: 3,
      changes: [
        renameTable('customers', 'clients'),
        drop('clients', 'code', text(), ''),
        dropTable('visits'),
        addTable('calls'),
      ],
    },
  ];
  const visits = table(
    { id: id(), customerId: ref(version < 3 ? 'customers' : 'clients') },
    { scope: via('customerId') },
  );
  switch (version) {
    case 1:
      return defineApp({
        name: 'people',
        schemaVersion: 1,
        tables: {
          customers: table(
            { id: id(), storeId: text(), name: text(), city: text(), code: text(), at: modifiedAt() },
            { scope: STORE, unique: ['code'] },
          ),
          visits,
        },
        scopesOf,
      });
    case 2:
      return defineApp({
        name: 'people',
        schemaVersion: 2,
        tables: {
          customers: table(
            {
              id: id(),
              storeId: text(),
              firstName: text(),
              lastName: text(),
              town: text(),
              code: text(),
              points: integer(),
              at: modifiedAt(),
            },
            { scope: STORE, unique: ['code'] },
          ),
          visits,
        },
        history: history.slice(0, 1),
        scopesOf,
      });
    case 3:
      return defineApp({
        name: 'people',
        schemaVersion: 3,
        tables: {
          clients: table(
            {
              id: id(),
              storeId: text(),
              firstName: text(),
              lastName: text(),
              town: text(),
              points: integer(),
              at: modifiedAt(),
            },
            { scope: STORE },
          ),
          calls: table({ id: id(), clientId: ref('clients') }, { scope: via('clientId') }),
        },
        history,
        scopesOf,
      });
  }
};

describe('history', () => {
  const fill = async ({ db }: TestDatabase, rows: number): Promise<void> => {
    await db.query(
      `insert into customers (id, store_id, name, city, code)
       select n::text, 's' || n % 3, 'Ann' || n || ' van der Lee', 'Ghent', 'c' || n from generate_series(1, $1::int) n`,
      [rows],
    );
    await db.query(`insert into visits (id, customer_id) values ('v', '1')`);
  };

  it.each([[[1, 2, 3]], [[1, 3]]] as const)('[PG-50] carries rows through versions %j', async (versions) => {
    const test = await open({ app: people(1) });
    await fill(test, 2_500);
    const before = await test.db.query<{ id: number }>(
      `select table_id as id from satchel.tables where name = 'customers'`,
    );
    for (const version of versions.slice(1)) await applyApp(test.db, people(version));
    const { rows } = await test.db.query(
      `select first_name, last_name, town, points from clients where id in ('1', '2500') order by id`,
    );
    expect(rows).toEqual([
      { first_name: 'Ann1', last_name: 'van der Lee', town: 'Ghent', points: 7 },
      { first_name: 'Ann2500', last_name: 'van der Lee', town: 'Ghent', points: 7 },
    ]);
    const after = await test.db.query(`select table_id as id from satchel.tables where name = 'clients'`);
    expect(after.rows).toEqual(before.rows);
    const { tableIds, plan } = await applyApp(test.db, people(3));
    expect(plan.actions).toEqual([]);
    expect(await checkCapture(test.db, people(3), tableIds)).toEqual([]);
    // Captured as before, and the table that was dropped holds nobody back.
    await test.db.query(
      `update clients set town = 'Bruges' where id = '1'; delete from clients where id = '1'`,
    );
    const entry = await test.db.query(`select present, deleted from satchel.entries where key = '1'`);
    expect(entry.rows).toEqual([{ present: false, deleted: true }]);
  });

  it('[PG-51] keeps aside what is dropped, unless told otherwise', async () => {
    const kept = await open({ app: people(1) });
    await fill(kept, 10);
    await applyApp(kept.db, people(3));
    const { rows } = await kept.db.query(
      `select code__dropped_v3 as code, name__dropped_v2 as name from clients where id = '2'`,
    );
    expect(rows).toEqual([{ code: 'c2', name: 'Ann2 van der Lee' }]);
    await kept.db.query(`insert into clients (id, store_id, first_name, last_name, town, points)
      values ('new', 's1', 'Bo', '', 'Ghent', 1)`);
    expect((await kept.db.query('select id from visits')).rows).toEqual([{ id: 'v' }]);

    const deleted = await open({ app: people(1) });
    await fill(deleted, 10);
    await applyApp(deleted.db, people(3), { dropData: true });
    const columns = await deleted.db.query(
      `select attname from pg_attribute where attrelid = 'clients'::regclass and attname like '%dropped%' and not attisdropped`,
    );
    expect(columns.rows).toEqual([]);
  });

  it('[PG-52] a database evolved to a version has the structure of a new one', async () => {
    const evolved = await open({ app: people(1) });
    await fill(evolved, 3);
    await applyApp(evolved.db, people(3), { dropData: true });
    const fresh = await open({ app: people(3) });
    const structure = async ({ db }: TestDatabase) =>
      (
        await db.query(
          `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as not_null,
             pg_get_expr(d.adbin, d.adrelid) as fallback
           from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
           where attrelid in ('clients'::regclass, 'calls'::regclass) and attnum > 0 and not attisdropped order by 1`,
        )
      ).rows;
    expect(await structure(evolved)).toEqual(await structure(fresh));
  });

  it('[PG-53] a function of the history that fails leaves all as it was', async () => {
    const test = await open({ app: people(1) });
    await fill(test, 3);
    const broken = people(2);
    const [step] = broken.history;
    const app: App = {
      ...broken,
      history: [
        {
          to: 2,
          changes: step!.changes.map((change) =>
            change.kind === 'split' ? { ...change, up: () => ({ firstName: 'only' }) } : change,
          ),
        },
      ],
    };
    expect(await refusal(applyApp(test.db, app))).toMatchObject({ code: 'migration_conflict' });
    const { rows } = await test.db.query(`select name, city from customers where id = '1'`);
    expect(rows).toEqual([{ name: 'Ann1 van der Lee', city: 'Ghent' }]);
    expect((await applyApp(test.db, people(1))).plan.actions).toEqual([]);
  });

  it('[PG-54] an older app than the database is refused', async () => {
    const test = await open({ app: people(2) });
    expect(await refusal(applyApp(test.db, people(1)))).toMatchObject({ code: 'database_ahead' });
    const other = defineApp({ ...shopInput(), name: 'other' });
    expect(await refusal(applyApp(test.db, other))).toMatchObject({ code: 'config_invalid' });
  });
});
