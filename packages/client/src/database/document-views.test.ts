import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Conflict } from '@satchel/protocol';
import {
  type App,
  boolean,
  counter,
  defineApp,
  id,
  integer,
  json,
  modifiedAt,
  real,
  rename,
  renameTable,
  set,
  table,
  text,
} from '@satchel/schema';
import { describe, expect, it } from 'vitest';
import { applied, opened, rejected, rows, scope } from '../../test/engine-fixture.ts';

const productColumns = {
  id: id(),
  name: text(),
  price: real(),
  stock: counter(),
  onSale: boolean({ default: false }),
  labels: set(),
  extra: json({ nullable: true }),
  updatedAt: modifiedAt(),
};
const lineColumns = { saleId: text(), line: integer(), productId: text() };

const shop = (more: object = {}): App =>
  defineApp({
    name: 'shop',
    tables: {
      products: table(productColumns, { scope: 'all', coalesce: false }),
      saleLines: table(lineColumns, { scope: 'all', primaryKey: ['saleId', 'line'] }),
    },
    scopesOf: () => ['all'],
    documentViews: { device: true },
    ...more,
  });

const insert = `insert into products (id, name, price, stock, on_sale, labels, extra) values (?, ?, ?, 3, 1, '["b","a"]', '{"a":[1]}')`;
const server = {
  name: 'Rice',
  price: 55,
  stock: 3,
  onSale: true,
  labels: ['a', 'b'],
  extra: null,
  updatedAt: 5,
};

const queue = (world: ReturnType<typeof opened>) => world.engine.all('select * from sync_queue order by id');

describe('sync_queue', () => {
  it('[DOC-10] has a row for each change, with the columns of both documents', () => {
    const world = opened({ app: shop() });
    world.write(insert, 'p1', 'Rice ₹50 ✓', 50);
    const [row] = queue(world);
    expect(Object.keys(row!).sort()).toEqual(
      [
        'id',
        'table_name',
        'record_id',
        'operation',
        'data',
        'timestamp',
        'retry_count',
        'status',
        'action_type',
        'entity_type',
        'entity_id',
        'payload',
      ].sort(),
    );
    expect(row).toMatchObject({
      id: 16_777_216,
      table_name: 'products',
      record_id: 'p1',
      operation: 'INSERT',
      timestamp: world.clock.now(),
      retry_count: 0,
      status: 'pending',
      action_type: 'create_product',
      entity_type: 'product',
      entity_id: 'p1',
    });
    expect(row!.payload).toBe(row!.data);
    expect(JSON.parse(row!.data as string)).toEqual({
      id: 'p1',
      name: 'Rice ₹50 ✓',
      price: 50,
      stock: 3,
      on_sale: true,
      labels: ['a', 'b'],
      extra: { a: [1] },
    });
  });

  it('[DOC-11] an update has what it changed, a delete nothing; what came later is not in an insert', () => {
    const world = opened({ app: shop() });
    world.write(insert, 'p1', 'Rice', 50);
    world.write('update products set price = 52, on_sale = 0 where id = ?', 'p1');
    world.write('delete from products where id = ?', 'p1');
    world.engine.write([
      { sql: "insert into sale_lines (sale_id, line, product_id) values ('s1', 1, 'p1'), ('s1', 2, 'p2')" },
    ]);
    const told = queue(world).map(({ operation, record_id, action_type, data }) => [
      operation,
      record_id,
      action_type,
      JSON.parse(data as string),
    ]);
    expect(told).toEqual([
      ['INSERT', 'p1', 'create_product', expect.objectContaining({ name: 'Rice', price: 50, on_sale: true })],
      ['UPDATE', 'p1', 'update_product', { price: 52, on_sale: false }],
      ['DELETE', 'p1', 'delete_product', null],
      ['INSERT', '["s1",1]', 'create_sale_line', { sale_id: 's1', line: 1, product_id: 'p1' }],
      ['INSERT', '["s1",2]', 'create_sale_line', { sale_id: 's1', line: 2, product_id: 'p2' }],
    ]);
  });

  it('[DOC-12] statuses go pending, syncing, synced or failed, under one id that is never given again', () => {
    const world = opened({ app: shop() });
    const statuses = () =>
      queue(world).map(({ id: number, status, retry_count }) => [number, status, retry_count]);
    world.write(insert, 'p1', 'Rice', 50);
    world.write(insert, 'p2', 'Wheat', 40);
    const first = 16_777_216;
    expect(statuses()).toEqual([
      [first, 'pending', 0],
      [2 * first, 'pending', 0],
    ]);
    const sent = world.send();
    expect(statuses()).toEqual([
      [first, 'syncing', 0],
      [2 * first, 'syncing', 0],
    ]);
    world.answer(applied(sent[0]!, 7), rejected(sent[1]!));
    expect(statuses()).toEqual([
      [first, 'synced', 0],
      [2 * first, 'failed', 0],
    ]);
    expect(JSON.parse(queue(world)[0]!.data as string)).toMatchObject({
      id: 'p1',
      on_sale: true,
      labels: ['a', 'b'],
    });
    world.write(insert, 'p3', 'Tea', 1);
    expect(statuses()[2]).toEqual([3 * first, 'pending', 0]);
  });

  it('[DOC-12] a failed attempt counts', () => {
    const world = opened({ app: shop() });
    world.write(insert, 'p1', 'Rice', 50);
    const batch = world.engine.takeBatch({ lanes: ['medium'], maxItems: 10, maxBytes: 10_000 });
    world.engine.returnBatch(batch!.batchId, { code: 'server_busy', params: {} }, true);
    expect(queue(world)).toMatchObject([{ status: 'pending', retry_count: 1 }]);
  });
});

