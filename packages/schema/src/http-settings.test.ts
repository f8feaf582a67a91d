import { describe, expect, it } from 'vitest';
import { app, type Mistake, mistakeOf, plain, products } from '../test/mistaken.ts';
import { defineApp, id, table, text } from './index.ts';

const http = (given: object, parts: object = {}): unknown => app({ http: given, ...parts });

const MISTAKES: readonly Mistake[] = [
  [
    'a dialect that does not exist',
    http({ dialects: ['table'] }),
    'http.dialects[0]',
    'Did you mean "tables"?',
  ],
  ['a dialect twice', http({ dialects: ['tables', 'tables'] }), 'http.dialects[1]', 'once'],
  ['a setting that does not exist', http({ dialect: [] }), 'http.dialect', 'Did you mean "dialects"?'],
  ['no auth', http({ auth: 'none' }), 'http.auth', 'bearer'],
  ['no items', http({ maxItems: 0 }), 'http.maxItems', 'maxItems: 1'],
  ['an overlap of the past', http({ overlap: -1 }), 'http.overlap', 'overlap: 1'],
  [
    'a name that is not snake_case',
    http({ names: { products: { one: 'cropRecord' } } }),
    'http.names.products.one',
    'crop_record',
  ],
  [
    'a name for a table that does not exist',
    http({ names: { product: { one: 'p' } } }),
    'http.names',
    'Did you mean "products"?',
  ],
  ['values that are no function', http({ given: { products: {} } }), 'http.given.products', 'reporterId'],
  ['no user of a device', http({ deviceUser: 'anybody' }), 'http.deviceUser', 'claims'],
  ['no patience', http({ health: { delayedAfter: 0 } }), 'http.health.delayedAfter', 'delayedAfter: 1'],
  [
    'two tables by one name',
    http(
      { dialects: ['actions'], names: { logs: { one: 'product' } } },
      { tables: { products: plain(), logs: plain() } },
    ),
    'http.names.logs',
    'other names',
  ],
  [
    'the mark of deleted rows as a column',
    Object.assign(products({ isDeleted: text() }) as object, { http: { dialects: ['tables'] } }),
    'http.dialects',
    'Rename the column',
  ],
];

describe('what the server answers over HTTP', () => {
  it.each(MISTAKES)('[APP-04] %s', (_title, input, where, remedy) => {
    const found = mistakeOf(input);
    expect(found).toMatchObject({ where });
    expect(JSON.stringify(found)).toContain(remedy.replaceAll('"', '\\"'));
  });

  it('[SET-04] has every default; tables go by their SQL name and its singular', () => {
    const own = { scope: 'all' } as const;
    const made = defineApp({
      name: 'shop',
      tables: {
        cropRecords: table({ id: id() }, own),
        marketQueries: table({ id: id() }, own),
        boxes: table({ id: id() }, own),
        glass: table({ id: id() }, own),
        profiles: table({ id: id() }, own),
      },
      scopesOf: () => ['all'],
      http: { dialects: ['actions'], names: { profiles: { one: 'profile', many: 'profile' } } },
    });
    expect(made.http).toMatchObject({
      auth: 'bearer',
      version: '1.0.0',
      maxItems: 1_000,
      overlap: 60_000,
      health: { delayedAfter: 86_400_000, failingAfter: 604_800_000, failures: 5 },
      names: {
        cropRecords: { one: 'crop_record', many: 'crop_records' },
        marketQueries: { one: 'market_query', many: 'market_queries' },
        boxes: { one: 'box', many: 'boxes' },
        glass: { one: 'glass', many: 'glass' },
        profiles: { one: 'profile', many: 'profile' },
      },
    });
    expect(made.http.deviceUser('d')).toEqual({});
  });
});
