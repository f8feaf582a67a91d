import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConstraints } from './catalog.ts';
import { type Constraint, databaseFact, isConnectionLost } from './pg-errors.ts';

let test: TestDatabase;
let constraints: readonly Constraint[];
beforeAll(async () => {
  test = await testDatabase();
  await test.db.query(`
    create table parents (a text, b integer, primary key (a, b));
    create table children (
      id integer primary key, a text, b integer, code text not null, n smallint check (n > 0), at timestamptz,
      unique (code) deferrable initially immediate,
      foreign key (a, b) references parents (a, b) deferrable initially immediate);
    create unique index children_by_lower on children (lower(code));
    create unique index children_by_at on children (at);
    create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not on a Sunday'; end $$;
    create table closed (id integer);
    create trigger refuse before insert on closed for each row execute function refuse();
    insert into parents values ('x', 1);
    insert into children values (1, 'x', 1, 'c', 1, '2024-01-01')`);
  constraints = await readConstraints(test.db);
});
afterAll(() => test.drop());

const factOf = async (text: string): Promise<unknown> => {
  try {
    await test.db.query(text);
  } catch (error) {
    return databaseFact(error, constraints);
  }
  throw new Error('it did not fail');
};

describe('databaseFact', () => {
  const reference = {
    kind: 'foreign-key',
    table: 'children',
    constraint: 'children_a_b_fkey',
    columns: ['a', 'b'],
    parentTable: 'parents',
  };
  it.each([
    [`insert into children values (2, 'y', 1, 'd', 1)`, reference],
    [`delete from parents`, reference],
    [
      `insert into children values (1, null, null, 'd', 1)`,
      { kind: 'unique', table: 'children', constraint: 'children_pkey', columns: ['id'] },
    ],
    [
      `insert into children values (2, null, null, 'c', 1)`,
      { kind: 'unique', table: 'children', constraint: 'children_by_lower', columns: [] },
    ],
    [
      `drop index children_by_lower; insert into children values (2, null, null, 'c', 1)`,
      { kind: 'unique', table: 'children', constraint: 'children_code_key', columns: ['code'] },
    ],
    [
      `insert into children values (2, null, null, 'd', 1, '2024-01-01')`,
      { kind: 'unique', table: 'children', constraint: 'children_by_at', columns: ['at'] },
    ],
    [
      `insert into children values (2, null, null, 'd', 0)`,
      { kind: 'check', table: 'children', constraint: 'children_n_check' },
    ],
    [
      `insert into children values (2, null, null, null, 1)`,
      { kind: 'not-null', table: 'children', column: 'code' },
    ],
    [
      `insert into children values (2, null, null, 'd', 70000)`,
      { kind: 'value', state: '22003', column: undefined },
    ],
    [`insert into closed values (1)`, { kind: 'raised', state: 'P0001', table: undefined }],
    [`set local statement_timeout = 1; select pg_sleep(10)`, { kind: 'timeout', state: '57014' }],
    [`select * from nowhere`, { kind: 'other', state: '42P01' }],
    [`do $$ begin raise exception using errcode = '40001'; end $$`, { kind: 'serialization' }],
    [`do $$ begin raise exception using errcode = '40P01'; end $$`, { kind: 'deadlock' }],
    [`do $$ begin raise exception using errcode = '53100'; end $$`, { kind: 'no-room' }],
    [
      `do $$ begin raise exception using errcode = 'XS001', table = 'closed'; end $$`,
      { kind: 'raised', state: 'XS001', table: 'closed' },
    ],
  ])('[PG-27] tells by SQLSTATE and names: %s', async (text, fact) => {
    expect(await factOf(text)).toEqual(fact);
  });

  it('[PG-27] a message of ours that PostgreSQL cannot read is a bug, and no lost connection', async () => {
    const tooMany = test.db.query('select 1 as one', ['not asked for']);
    await expect(tooMany).rejects.toSatisfy((error) => !isConnectionLost(error));
    await expect(tooMany).rejects.toMatchObject({ code: '08P01' });
  });

  it('[PG-27] what is no error of PostgreSQL is none', () => {
    expect(databaseFact(new TypeError('x'))).toBeUndefined();
    expect(isConnectionLost(Object.assign(new Error('gone'), { code: 'ECONNRESET' }))).toBe(true);
    expect(isConnectionLost(Object.assign(new Error('no file'), { code: 'ENOENT' }))).toBe(false);
  });
});