it('[DOC-13] pending_changes is the queue as the second document has it', () => {
  const world = opened({ app: shop() });
  world.write(insert, 'p1', 'Rice', 50);
  const [pending] = world.engine.all('select * from pending_changes');
  expect(pending).toEqual({
    id: 16_777_216,
    table_name: 'products',
    record_id: 'p1',
    operation: 'INSERT',
    data: expect.stringContaining('"price":50'),
    created_at: world.clock.now(),
    synced: 0,
  });
  world.answer(...world.send().map((sent) => applied(sent, 7)));
  expect(world.engine.all('select synced from pending_changes')).toEqual([{ synced: 1 }]);
});

const conflict = (given: Partial<Conflict>): Conflict => ({
  conflictId: '00000000-0000-7000-8000-0000000000ff',
  table: 'products',
  key: 'p1',
  kind: 'update',
  state: 'open',
  mutationIds: [],
  author: 'ana',
  columns: ['price'],
  base: { price: 45 },
  client: { price: 50, onSale: true },
  server: { price: 55, onSale: false },
  result: null,
  policy: 'server-wins',
  flags: [],
  createdAt: 9,
  ...given,
});

it('[DOC-14] sync_conflicts has both sides whole, and one of three types', () => {
  const world = opened({ app: shop() });
  world.engine.takeConflicts([
    conflict({}),
    conflict({
      conflictId: '00000000-0000-7000-8000-000000000100',
      kind: 'delete',
      server: null,
      createdAt: 10,
    }),
    conflict({
      conflictId: '00000000-0000-7000-8000-000000000101',
      kind: 'insert',
      state: 'settled',
      createdAt: 11,
    }),
  ]);
  const found = world.engine.all('select * from sync_conflicts order by created_at');
  expect(found).toEqual([
    {
      id: 255,
      table_name: 'products',
      record_id: 'p1',
      local_data: '{"price":50,"on_sale":true}',
      server_data: '{"price":55,"on_sale":false}',
      conflict_type: 'UPDATE_UPDATE',
      created_at: 9,
      resolved: 0,
    },
    expect.objectContaining({ id: 256, conflict_type: 'DELETE_UPDATE', server_data: null, resolved: 0 }),
    expect.objectContaining({ id: 257, conflict_type: 'ID_COLLISION', resolved: 1 }),
  ]);
});

