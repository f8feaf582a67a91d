import {
  type App,
  add,
  counter,
  defineApp,
  drop,
  dropTable,
  id,
  rename,
  renameTable,
  split,
  table,
  text,
} from '@satchel/schema';
import { describe, expect, it } from 'vitest';
import { applied, opened, rejected, rows } from '../../test/engine-fixture.ts';

const first: App = defineApp({
  name: 'shop',
  schemaVersion: 1,
  tables: {
    clients: table(
      { id: id(), storeId: text(), name: text(), fax: text({ nullable: true }), visits: counter() },
      { scope: 'store:{storeId}' },
    ),
    memos: table({ id: id(), storeId: text() }, { scope: 'store:{storeId}' }),
  },
  scopesOf: () => ['store:1'],
});
const second: App = defineApp({
  name: 'shop',
  schemaVersion: 2,
  tables: {
    customers: table(
      {
        id: id(),
        storeId: text(),
        firstName: text(),
        lastName: text(),
        calls: counter(),
        mail: text({ nullable: true }),
      },
      { scope: 'store:{storeId}', unique: ['mail'] },
    ),
  },
  scopesOf: () => ['store:1'],
  history: [
    {
      to: 2,
      changes: [
        renameTable('clients', 'customers'),
        split(
          'customers',
          { name: text() },
          ['firstName', 'lastName'],
          ({ name }) => {
            const [firstName = '', ...rest] = String(name).split(' ');
            return { firstName, lastName: rest.join(' ') };
          },
          ({ firstName, lastName }) => ({ name: `${firstName} ${lastName}`.trim() }),
        ),
        rename('customers', 'visits', 'calls'),
        drop('customers', 'fax', text({ nullable: true })),
        add('customers', 'mail'),
        dropTable('memos'),
      ],
    },
  ],
});

const client = (name: string) => ({ storeId: '1', name, fax: '1', visits: 3 });

