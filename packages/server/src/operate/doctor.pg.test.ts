import { counter, decimal, defineApp, id, real, ref, table, text, timestamp, via } from '@satchel/schema';
import { openDatabase } from '@satchel/server/postgres';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installCapture } from '../capture/install-capture.ts';
import { systemClock } from '../system.ts';
import { finerThanCanonical } from './doctor/check-tables.ts';
import { doctor } from './doctor.ts';

const app = defineApp({
  name: 'clinic',
  tables: {
    shops: table({ id: id(), storeId: text() }, { scope: 'store:{storeId}' }),
    sales: table(
      { id: id(), shopId: ref('shops'), at: timestamp(), total: decimal(), weight: real(), n: counter() },
      { scope: via('shopId') },
    ),
  },
  scopesOf: () => [],
});

let database: TestDatabase;
let ids: ReadonlyMap<string, number>;
const codes = async (deep = false) =>
  (await doctor(database.db, app, { clock: systemClock, deep })).map(({ code, where }) => `${code} ${where}`);

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  await db.query('create table public.shops (id text primary key, store_id text not null)');
  await db.query(`create table public.sales (id text primary key, shop_id text references public.shops,
    at timestamp(3) with time zone, total numeric, weight double precision, n bigint)`);
  const { rows } = await db.query<{ name: string; table_id: number }>(
    `insert into satchel.tables (name) values ('shops'), ('sales') returning name, table_id`,
  );
  await db.query('alter table public.sales alter column shop_id set not null');
  ids = new Map(rows.map(({ name, table_id }) => [name, table_id]));
  await db.transaction('write', (tx) => installCapture(tx, app, ids));
});
afterAll(() => database.drop());

/** The tests' server runs without fsync on purpose. */
const EXPECTED = [
  'not-durable fsync = off, full_page_writes = off',
  'role-name role satchel',
  'database-size PostgreSQL',
];

