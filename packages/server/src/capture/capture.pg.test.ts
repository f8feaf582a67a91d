import { bigint, decimal, defineApp, id, integer, modifiedAt, table, text, timestamp } from '@satchel/schema';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CapturedDatabase, capturedDatabase } from '../../test/capture/captured-database.ts';
import { type Connection, connect } from '../../test/capture/connection.ts';
import { checkCapture } from './check-capture.ts';
import { installCapture, uninstallCapture } from './install-capture.ts';
import { repairEntries, verifyEntries } from './verify-entries.ts';

const app = defineApp({
  name: 'shop',
  tables: {
    products: table(
      { id: id(), storeId: text({ nullable: true }), name: text(), price: decimal({ nullable: true }) },
      { scope: 'store:{storeId}', conflicts: { update: 'latest-wins' } },
    ),
    readings: table(
      { id: id({ type: 'uuid' }), meter: integer(), at: timestamp(), value: bigint() },
      {
        scope: 'meter:{meter}',
        primaryKey: ['id', 'meter'],
        adopt: { schema: 'field', table: 'meter_readings' },
      },
    ),
    logs: table(
      { id: id(), storeId: text(), modified: modifiedAt() },
      { scope: 'store:{storeId}', audit: false },
    ),
  },
  scopesOf: () => [],
});

/** An adopted table with partitions, rows of before, row level security and other types than Satchel's own. */
const ADOPTED = [
  'create schema field',
  `create table field.meter_readings (id uuid not null, meter int not null, at timestamptz not null, value bigint not null,
    primary key (id, meter)) partition by list (meter)`,
  'create table field.readings_1 partition of field.meter_readings for values in (1)',
  'create table field.readings_2 partition of field.meter_readings for values in (2)',
];