it('[DOC-15] sync_metadata says by table when this device was last up to date', () => {
  const world = opened({ app: shop() });
  expect(world.row("select * from sync_metadata where table_name = 'sale_lines'")).toEqual({
    table_name: 'sale_lines',
    device_id: world.engine.facts().clientId,
    last_sync_timestamp: null,
    pending_changes: 0,
  });
  world.page([scope('all', 'backfill')], { mode: 'backfill' });
  world.write(insert, 'p1', 'Rice', 50);
  expect(
    world.engine.all('select table_name, last_sync_timestamp, pending_changes from sync_metadata'),
  ).toEqual([
    { table_name: 'products', last_sync_timestamp: world.engine.facts().checkpointAt, pending_changes: 1 },
    { table_name: 'sale_lines', last_sync_timestamp: world.engine.facts().checkpointAt, pending_changes: 0 },
  ]);
  expect(world.engine.facts().checkpointAt).not.toBeNull();
});

describe('the view of a table', () => {
  const row = (world: ReturnType<typeof opened>, key: string) =>
    world.row('select sync_status, last_modified, version, is_deleted from products_local where id = ?', key);

  it('[DOC-16] says of each row what the documents want to know', () => {
    const world = opened({ app: shop() });
    world.page([scope('all', 'backfill'), rows('all', 'products', ['p1', 7, server])], {
      mode: 'backfill',
    });
    expect(row(world, 'p1')).toEqual({ sync_status: 'synced', last_modified: 5, version: 7, is_deleted: 0 });
    world.clock.millis += 1_000;
    world.write(insert, 'p2', 'Tea', 2);
    expect(row(world, 'p2')).toEqual({
      sync_status: 'pending',
      last_modified: world.clock.now(),
      version: 1,
      is_deleted: 0,
    });
    world.write('update products set price = 60 where id = ?', 'p1');
    expect(row(world, 'p1')).toMatchObject({ sync_status: 'pending', version: 7 });
    const sent = world.send();
    world.answer(applied(sent[0]!, 8), applied(sent[1]!, 9));
    expect(row(world, 'p2')).toMatchObject({ sync_status: 'synced', version: 8 });
    expect(row(world, 'p1')).toMatchObject({ sync_status: 'synced', version: 9 });
  });

  it('[DOC-17] a row deleted here stays in it, marked, until the server has settled that', () => {
    const world = opened({ app: shop() });
    world.page([scope('all', 'backfill'), rows('all', 'products', ['p1', 7, server])], { mode: 'backfill' });
    world.write('delete from products where id = ?', 'p1');
    expect(world.row('select * from products where id = ?', 'p1')).toBeUndefined();
    expect(world.row('select * from products_local where id = ?', 'p1')).toEqual({
      id: 'p1',
      name: 'Rice',
      price: 55,
      stock: 3,
      on_sale: 1,
      labels: '["a","b"]',
      extra: null,
      updated_at: 5,
      sync_status: 'pending',
      last_modified: world.clock.now(),
      version: 7,
      is_deleted: 1,
    });
    world.answer(...world.send().map((sent) => applied(sent, 8)));
    expect(row(world, 'p1')).toBeUndefined();
  });

  it('[DOC-18] conflict and failure stand above pending', () => {
    const world = opened({ app: shop() });
    world.page([scope('all', 'backfill'), rows('all', 'products', ['p1', 7, server], ['p2', 8, server])], {
      mode: 'backfill',
    });
    world.engine.takeConflicts([conflict({ key: 'p1' })]);
    expect(row(world, 'p1')).toMatchObject({ sync_status: 'conflict' });
    world.engine.takeConflicts([conflict({ key: 'p1', state: 'settled' })]);
    expect(row(world, 'p1')).toMatchObject({ sync_status: 'synced' });
    world.write('update products set price = 1 where id = ?', 'p2');
    for (let attempt = 0; attempt < 5; attempt++) {
      world.clock.millis += 3_600_000;
      const batch = world.engine.takeBatch({ lanes: ['medium'], maxItems: 10, maxBytes: 10_000 });
      world.engine.returnBatch(batch!.batchId, { code: 'server_busy', params: {} }, true);
    }
    expect(row(world, 'p2')).toMatchObject({ sync_status: 'failed' });
    expect(world.row('select status, retry_count from sync_queue')).toEqual({
      status: 'failed',
      retry_count: 5,
    });
  });

  it('[DOC-18] agrees with the state that the engine itself tells of every row', () => {
    const world = opened({ app: shop() });
    world.page([scope('all', 'backfill'), rows('all', 'products', ['p1', 7, server], ['p2', 8, server])], {
      mode: 'backfill',
    });
    world.write(insert, 'p3', 'Tea', 1);
    world.write("update products set name = 'Ragi' where id = 'p2'");
    for (const found of world.engine.all('select id, sync_status from products_local'))
      expect(found.sync_status).toBe(world.engine.rowState('products', found.id as string).state);
  });
});