describe('doctor', () => {
  it('[OPS-10] finds nothing where all is well, deeply too', async () => {
    const found = await codes(true);
    expect(found.filter((finding) => !EXPECTED.includes(finding))).toEqual([]);
  });

  it('[OPS-10] names a trigger that was dropped or switched off, and the rows that went unseen', async () => {
    const { db } = database;
    await db.query('alter table public.shops disable trigger user');
    await db.query(`insert into public.shops values ('unseen', 's1')`);
    const found = await doctor(db, app, { clock: systemClock, deep: true });
    expect(found[0]).toMatchObject({ severity: 'error' });
    expect(found.filter(({ code }) => code === 'capture-differs').length).toBeGreaterThan(0);
    expect(found.find(({ code }) => code === 'entries-differ')).toMatchObject({
      where: 'shops',
      severity: 'error',
    });
    await db.query('delete from public.shops');
    await db.transaction('write', (tx) => installCapture(tx, app, ids));
    expect((await codes(true)).filter((finding) => !EXPECTED.includes(finding))).toEqual([]);
  });

  it('[OPS-10] names columns that are finer than their canonical form', async () => {
    const { db } = database;
    await db.query(
      'alter table public.sales alter column at type timestamptz, alter column weight type numeric',
    );
    const found = await codes();
    expect(found).toContain('column-finer "public"."sales".at');
    expect(found).toContain('column-finer "public"."sales".weight');
    await db.query(
      'alter table public.sales alter column at type timestamptz(3), alter column weight type float8',
    );
    expect(finerThanCanonical({ type: 'timestamp' }, 'timestamp without time zone')).toBeTruthy();
    expect(finerThanCanonical({ type: 'timestamp' }, 'timestamp(3) with time zone')).toBeUndefined();
    expect(finerThanCanonical({ type: 'date' }, 'timestamp(0) with time zone')).toBeTruthy();
    expect(finerThanCanonical({ type: 'counter' }, 'numeric(10,2)')).toBeTruthy();
    expect(finerThanCanonical({ type: 'decimal' }, 'numeric')).toBeUndefined();
  });

  it('[OPS-10] names parents that are not bound by a validated foreign key of NOT NULL columns', async () => {
    const { db } = database;
    const fault = async () =>
      (await doctor(db, app, { clock: systemClock })).find(({ code }) => code === 'via-unsafe')?.what;
    await db.query('alter table public.sales alter column shop_id drop not null');
    expect(await fault()).toContain('may be null');
    await db.query('alter table public.sales alter column shop_id set not null');
    await db.query('alter table public.sales drop constraint sales_shop_id_fkey');
    expect(await fault()).toContain('no foreign key');
    await db.query(
      'alter table public.sales add constraint sales_shop foreign key (shop_id) references public.shops not valid',
    );
    expect(await fault()).toContain('not validated');
    await db.query('alter table public.sales validate constraint sales_shop');
    expect(await fault()).toBeUndefined();
  });

  it('[OPS-10] names missing rights, hidden rows and missing tables as the role sees them', async () => {
    const { db, url } = database;
    await db.query(`create role clinic_guest login password 'guest'`);
    await db.query('grant usage on schema satchel, public to clinic_guest');
    await db.query('grant select on all tables in schema satchel to clinic_guest');
    await db.query('grant select, insert on public.shops, public.sales to clinic_guest');
    await db.query('alter table public.sales enable row level security');
    const guestUrl = new URL(url);
    guestUrl.username = 'clinic_guest';
    guestUrl.password = 'guest';
    const guest = await openDatabase(guestUrl.toString());
    const found = await doctor(guest, app, { clock: systemClock });
    expect(
      found.find(({ code, where }) => code === 'right-missing' && where.includes('shops'))?.what,
    ).toContain('update, delete');
    expect(found.find(({ code }) => code === 'rows-hidden')?.where).toContain('sales');
    await guest.close();
    await db.query('alter table public.sales disable row level security');
    await db.query('drop owned by clinic_guest');
    await db.query('drop role clinic_guest');
    const wider = defineApp({
      name: 'clinic',
      tables: { drugs: table({ id: id() }, { scope: 'all' }) },
      scopesOf: () => [],
    });
    expect(await doctor(db, wider, { clock: systemClock })).toContainEqual(
      expect.objectContaining({ code: 'table-missing', where: '"public"."drugs"' }),
    );
  });

  it('[OPS-10] names who has held a transaction open for long', async () => {
    const holder = new pg.Client({ connectionString: database.url, application_name: 'report writer' });
    await holder.connect();
    await holder.query('begin isolation level repeatable read');
    await holder.query('select 1');
    const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid');
    expect((await codes()).filter((finding) => finding.startsWith('transaction-old'))).toEqual([]);
    const found = await doctor(database.db, app, { clock: systemClock, oldTransaction: 0 });
    const finding = found.find(({ where }) => where === `process ${rows[0]?.pid}`);
    expect(finding).toMatchObject({ code: 'transaction-old', severity: 'warning' });
    expect(finding?.what).toContain('report writer');
    await holder.end();
  });

  it('[OPS-10] names orphaned runs, overdue and failing work', async () => {
    const { db } = database;
    const ID = '0192f0c1-7a3e-7c11-9a5e-000000000001';
    await db.query(
      `insert into satchel.runs (client_id, run_id, first_seen_at, last_heard_at) values ($1, $1, 0, 0)`,
      [ID],
    );
    await db.query(
      `insert into satchel.held (principal, mutation_id, parent_table, parent_key, until) values ('p', $1, 1, 'k', 0)`,
      [ID],
    );
    await db.query(
      `insert into satchel.applied (mutation_id, user_id, table_id, op, key, attempts, next_at) values ($1, 'u', 1, 'insert', 'k', 9, 0)`,
      [ID],
    );
    const found = await codes();
    expect(found).toContain('run-orphaned satchel.runs');
    expect(found).toContain('held-overdue satchel.held');
    expect(found).toContain('applied-failing satchel.applied');
    for (const name of ['runs', 'held', 'applied']) await db.query(`delete from satchel.${name}`);
  });

  it('[OPS-10] a clock that differs is told, and before the first migration the doctor still answers', async () => {
    const ahead = { now: () => Date.now() + 3_600_000 };
    const found = await doctor(database.db, app, { clock: ahead });
    expect(found.find(({ code }) => code === 'clock-differs')?.what).toContain('behind');
    const empty = await testDatabase({ empty: true });
    const first = await doctor(empty.db, app, { clock: systemClock });
    expect(first.filter(({ code }) => code === 'check-failed')).toEqual([]);
    expect(first.some(({ code }) => code === 'migrations-pending')).toBe(true);
    await empty.drop();
  });

  it('[OPS-11] a check that cannot be made is a finding, and the others are made', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('alter table satchel.held rename to held_elsewhere');
    const found = await codes();
    expect(found).toContain('check-failed books');
    expect(found).toContain('database-size PostgreSQL');
    await client.query('alter table satchel.held_elsewhere rename to held');
    await client.end();
  });
});
