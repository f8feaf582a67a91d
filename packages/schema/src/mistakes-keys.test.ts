import { describe, expect, it } from 'vitest';
import { app, type Mistake, mistakeOf, plain, products, same, tables } from '../test/mistaken.ts';
import {
  date,
  foreignKey,
  id,
  integer,
  membership,
  membershipScopes,
  ref,
  sql,
  table,
  text,
  via,
} from './index.ts';

const MISTAKES: readonly Mistake[] = [
  ['no key', tables({ products: table({ name: text() }, { scope: 'all' }) }), 'tables.products', 'id: id()'],
  [
    'two id columns',
    tables({ products: table({ id: id(), other: id() }, { scope: 'all' }) }),
    'tables.products',
    'ref()',
  ],
  [
    'a key column that is not there',
    products({}, { primaryKey: ['storeId', 'code'] }),
    'tables.products.primaryKey',
    'id, storeId, stock',
  ],
  [
    'a key of a type that cannot be one',
    products({}, { primaryKey: ['id', 'stock'] }),
    'tables.products.primaryKey',
    'bigint',
  ],
  [
    'a key column that may be null',
    products({ code: text({ nullable: true }) }, { primaryKey: ['id', 'code'] }),
    'tables.products.primaryKey',
    'nullable out',
  ],
  [
    'an id outside the key',
    products({}, { primaryKey: ['storeId'] }),
    'tables.products.primaryKey',
    'ref() or text()',
  ],
  [
    'a key column twice',
    products({}, { primaryKey: ['id', 'id'] }),
    'tables.products.primaryKey',
    'primaryKey: [',
  ],
  [
    'a reference to no table',
    products({ customerId: ref('customer') }),
    'tables.products.columns.customerId',
    'There are: products',
  ],
  [
    'set-null on a column that cannot be null',
    products({ parentId: ref('products', { onDelete: 'set-null' }) }),
    'tables.products.columns.parentId.onDelete',
    'nullable: true',
  ],
  [
    'an unknown word for onDelete',
    products({ parentId: ref('products', same({ onDelete: 'cascad' })) }),
    'tables.products.columns.parentId.onDelete',
    '"cascade"',
  ],
  [
    'a reference to a key of two columns',
    tables({
      routes: table({ from: text(), to: text() }, { scope: 'all', primaryKey: ['from', 'to'] }),
      flights: plain({}, { routeId: ref('routes') }),
    }),
    'tables.flights.columns.routeId',
    "foreignKey([…], 'routes')",
  ],
  [
    'a reference to a date',
    tables({
      days: table({ day: date() }, { scope: 'all', primaryKey: ['day'] }),
      notes: plain({}, { day: ref('days') }),
    }),
    'tables.notes.columns.day',
    'id()',
  ],
  [
    'keys that are references to each other',
    tables({
      a: table({ b: ref('b') }, { scope: 'all', primaryKey: ['b'] }),
      b: table({ a: ref('a') }, { scope: 'all', primaryKey: ['a'] }),
    }),
    'tables.a.columns.b',
    'a key of its own',
  ],
  [
    'a foreign key of too few columns',
    tables({
      routes: table({ from: text(), to: text() }, { scope: 'all', primaryKey: ['from', 'to'] }),
      flights: plain({ foreignKeys: [foreignKey(['from'], 'routes')] }, { from: text() }),
    }),
    'tables.flights.foreignKeys[0].columns',
    'from, to',
  ],
  [
    'a foreign key of other types',
    tables({
      routes: table({ from: text(), to: text() }, { scope: 'all', primaryKey: ['from', 'to'] }),
      flights: plain(
        { foreignKeys: [foreignKey(['from', 'to'], 'routes')] },
        { from: text(), to: integer() },
      ),
    }),
    'tables.flights.foreignKeys[0].columns',
    'as routes.to is',
  ],
  [
    'a foreign key to no table',
    products({}, { foreignKeys: [foreignKey(['storeId'], 'stores')] }),
    'tables.products.foreignKeys[0].references',
    'There are: products',
  ],
  ['no scope', tables({ products: table({ id: id() }, same({})) }), 'tables.products.scope', "scope: 'all'"],
  [
    'a template of a column that is not there',
    products({}, { scope: 'store:{storeld}' }),
    'tables.products.scope',
    'Did you mean "storeId"?',
  ],
  [
    'a template of a column that cannot name a scope',
    products({}, { scope: 'stock:{stock}' }),
    'tables.products.scope',
    'type id, ref',
  ],
  [
    'columns of a template that are not kept apart',
    products({}, { scope: 'a:{id}{storeId}' }),
    'tables.products.scope',
    'colon',
  ],
  [
    'a brace that is not closed',
    products({}, { scope: 'store:{storeId' }),
    'tables.products.scope',
    '{columnName}',
  ],
  [
    'a scope that begins with a value',
    products({}, { scope: '{storeId}' }),
    'tables.products.scope',
    "'store:{storeId}'",
  ],
  ['a scope of the server', products({}, { scope: '~access' }), 'tables.products.scope', 'letters, digits'],
  ['a space in a scope', products({}, { scope: 'my store' }), 'tables.products.scope', 'letters, digits'],
  [
    'the second of several scopes',
    products({}, { scope: ['all', 'x:{no}'] }),
    'tables.products.scope[1]',
    'id, storeId, stock',
  ],
  [
    'via a column that is no reference',
    products({}, { scope: via('storeId') }),
    'tables.products.scope',
    "ref('parents')",
  ],
  [
    'via a column that is not there',
    products({}, { scope: via('storeID') }),
    'tables.products.scope',
    '"storeId"',
  ],
  [
    'via a reference that may be null',
    tables({ a: plain(), b: plain({ scope: via('aId') }, { aId: ref('a', { nullable: true }) }) }),
    'tables.b.scope',
    'nullable out',
  ],
  [
    'via columns that are no foreign key',
    tables({ b: plain({ scope: via(['x', 'y']) }, { x: text(), y: text() }) }),
    'tables.b.scope',
    'foreignKeys',
  ],
  [
    'via in a circle',
    tables({
      a: plain({ scope: via('bId') }, { bId: ref('b') }),
      b: plain({ scope: via('aId') }, { aId: ref('a') }),
    }),
    'tables.a.scope',
    'a template',
  ],
  [
    'via itself',
    tables({ a: plain({ scope: via('aId') }, { aId: ref('a') }) }),
    'tables.a.scope',
    'a template',
  ],
  [
    'a membership of no table',
    products({}, { scope: membership({ table: 'members', column: 'productId', scope: 'u:{userId}' }) }),
    'tables.products.scope.table',
    'plain: true',
  ],
  [
    'a membership that does not point to the table',
    tables({
      a: plain({ scope: membership({ table: 'm', column: 'name', scope: 'u:{name}' }) }),
      m: plain({}, { name: text() }),
    }),
    'tables.a.scope.column',
    "ref('a')",
  ],
  [
    'a membership template of a column that is not there',
    tables({
      a: plain({ scope: membership({ table: 'm', column: 'aId', scope: 'u:{user}' }) }),
      m: plain({}, { aId: ref('a'), userId: text() }),
    }),
    'tables.a.scope.scope',
    'Its columns are',
  ],
  [
    'SQL scopes that do not say what they read',
    app({ scopesOf: sql('select 1', { reads: [] }) }),
    'scopesOf.reads',
    'Name them',
  ],
  [
    'membership scopes of no table',
    app({ scopesOf: membershipScopes({ table: 'product', user: 'storeId', scope: 'all' }) }),
    'scopesOf.table',
    'Did you mean "products"?',
  ],
  [
    'membership scopes of a user column that is not there',
    app({ scopesOf: membershipScopes({ table: 'products', user: 'userId', scope: 'all' }) }),
    'scopesOf.user',
    'Its columns are',
  ],
];

describe('mistakes of keys, references and scopes', () => {
  it.each(MISTAKES)('[APP-04] a mistake names its place and its remedy: %s', (_, input, where, remedy) => {
    expect(mistakeOf(input)).toMatchObject({ where, remedy: expect.stringContaining(remedy) });
  });
});