describe('the views', () => {
  it('[DOC-19] are read only, and seen through by live queries', () => {
    const world = opened({ app: shop() });
    expect(() => world.write("insert into sync_queue (table_name) values ('x')")).toThrow();
    expect(() => world.write('update products_local set price = 1')).toThrow();
    expect(world.engine.tablesRead('select * from products_local')).toContain('products');
    expect(world.engine.tablesRead('select count(*) from sync_queue')).toContain('products');
  });

  it('[DOC-20] are made for an app that asks, follow its schema, and go when it asks no more', () => {
    const folder = mkdtempSync(join(tmpdir(), 'satchel-documents-'));
    try {
      const path = join(folder, 'shop.db');
      const views = (world: ReturnType<typeof opened>) =>
        world.engine
          .all("select name from sqlite_schema where type = 'view' order by name")
          .map(({ name }) => name);
      const first = opened({ app: shop(), path });
      expect(views(first)).toEqual([
        'pending_changes',
        'products_local',
        'sale_lines_local',
        'satchel_document_changes',
        'sync_conflicts',
        'sync_metadata',
        'sync_queue',
      ]);
      first.write(insert, 'p1', 'Rice', 50);
      first.engine.close();
      const { name: _, ...kept } = productColumns;
      const renamed = shop({
        schemaVersion: 2,
        tables: {
          products: table({ ...kept, title: text() }, { scope: 'all' }),
          lines: table(lineColumns, { scope: 'all', primaryKey: ['saleId', 'line'] }),
        },
        history: [
          { to: 2, changes: [rename('products', 'name', 'title'), renameTable('saleLines', 'lines')] },
        ],
      });
      const second = opened({ app: renamed, path });
      expect(second.row('select title, sync_status from products_local')).toEqual({
        title: 'Rice',
        sync_status: 'pending',
      });
      expect(JSON.parse(second.row('select data from sync_queue')!.data as string)).toMatchObject({
        id: 'p1',
        title: 'Rice',
        price: 50,
      });
      second.engine.close();
      const third = opened({ app: { ...renamed, documentViews: { server: false, device: false } }, path });
      expect(views(third)).toEqual([]);
      third.engine.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('[DOC-21] do not take the place of a table that the app made itself', () => {
    const folder = mkdtempSync(join(tmpdir(), 'satchel-documents-'));
    try {
      const path = join(folder, 'shop.db');
      const first = opened({ app: { ...shop(), documentViews: { server: false, device: false } }, path });
      first.write('create table sync_metadata (own text)');
      first.engine.close();
      expect(() => opened({ app: shop(), path })).toThrow(
        expect.objectContaining({
          code: 'app_invalid',
          params: expect.objectContaining({ where: 'documentViews.device' }),
        }),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
