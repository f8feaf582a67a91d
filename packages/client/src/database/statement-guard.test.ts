import { describe, expect, it } from 'vitest';
import { opened } from '../../test/engine-fixture.ts';
import { sqlTokens, withoutParameters } from './sql-text.ts';

describe('statements of apps', () => {
  it.each(['begin', 'BEGIN IMMEDIATE', 'commit', 'end', 'rollback', '/* x */ savepoint s', 'release s'])(
    '[DB-40] %s: transactions do not stay open between calls',
    (sql) => {
      expect(() => opened().write(sql)).toThrow(expect.objectContaining({ code: 'interactive_transaction' }));
    },
  );

  it.each([
    'pragma foreign_keys = on',
    "attach 'x' as y",
    'detach y',
    'vacuum',
    'analyze',
    'reindex',
    'drop table sales',
    'alter table sales add column x',
    'alter table sales rename to sold',
    'create table if not exists main.satchel_mine (x)',
    'create table "sales" (x)',
    'create unique index u on sales (note)',
    'drop index satchel_unique_products_sku',
    'drop trigger satchel_insert_sales',
    "insert into satchel_meta values ('x', 'y')",
    'update sales set satchel_version = 5',
    'update "sales" set "satchel_hold" = null',
    'delete from satchel_outbox',
    'select 1; select 2',
    '',
  ])('[DB-41] %s is refused, and nothing is changed', (sql) => {
    const world = opened();
    expect(() => world.write(sql)).toThrow(expect.objectContaining({ code: 'statement_refused' }));
  });

  it('[DB-42] tables, views and plain indexes of the app’s own are free', () => {
    const world = opened();
    for (const sql of [
      'create table drafts (id text primary key, note text)',
      'create trigger on_draft after insert on drafts begin insert into sales (id, store_id) values (new.id, 1); end',
      'create index sales_by_note on sales (note)',
      'create view named as select c.name, s.note from sales s join customers c on c.id = s.customer_id',
      'create table copied as select * from sales',
      "insert into drafts values ('satchel_version', 'satchel_ in a text')",
      'alter table drafts add column more',
      'drop table drafts',
    ]) {
      world.write(sql);
    }
    expect(
      world
        .changes()
        .flat()
        .map(({ table, key }) => [table, key]),
    ).toEqual([['sales', 'satchel_version']]);
    expect(world.engine.tablesRead('select name from named').toSorted()).toEqual(['customers', 'sales']);
  });

  it('[DB-43] a read may not write', () => {
    const world = opened();
    expect(() => world.engine.all('delete from sales returning id')).toThrow(
      expect.objectContaining({ code: 'statement_refused' }),
    );
    expect(() => world.engine.all('pragma user_version')).toThrow(
      expect.objectContaining({ code: 'statement_refused' }),
    );
    expect(world.engine.all('with x as (select 1 as n) select n from x')).toEqual([{ n: 1 }]);
  });

  it('[DB-44] a function is known, and runs at once', () => {
    const { engine, driver } = opened();
    expect(() => engine.run('nothing', null)).toThrow(expect.objectContaining({ code: 'function_unknown' }));
    expect(() => engine.run('toString', null)).toThrow(expect.objectContaining({ code: 'function_unknown' }));
    expect(() => engine.run('later', null)).toThrow(expect.objectContaining({ code: 'function_async' }));
    expect(() => engine.run('sell', { customer: 'x', amount: 'much' })).toThrow(
      expect.objectContaining({ code: 'value_type' }),
    );
    expect(driver.prepare('select count(*) as n from satchel_changes').get()).toEqual({ n: 0 });
  });

  it('[DB-45] tells words from strings, names and comments', () => {
    expect(
      sqlTokens('select \'it\'\'s\' /* ? */, "a""b", [c d], `e` -- ?\n from t where x = ?1 and y=:n'),
    ).toEqual(
      [
        ['word', 'select'],
        ['text', "'it''s'"],
        ['sign', ','],
        ['name', 'a"b'],
        ['sign', ','],
        ['name', 'c d'],
        ['sign', ','],
        ['name', 'e'],
        ['word', 'from'],
        ['word', 't'],
        ['word', 'where'],
        ['word', 'x'],
        ['sign', '='],
        ['parameter', '?1'],
        ['word', 'and'],
        ['word', 'y'],
        ['sign', '='],
        ['parameter', ':n'],
      ].map(([kind, text]) => expect.objectContaining({ kind, text })),
    );
    expect(withoutParameters("select ?, '?', :a from t limit ?2")).toBe(
      "select null, '?', null from t limit null",
    );
  });
});
