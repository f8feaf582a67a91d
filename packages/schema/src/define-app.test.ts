import { describe, expect, it } from 'vitest';
import { bizpulse } from '../test/bizpulse.ts';
import { flights } from '../test/flights.ts';
import { mistakeOf, products, app as written } from '../test/mistaken.ts';
import {
  type App,
  batchOf,
  decimal,
  defineApp,
  id,
  ref,
  retryOf,
  scheduleOf,
  table,
  text,
  via,
} from './index.ts';

const defined = (input: unknown): App => defineApp(input as never);

describe('defineApp', () => {
  it('[APP-01] fills in every default', () => {
    const { tables, sync, limits, lanes, administrators, onRevoke, schemaVersion } = defined(written({}));
    expect(tables.products).toEqual({
      name: 'products',
      columns: {
        id: { name: 'id', type: 'id', nullable: false, keyType: 'text' },
        storeId: { name: 'storeId', type: 'text', nullable: false },
        stock: { name: 'stock', type: 'counter', nullable: false, defaultValue: 0 },
      },
      primaryKey: ['id'],
      scopes: [
        {
          kind: 'template',
          template: { text: 'store:{storeId}', parts: [{ literal: 'store:' }, { column: 'storeId' }] },
        },
      ],
      lane: 'medium',
      conflicts: {
        update: { kind: 'server-wins' },
        insert: { kind: 'new-key' },
        delete: { kind: 'ask' },
        unique: { kind: 'reject' },
        fields: { stock: { kind: 'merge', then: { kind: 'server-wins' } } },
      },
      access: {
        operations: { read: ['*'], insert: ['*'], update: ['*'], delete: ['*'] },
        columns: {},
        channels: {},
      },
      partial: true,
      coalesce: true,
      audit: true,
      unique: [],
      indexes: [],
      foreignKeys: [],
      triggers: [],
    });
    expect({ lanes, administrators, onRevoke, schemaVersion }).toEqual({
      lanes: ['urgent', 'high', 'medium', 'low'],
      administrators: ['admin'],
      onRevoke: 'lock',
      schemaVersion: 1,
    });
    expect(sync).toMatchObject({
      schedule: { any: 300 },
      order: 'download-first',
      onStart: 'delta',
      batch: { maxItems: 100, maxBytes: 1_000_000 },
      retry: { attempts: 5, firstDelay: 1_000, maxDelay: 300_000 },
      urgentLane: 'urgent',
    });
    expect(limits).toEqual({
      maxTextBytes: 1_048_576,
      maxChanges: 10_000,
      maxMutationBytes: 4_000_000,
      heldFor: 5 * 86_400_000,
      keepSettledFor: 30 * 86_400_000,
      clientLifetime: 90 * 86_400_000,
      clockTolerance: 60_000,
    });
  });

  it('[APP-05] the definition is frozen to its depths', () => {
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every((part) => frozen(part)));
    expect(frozen(bizpulse)).toBe(true);
  });

  it('[APP-06] a message says what is wrong and what to do in one sentence each', () => {
    expect(() => defined(products({}, { lane: 'hihg' }))).toThrow(
      'tables.products.lane: there is no lane "hihg". Did you mean "high"?',
    );
  });

  it('[APP-07] defaults are kept in canonical form', () => {
    const { tables } = defined(products({ price: decimal({ default: '12.50' }) }));
    expect(tables.products?.columns.price?.defaultValue).toBe('12.5');
  });

  it('[KEY-01] a reference is stored as the key that it points to, through references', () => {
    const { tables } = defineApp({
      name: 'x',
      tables: {
        answers: table({ id: id(), detailId: ref('details') }, { scope: via('detailId') }),
        details: table({ orderId: ref('orders') }, { scope: via('orderId'), primaryKey: ['orderId'] }),
        orders: table({ id: id({ type: 'uuid' }) }, { scope: 'all' }),
      },
      scopesOf: () => ['all'],
    });
    expect(tables.answers.columns.detailId?.keyType).toBe('uuid');
    expect(tables.answers.foreignKeys).toEqual([
      { columns: ['detailId'], references: 'details', onDelete: 'restrict' },
    ]);
    expect(tables.answers.scopes).toEqual([{ kind: 'via', columns: ['detailId'], table: 'details' }]);
  });

  it('[KEY-02] a key of several columns is referred to by several columns', () => {
    expect(flights.tables.flights.foreignKeys).toEqual([
      { columns: ['origin', 'destination'], references: 'routes', onDelete: 'cascade' },
    ]);
    expect(flights.tables.flights.scopes).toEqual([
      { kind: 'via', columns: ['origin', 'destination'], table: 'routes' },
    ]);
    expect(flights.tableOrder).toEqual(['airports', 'routes', 'flights']);
  });

  it('[KEY-03] references may go in a circle, the order is then as declared', () => {
    const { tableOrder } = defineApp({
      name: 'x',
      tables: {
        a: table(
          { id: id(), bId: ref('b', { nullable: true }), aId: ref('a', { nullable: true }) },
          { scope: 'all' },
        ),
        b: table({ id: id(), aId: ref('a') }, { scope: 'all' }),
      },
      scopesOf: () => ['all'],
    });
    expect(tableOrder).toEqual(['b', 'a']);
  });

  it('[KEY-04] new-key is the default only where a new key can be made', () => {
    const insertOf = (options: object, key: object) =>
      defined(
        written({
          tables: { t: table({ ...key, note: text() } as never, { scope: 'all', ...options } as never) },
        }),
      ).tables.t?.conflicts.insert.kind;
    expect(insertOf({}, { id: id() })).toBe('new-key');
    expect(insertOf({}, { id: id({ type: 'uuid' }) })).toBe('new-key');
    expect(insertOf({}, { id: id({ type: 'integer' }) })).toBe('merge');
    expect(insertOf({ primaryKey: ['a', 'b'] }, { a: text(), b: text() })).toBe('merge');
  });

  it('[SET-01] a table falls to its lane, a lane to the app', () => {
    expect(retryOf(bizpulse, 'sales')).toEqual({ attempts: 10, firstDelay: 1_000, maxDelay: 300_000 });
    expect(retryOf(bizpulse, 'products').attempts).toBe(3);
    expect(batchOf(bizpulse, 'sales').maxItems).toBe(20);
    expect(batchOf(bizpulse, 'reports').maxItems).toBe(500);
    expect(batchOf(bizpulse, 'products').maxItems).toBe(100);
    expect(scheduleOf(bizpulse, 'reports')).toBe('0 3 * * *');
    expect(scheduleOf(bizpulse, 'products')).toBeUndefined();
  });

  it('[POL-01] what the table says of its policies falls to each of them', () => {
    const { conflicts } = defined(
      products(
        {},
        { conflicts: { reason: 'Prices are central', by: 'author', fields: { storeId: 'review' } } },
      ),
    ).tables.products!;
    expect(conflicts.fields.storeId).toEqual({
      kind: 'review',
      until: 'hold',
      by: 'author',
      reason: 'Prices are central',
    });
    expect(conflicts.delete).toEqual({ kind: 'ask', by: 'author', reason: 'Prices are central' });
  });

  it('[POL-02] counters, sets and documents merge unless their own policy says otherwise', () => {
    const { conflicts } = defined(products({}, { conflicts: { fields: { stock: 'client-wins' } } })).tables
      .products!;
    expect(conflicts.fields.stock).toEqual({ kind: 'client-wins' });
    expect(bizpulse.tables.products.conflicts.fields.tags?.kind).toBe('merge');
  });

  it('[APP-04] the app that the mistakes were put into is right', () => {
    expect(mistakeOf(written({}))).toHaveProperty('tables');
    expect(mistakeOf(products({}))).toHaveProperty('tables');
  });
});