describe('capture', () => {
  let database: CapturedDatabase;
  let a: Connection;
  const version = async (key: string): Promise<unknown> =>
    (await a.run('select max(version) as version from satchel.entries where key = $1', [key]))[0]?.version;

  beforeAll(async () => {
    database = await capturedDatabase(app, ADOPTED);
  });
  beforeEach(async () => {
    a = await connect(database.url);
    await a.run('truncate products, logs, field.meter_readings');
    await a.run('truncate satchel.entries, satchel.audit, satchel.writers');
  });
  afterEach(() => a.close());
  afterAll(() => database.drop());

  it('[CAP-01] every event is captured, with COPY-like bulk and upserts, and statements that touch nothing cost no version', async () => {
    await a.run(`insert into products select 'p' || i, 's' || i % 2, 'x' from generate_series(1, 4) i`);
    await a.run(`insert into products values ('p1', 's9', 'y'), ('p5', 's9', 'y')
      on conflict (id) do update set store_id = excluded.store_id`);
    await a.run(`delete from products where id in ('p2', 'p3')`);
    expect(await database.entries()).toEqual([
      'store:s0 products p2 deleted',
      'store:s0 products p4',
      'store:s1 products p1 left',
      'store:s1 products p3 deleted',
      'store:s9 products p1',
      'store:s9 products p5',
    ]);
    const before = await a.run('select last_value from satchel.version');
    await a.run('update products set name = name where false');
    await a.run('delete from products where false');
    expect(await a.run('select last_value from satchel.version')).toEqual(before);
  });

  it('[CAP-04] a row deleted and inserted again in one transaction ends present, its version risen', async () => {
    await a.run(`insert into products values ('p1', 's1', 'x')`);
    const first = Number(await version('p1'));
    await a.run('begin');
    await a.run(`delete from products where id = 'p1'`);
    await a.run(`insert into products values ('p1', 's1', 'y')`);
    await a.run('commit');
    expect(await database.entries()).toEqual(['store:s1 products p1']);
    expect(Number(await version('p1'))).toBeGreaterThan(first);
  });

  it('[CAP-04] a changed key is the old one gone and the new one there, also when keys are swapped', async () => {
    await a.run(`insert into products values ('p1', 's1', 'x'), ('p2', 's2', 'x')`);
    await a
      .run(`update products set id = case id when 'p1' then 'p3' else 'p1' end where id in ('p1', 'p2')`)
      .catch(() =>
        a.run(`update products set id = 'p3' where id = 'p1'; update products set id = 'p1' where id = 'p2'`),
      );
    expect(await database.entries()).toEqual([
      'store:s1 products p1 left',
      'store:s1 products p3',
      'store:s2 products p1',
      'store:s2 products p2 deleted',
    ]);
  });

  it("[CAP-05] scopes come from the table: an app's row trigger that moves the row has the last word", async () => {
    await a.run(`create function public.to_headquarters() returns trigger language plpgsql as $$
      begin
        if new.name = 'gold' and new.store_id <> 'HQ' then update public.products set store_id = 'HQ' where id = new.id; end if;
        return null;
      end $$`);
    await a.run(
      `create trigger zz_move after insert or update on products for each row execute function public.to_headquarters()`,
    );
    try {
      await a.run(`insert into products values ('p1', 'store1', 'gold')`);
      await a.run(`insert into products values ('p2', 'store1', 'tin')`);
      await a.run(`update products set name = 'gold' where id = 'p2'`);
      const entries = await database.entries();
      expect(entries.filter((entry) => !entry.endsWith(' left'))).toEqual([
        'store:HQ products p1',
        'store:HQ products p2',
      ]);
    } finally {
      await a.run('drop function public.to_headquarters() cascade');
    }
  });

  it('[CAP-06] entries carry the top-level transaction, not a savepoint', async () => {
    await a.run('begin');
    await a.run(`insert into products values ('p0', 's1', 'x')`);
    await a.run('savepoint one');
    await a.run(`insert into products values ('p1', 's1', 'x')`);
    const [own] = await a.run('select pg_current_xact_id()::text as xid');
    await a.run('commit');
    expect(await a.run('select distinct xid::text as xid from satchel.entries')).toEqual([own]);
    expect(await a.run(`select count(distinct xmin::text) as n from products`)).toEqual([{ n: '2' }]);
    expect((await verifyEntries(database.db, app, database.tableIds)).differences).toEqual([]);
  });

  it('[CAP-07] TRUNCATE makes all gone', async () => {
    await a.run(`insert into products values ('p1', 's1', 'x'), ('p2', 's2', 'x')`);
    await a.run('truncate products');
    expect(await database.entries()).toEqual([
      'store:s1 products p1 deleted',
      'store:s2 products p2 deleted',
    ]);
  });

  it('[CAP-07] writes straight to a partition are captured, and those through the parent once', async () => {
    const key = '00000000-0000-4000-8000-00000000000';
    await a.run(`insert into field.readings_1 values ('${key}2', 1, now(), 1)`);
    await a.run(`insert into field.meter_readings values ('${key}3', 1, now(), 1)`);
    await a.run(`update field.meter_readings set meter = 2 where id = '${key}3'`);
    await a.run('truncate field.readings_1');
    expect(await database.entries()).toEqual([
      `meter:1 readings ["${key}2",1] deleted`,
      `meter:1 readings ["${key}3",1] deleted`,
      `meter:2 readings ["${key}3",2]`,
    ]);
  });

  it('[CAP-07] what a session with replica role writes is captured', async () => {
    await a.run('set session_replication_role = replica');
    await a.run(`insert into products values ('p1', 's1', 'x')`);
    expect(await database.entries()).toEqual(['store:s1 products p1']);
  });

  it('[CAP-08] a role without any right on Satchel may write, and row level security hides nothing from capture', async () => {
    const clerk = `satchel_clerk_${process.pid}`;
    await a.run(`create role ${clerk}`);
    try {
      await a.run(`grant select, insert, update, delete on products to ${clerk}`);
      await a.run('alter table products enable row level security');
      await a.run(`create policy mine on products using (store_id = current_setting('shop.store', true))`);
      await a.run(`set role ${clerk}; set search_path = pg_temp; set "shop.store" = 's1'`);
      await a.run(`insert into public.products values ('p1', 's1', 'x')`);
      await a.run(`update public.products set name = 'y'`);
      await expect(a.run('select * from satchel.entries')).rejects.toMatchObject({ code: '42501' });
      await a.run(`set "shop.store" = 's2'`);
      await a.run(`insert into public.products values ('p2', 's2', 'x')`);
      await a.run(`reset role; update public.products set store_id = 's3' where id = 'p1'`);
      expect(await database.entries()).toEqual([
        'store:s1 products p1 left',
        'store:s2 products p2',
        'store:s3 products p1',
      ]);
    } finally {
      await a.run(
        'reset role; drop policy mine on public.products; alter table public.products disable row level security',
      );
      await a.run(`revoke all on public.products from ${clerk}; drop role ${clerk}`);
    }
  });

  it('[CAP-09] plain SQL is audited with canonical values before and after; push writes its own', async () => {
    await a.run(`insert into products values ('p1', 's1', 'x', 12.50)`);
    await a.run(`update products set price = 13, name = 'y'`);
    await a.run('update products set name = name');
    await a.run('delete from products');
    await a.run(`insert into logs values ('l1', 's1')`);
    await a.run(
      `begin; set local satchel.source = 'push'; insert into products values ('p2', 's1', 'x'); commit`,
    );
    const rows = await a.run(
      `select key, op, before, after, source, user_id from satchel.audit order by audit_id`,
    );
    const first = { id: 'p1', storeId: 's1', name: 'x', price: '12.5' };
    const second = { id: 'p1', storeId: 's1', name: 'y', price: '13' };
    const sql = { key: 'p1', source: 'sql', user_id: 'satchel' };
    const [role] = await a.run('select session_user as role');
    sql.user_id = String(role?.role);
    expect(rows).toEqual([
      { ...sql, op: 'insert', before: null, after: first },
      { ...sql, op: 'update', before: first, after: second },
      { ...sql, op: 'delete', before: second, after: null },
    ]);
  });

  it('[CAP-09] a field that plain SQL really changed carries the server clock, where a policy asks for it', async () => {
    await a.run(`set satchel.now = '1000'; insert into products values ('p1', 's1', 'x', 1)`);
    await a.run(`set satchel.now = '2000'; update products set name = 'y', price = 1.0`);
    await a.run(`begin; set local satchel.source = 'push'; update products set store_id = 's2'; commit`);
    const rows = await a.run(
      `select column_name, hlc from satchel.writers where key = 'p1' order by column_name`,
    );
    expect(rows).toEqual([
      { column_name: 'name', hlc: '2000:0:server' },
      { column_name: 'price', hlc: '1000:0:server' },
      { column_name: 'storeId', hlc: '1000:0:server' },
    ]);
  });

  it('[CAP-09] entries say whose push wrote them', async () => {
    const client = '00000000-0000-7000-8000-000000000001';
    await a.run(
      `begin; set local satchel.writer = '${client}'; insert into products values ('p1', 's1', 'x'); commit`,
    );
    expect(await a.run('select writer from satchel.entries')).toEqual([{ writer: client }]);
    await a.run(`update products set name = 'y'`);
    expect(await a.run('select writer from satchel.entries')).toEqual([{ writer: null }]);
  });

  it('[CAP-30] installing again changes nothing; what was tampered with is found and put back', async () => {
    const install = () =>
      database.db.transaction('write', (tx) => installCapture(tx, app, database.tableIds));
    const check = () => checkCapture(database.db, app, database.tableIds);
    const stamps = () =>
      a.run(`select oid, xmin::text from pg_trigger where tgname like 'satchel_%' order by oid`);
    const before = await stamps();
    await install();
    expect(await stamps()).toEqual(before);
    expect(await check()).toEqual([]);
    // Triggers of other rooms in the same schema are none of its business.
    const touch = () =>
      a.run(`select tgname from pg_trigger where tgrelid = 'logs'::regclass and tgname like 'touch%'`);
    expect(await touch()).toHaveLength(1);
    await a.run('alter table products disable trigger satchel_capture_update_1');
    await a.run('drop trigger satchel_capture_insert_2 on field.readings_1');
    await a.run('alter function satchel.capture_delete_1() security invoker');
    await a.run('create table field.readings_3 partition of field.meter_readings for values in (3)');
    expect((await check()).map(({ name, state }) => `${name} ${state}`).sort()).toEqual([
      'capture_delete_1 changed',
      'satchel_capture_delete_2 missing',
      'satchel_capture_insert_2 missing',
      'satchel_capture_insert_2 missing',
      'satchel_capture_truncate_2 missing',
      'satchel_capture_update_1 changed',
      'satchel_capture_update_2 missing',
    ]);
    await a.run(`insert into products values ('p1', 's1', 'x')`);
    await a.run(`update products set store_id = 's2'`);
    await install();
    expect(await check()).toEqual([]);
    expect(await touch()).toHaveLength(1);
    expect(await database.entries()).toContain('store:s2 products p1');
  });

  it('[CAP-31] rows that were there before are taken in', async () => {
    await database.db.transaction('write', (tx) => uninstallCapture(tx));
    expect(await a.run(`select tgname from pg_trigger where tgname like 'satchel_%'`)).toEqual([]);
    await a.run(
      `insert into products select 'p' || lpad(i::text, 5, '0'), 's1', 'x' from generate_series(1, 25000) i`,
    );
    await database.db.transaction('write', (tx) => installCapture(tx, app, database.tableIds));
    expect(
      await a.run(
        `select count(*) as n, bool_and(present) as all from satchel.entries where scope = 'store:s1'`,
      ),
    ).toEqual([{ n: '25000', all: true }]);
  });

  it('[CAP-32] what went round the triggers is found, and repaired', async () => {
    await a.run(`insert into products values ('p1', 's1', 'x'), ('p2', 's1', 'x'), ('p3', 's1', 'x')`);
    await a.run('alter table products disable trigger all');
    await a.run(`update products set name = 'y' where id = 'p1'`);
    await a.run(`delete from products where id = 'p2'`);
    await a.run(`update products set store_id = 's2' where id = 'p3'`);
    await a.run('alter table products enable trigger all');
    const { differences, counts } = await verifyEntries(database.db, app, database.tableIds);
    expect(differences.map(({ key, scope, state }) => `${key} ${scope} ${state}`)).toEqual([
      'p1 store:s1 stale',
      'p2 store:s1 extra',
      'p3 store:s1 extra',
      'p3 store:s2 missing',
    ]);
    expect(counts.get('products')).toBe(4);
    const before = Number(await version('p1'));
    expect(await repairEntries(database.db, app, database.tableIds)).toBe(3);
    expect(Number(await version('p1'))).toBeGreaterThan(before);
    expect((await verifyEntries(database.db, app, database.tableIds)).differences).toEqual([]);
    await database.db.transaction('write', (tx) => installCapture(tx, app, database.tableIds));
  });
});
