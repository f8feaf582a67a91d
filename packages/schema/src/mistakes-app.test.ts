import { describe, expect, it } from 'vitest';
import { app, type Mistake, mistakeOf, plain, products, same, tables } from '../test/mistaken.ts';
import { counter, date, decimal, id, real, table, text, textDocument } from './index.ts';

const MISTAKES: readonly Mistake[] = [
  ['an unknown setting', app({ scopeOf: 1 }), 'app.scopeOf', 'Did you mean "scopesOf"?'],
  ['a name with capitals', app({ name: 'MyShop' }), 'name', 'lower case'],
  ['no name', app({ name: undefined }), 'name', 'lower case'],
  ['a version below one', app({ schemaVersion: 0 }), 'schemaVersion', 'schemaVersion: 1'],
  ['no tables', tables({}), 'tables', 'table({'],
  ['something that is not a table', tables({ products: 3 }), 'tables.products', 'table({'],
  ['no scopesOf', app({ scopesOf: undefined }), 'scopesOf', 'membershipScopes'],
  ['a lane twice', app({ lanes: ['high', 'low', 'high'] }), 'lanes[2]', 'once'],
  ['an unknown word for onRevoke', app({ onRevoke: 'wipes' }), 'onRevoke', 'Did you mean "wipe"?'],
  ['an unknown limit', app({ limits: { maxTextByte: 1 } }), 'limits.maxTextByte', '"maxTextBytes"'],
  ['a limit of nothing', app({ limits: { maxChanges: 0 } }), 'limits.maxChanges', 'maxChanges: 1'],
  [
    'onApplied of no table',
    app({ onApplied: { product: () => undefined } }),
    'onApplied.product',
    '"products"',
  ],
  [
    'a validator that is no function',
    app({ validators: { short: 3 } }),
    'validators.short',
    'Give a function',
  ],
  [
    'a function name that is not camelCase',
    app({ functions: { 'record-sale': () => null } }),
    'functions.record-sale',
    'Write "recordSale"',
  ],
  [
    'an administrator who is no role',
    app({ roles: ['owner'], administrators: ['boss'] }),
    'administrators',
    'There are: owner',
  ],
  ['a merger without merge', app({ documents: {} }), 'documents', 'yjsDocuments(Y)'],
  ['a table name in snake_case', tables({ sale_lines: plain() }), 'tables.sale_lines', 'Write "saleLines"'],
  ['a table name with a capital first', tables({ Products: plain() }), 'tables.Products', 'Write "products"'],
  ['a reserved table name', tables({ satchelOutbox: plain() }), 'tables.satchelOutbox', 'another name'],
  [
    'a table name too long for what is made of it',
    tables({ [`t${'x'.repeat(60)}`]: plain() }),
    `tables.t${'x'.repeat(60)}`,
    'within 48',
  ],
  [
    'a column name in snake_case',
    products({ store_name: text() }),
    'tables.products.columns.store_name',
    'Write "storeName"',
  ],
  [
    'two capitals in a row',
    products({ baseURL: text() }),
    'tables.products.columns.baseURL',
    'Write "baseUrl"',
  ],
  [
    'a reserved column name',
    products({ satchelVersion: text() }),
    'tables.products.columns.satchelVersion',
    'another name',
  ],
  [
    'a name that SQLite keeps for itself',
    products({ rowid: text() }),
    'tables.products.columns.rowid',
    'another name',
  ],
  [
    'a name that every object has',
    products({ constructor: text() }),
    'tables.products.columns.constructor',
    'another name',
  ],
  [
    'a column name too long',
    products({ [`c${'x'.repeat(63)}`]: text() }),
    `tables.products.columns.c${'x'.repeat(63)}`,
    'within 63',
  ],
  ['something that is not a column', products({ price: 'real' }), 'tables.products.columns.price', 'text()'],
  [
    'an unknown setting of a column',
    products({ price: real(same({ nulable: true })) }),
    'tables.products.columns.price.nulable',
    '"nullable"',
  ],
  [
    'a bound on a number',
    products({ price: real(same({ maxBytes: 3 })) }),
    'tables.products.columns.price.maxBytes',
    'There are: nullable',
  ],
  [
    'a counter that may be null',
    products({ visits: counter(same({ nullable: true })) }),
    'tables.products.columns.visits.nullable',
    'Leave nullable out',
  ],
  [
    'a default of another type',
    products({ price: decimal({ default: 'much' }) }),
    'tables.products.columns.price.default',
    'type decimal',
  ],
  [
    'a default that is no date',
    products({ from: date({ default: '2026-02-30' }) }),
    'tables.products.columns.from.default',
    'type date',
  ],
  [
    'null as the default of a column that cannot be null',
    products({ name: text(same({ default: null })) }),
    'tables.products.columns.name.default',
    'nullable: true',
  ],
  [
    'an unknown validator',
    products({ name: text({ validators: ['short'] }) }),
    'tables.products.columns.name.validators',
    'none to choose',
  ],
  [
    'a bound of nothing',
    products({ name: text({ maxBytes: 0 }) }),
    'tables.products.columns.name.maxBytes',
    'maxBytes: 1',
  ],
  [
    'a text document without a merger',
    products({ notes: textDocument() }),
    'tables.products.columns.notes',
    'yjsDocuments(Y)',
  ],
  [
    'an unknown key type',
    tables({ products: table({ id: id(same({ type: 'uid' })) }, { scope: 'all' }) }),
    'tables.products.columns.id.type',
    '"uuid"',
  ],
];

describe('mistakes of the app, its names and columns', () => {
  it.each(MISTAKES)('[APP-04] a mistake names its place and its remedy: %s', (_, input, where, remedy) => {
    expect(mistakeOf(input)).toMatchObject({ where, remedy: expect.stringContaining(remedy) });
  });
});