describe('evolving the local tables', () => {
  it('[DB-30] rows, bases and what is pending are lifted; what was written stays to the letter as it was', () => {
    const old = opened({ app: first });
    old.page([rows('store:1', 'clients', ['a', 1, client('Ann Lee')], ['b', 2, client('Bob Ray')])]);
    old.write("update clients set name = 'Anna Lee', visits = visits + 1 where id = 'a'");
    old.write("insert into clients (id, store_id, name) values ('n', '1', 'New One')");
    old.write("insert into memos (id, store_id) values ('m', '1')");
    const before = old.engine.outbox();
    const written = old.engine.exportPending();

    const now = opened({ app: second, driver: old.driver, clock: old.clock });
    expect(now.engine.all('select * from customers order by id')).toEqual([
      { id: 'a', store_id: '1', first_name: 'Anna', last_name: 'Lee', calls: 4, mail: null },
      { id: 'b', store_id: '1', first_name: 'Bob', last_name: 'Ray', calls: 3, mail: null },
      { id: 'n', store_id: '1', first_name: 'New', last_name: 'One', calls: 0, mail: null },
    ]);
    expect(
      now.driver
        .prepare("select name from sqlite_schema where type = 'table' and name in ('clients', 'memos')")
        .all(),
    ).toEqual([]);
    expect(now.engine.outbox().map(({ mutationId, changes }) => ({ mutationId, changes }))).toEqual(
      before.map(({ mutationId, changes }) => ({ mutationId, changes })),
    );
    expect(now.engine.exportPending()).toBe(written);
    expect(now.engine.rowState('customers', 'a')).toMatchObject({
      state: 'pending',
      base: { firstName: 'Ann', calls: 3 },
    });

    const sent = now.send();
    expect(sent.map((mutation) => (mutation as unknown as { schemaVersion: number }).schemaVersion)).toEqual([
      1, 1, 1,
    ]);
    now.answer(applied(sent[0]!, 7), applied(sent[1]!, 8), rejected(sent[2]!, 'lift_failed'));
    expect(
      now.engine.all('select id, first_name, calls, satchel_version from customers order by id'),
    ).toEqual([
      { id: 'a', first_name: 'Anna', calls: 4, satchel_version: 7 },
      { id: 'b', first_name: 'Bob', calls: 3, satchel_version: 2 },
      { id: 'n', first_name: 'New', calls: 0, satchel_version: 8 },
    ]);
    expect(now.engine.quarantine()[0]!.changes).toEqual(sent[2]!.changes);
  });

  it('[DB-30] capture goes on in the new form, on top of what was pending', () => {
    const old = opened({ app: first });
    old.page([rows('store:1', 'clients', ['a', 1, client('Ann Lee')])]);
    const pending = old.write("update clients set name = 'Anna Lee' where id = 'a'");
    const now = opened({ app: second, driver: old.driver, clock: old.clock });
    now.write("update customers set first_name = 'Annette' where id = 'a'");
    expect(now.changes()[1]).toEqual([
      {
        table: 'customers',
        op: 'update',
        key: 'a',
        values: { firstName: 'Annette' },
        confirmed: { version: 1, values: { firstName: 'Ann' } },
        seen: { firstName: { value: 'Anna', mutationId: pending } },
        after: pending,
      },
    ]);
    now.page([
      rows('store:1', 'customers', [
        'a',
        5,
        { storeId: '1', firstName: 'X', lastName: 'Y', calls: 9, mail: 'm' },
      ]),
    ]);
    expect(now.row('select first_name, last_name, calls, mail from customers')).toEqual({
      first_name: 'Annette',
      last_name: 'Y',
      calls: 9,
      mail: 'm',
    });
  });

  it('[DB-30] scopes and holds follow a renamed table', () => {
    const old = opened({ app: first });
    old.page([
      rows('store:1', 'clients', ['a', 1, client('Ann Lee')]),
      rows('all', 'clients', ['a', 1, client('Ann Lee')]),
    ]);
    const now = opened({ app: second, driver: old.driver, clock: old.clock });
    now.page([
      { line: 'gone', scope: 'store:1', table: 'customers', keys: ['a'], versions: [4], reasons: ['left'] },
    ]);
    expect(now.row('select count(*) as n from customers')).toEqual({ n: 1 });
    now.page([{ line: 'scope', scope: 'all', action: 'left' }]);
    expect(now.row('select count(*) as n from customers')).toEqual({ n: 0 });
  });

  it('[DB-31] a column that is new without a step of the history gets its default; what is gone is gone', () => {
    const grown = defineApp({
      name: 'shop',
      schemaVersion: 1,
      tables: {
        clients: table(
          { id: id(), storeId: text(), name: text(), visits: counter(), vip: text({ default: 'no' }) },
          { scope: 'store:{storeId}' },
        ),
      },
      scopesOf: () => ['store:1'],
    });
    const old = opened({ app: first });
    old.page([rows('store:1', 'clients', ['a', 1, client('Ann Lee')])]);
    const now = opened({ app: grown, driver: old.driver, clock: old.clock });
    expect(now.engine.all('select * from clients')).toEqual([
      { id: 'a', store_id: '1', name: 'Ann Lee', visits: 3, vip: 'no' },
    ]);
  });

  it('[DB-32] a database of a newer app is refused and left as it is', () => {
    const now = opened({ app: second });
    expect(() => opened({ app: first, driver: now.driver })).toThrow(
      expect.objectContaining({ code: 'database_ahead' }),
    );
    expect(opened({ app: second, driver: now.driver }).row('select count(*) as n from customers')).toEqual({
      n: 0,
    });
  });

  it('[DB-32] a database of another user is refused', async () => {
    const { driver, clock } = opened();
    const { openEngine } = await import('./open-engine.ts');
    const { seededRandom } = await import('@satchel/testing/random');
    const { shop } = await import('../../test/engine-fixture.ts');
    expect(() => openEngine({ app: shop, driver, userId: 'bob', clock, random: seededRandom(1) })).toThrow(
      expect.objectContaining({ code: 'client_of_other_user' }),
    );
  });
});
