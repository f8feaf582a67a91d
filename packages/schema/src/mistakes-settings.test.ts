import { describe, expect, it } from 'vitest';
import { app, type Mistake, mistakeOf, products, same } from '../test/mistaken.ts';
import {
  add,
  boolean,
  drop,
  dropTable,
  integer,
  rename,
  renameTable,
  split,
  text,
  timestamp,
} from './index.ts';

const MISTAKES: readonly Mistake[] = [
  ['a cron text of six fields', app({ sync: { schedule: '0 */30 * * * *' } }), 'sync.schedule', 'has five'],
  ['a minute that does not exist', app({ sync: { schedule: '61 * * * *' } }), 'sync.schedule', '0 to 59'],
  [
    'a schedule by a network that does not exist',
    app({ sync: { schedule: { wify: 60 } } }),
    'sync.schedule.wify',
    'Did you mean "wifi"?',
  ],
  ['no attempts', products({}, { retry: { attempts: 0 } }), 'tables.products.retry.attempts', 'attempts: 1'],
  [
    'a longest wait below the first',
    app({ sync: { retry: { firstDelay: 10, maxDelay: 5 } } }),
    'sync.retry.maxDelay',
    'at least 10',
  ],
  ['settings of an unknown lane', app({ sync: { lanes: { hi: {} } } }), 'sync.lanes.hi', 'urgent, high'],
  [
    'an urgent lane that does not exist',
    app({ sync: { urgentLane: 'alert' } }),
    'sync.urgentLane',
    'urgent, high',
  ],
  [
    'quiet hours past midnight',
    app({ sync: { quietHours: { from: 22, to: 30 } } }),
    'sync.quietHours.to',
    '0 to 24',
  ],
  ['a flag that is a text', app({ sync: { wifiOnly: 'yes' } }), 'sync.wifiOnly', 'true, false'],
  [
    'a trigger without body',
    products({}, { triggers: [{ name: 'x', timing: 'after', event: 'insert', body: ' ' }] }),
    'tables.products.triggers[0].body',
    'semicolon',
  ],
  [
    'a trigger with a reserved name',
    products({}, { triggers: [{ name: 'satchel_x', timing: 'after', event: 'insert', body: 'select 1' }] }),
    'tables.products.triggers[0].name',
    'another name',
  ],
  [
    'a trigger of an unknown event',
    products({}, { triggers: [{ name: 'x', timing: 'after', event: 'upsert', body: 'select 1' }] }),
    'tables.products.triggers[0].event',
    'Did you mean "insert"?',
  ],
  [
    'an adopted table without a name',
    products({}, { adopt: 'sales.' }),
    'tables.products.adopt',
    'sales.customers',
  ],
  [
    'an adopted column that is not there',
    products({}, { adopt: { columns: { price: 'cost' } } }),
    'tables.products.adopt.columns.price',
    'Its columns are',
  ],
  [
    'a gap in the history',
    app({
      schemaVersion: 4,
      history: [
        { to: 2, changes: [] },
        { to: 4, changes: [] },
      ],
    }),
    'history[0].to',
    'without a gap',
  ],
  [
    'a history that ends before the version',
    app({ schemaVersion: 3, history: [{ to: 2, changes: [] }] }),
    'history[0].to',
    'schemaVersion (3)',
  ],
  [
    'an unknown change',
    app({ schemaVersion: 2, history: [{ to: 2, changes: [{ kind: 'renam' }] }] }),
    'history[0].changes[0]',
    'Did you mean "rename"?',
  ],
  [
    'a rename to a column that is not there',
    app({ schemaVersion: 2, history: [{ to: 2, changes: [rename('products', 'count', 'stok')] }] }),
    'history[0].changes[0]',
    'Did you mean "stock"?',
  ],
  [
    'a rename from a column that is still there',
    app({ schemaVersion: 2, history: [{ to: 2, changes: [rename('products', 'storeId', 'stock')] }] }),
    'history[0].changes[0]',
    'before and after',
  ],
  [
    'a rename in no table',
    app({ schemaVersion: 2, history: [{ to: 2, changes: [rename('product', 'count', 'stock')] }] }),
    'history[0].changes[0]',
    'Did you mean "products"?',
  ],
  [
    'a table renamed to what is not there',
    app({ schemaVersion: 2, history: [{ to: 2, changes: [renameTable('goods', 'product')] }] }),
    'history[0].changes[0]',
    'Did you mean "products"?',
  ],
  [
    'a dropped column that is still there',
    app({
      schemaVersion: 2,
      history: [{ to: 2, changes: [drop('products', 'stock', integer({ default: 0 }))] }],
    }),
    'history[0].changes[0]',
    'before and after',
  ],
  [
    'a dropped column without a stand-in',
    app({ schemaVersion: 2, history: [{ to: 2, changes: [drop('products', 'colour', text())] }] }),
    'history[0].changes[0]',
    'Give a value',
  ],
  [
    'an added column without a value',
    app({ schemaVersion: 2, history: [{ to: 2, changes: [add('products', 'storeId')] }] }),
    'history[0].changes[0]',
    'Give a value',
  ],
  [
    'a dropped table that is still there',
    app({ schemaVersion: 2, history: [{ to: 2, changes: [dropTable('products')] }] }),
    'history[0].changes[0]',
    'Remove it',
  ],
  [
    'a split into a column that is not there',
    app({
      schemaVersion: 2,
      history: [
        {
          to: 2,
          changes: [
            split(
              'products',
              { a: text() },
              ['first'],
              same((x: object) => x),
              same((x: object) => x),
            ),
          ],
        },
      ],
    }),
    'history[0].changes[0]',
    'Its columns are',
  ],
  [
    'a split without the way back',
    app({
      schemaVersion: 2,
      history: [
        {
          to: 2,
          changes: [
            split(
              'products',
              { a: boolean() },
              ['stock'],
              same((x: object) => x),
              same(undefined),
            ),
          ],
        },
      ],
    }),
    'history[0].changes[0]',
    'up and down',
  ],
  [
    'a key that is split',
    app({
      schemaVersion: 2,
      history: [
        {
          to: 2,
          changes: [
            split(
              'products',
              { a: timestamp() },
              ['id'],
              same((x: object) => x),
              same((x: object) => x),
            ),
          ],
        },
      ],
    }),
    'history[0].changes[0]',
    'only be renamed',
  ],
];

describe('mistakes of settings and history', () => {
  it.each(MISTAKES)('[APP-04] a mistake names its place and its remedy: %s', (_, input, where, remedy) => {
    expect(mistakeOf(input)).toMatchObject({ where, remedy: expect.stringContaining(remedy) });
  });
});
