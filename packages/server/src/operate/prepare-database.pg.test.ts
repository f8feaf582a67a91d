import { defineApp, id, table, text } from '@satchel/schema';
import { testDatabase } from '@satchel/testing/postgres';
import { expect, it, vi } from 'vitest';
import { connect } from '../../test/capture/connection.ts';
import { prepareDatabase } from './prepare-database.ts';

const app = (columns: Record<string, ReturnType<typeof text>>, documentViews = false) =>
  defineApp({
    documentViews,
    name: 'prepared',
    tables: { notes: table({ id: id(), ...columns }, { scope: 'all' }) },
    scopesOf: () => ['all'],
  });

it('[OPS-30] without the right to change a database is only compared, and what it lacks is named', async () => {
  const { db, drop } = await testDatabase({ empty: true });
  const first = app({ title: text() });
  const compare = (one = first) => prepareDatabase(db, one, { change: false });
  await expect(compare()).rejects.toMatchObject({
    code: 'database_behind',
    params: { what: 'the migration 0001_satchel' },
  });
  const tableIds = await prepareDatabase(db, first, { change: true });
  expect([...tableIds.keys()]).toEqual(['notes']);
  expect(await compare()).toEqual(tableIds);
  await expect(compare(app({ title: text(), body: text({ nullable: true }) }))).rejects.toMatchObject({
    code: 'database_behind',
  });
  await expect(compare(app({ title: text() }, true))).rejects.toMatchObject({
    params: { what: "the documents' views" },
  });
  const { rows } = await db.query<{ name: string }>(
    `select tgname as name from pg_trigger where tgrelid = 'public.notes'::regclass and not tgisinternal order by 1`,
  );
  await db.query(`drop trigger "${rows[0]?.name}" on public.notes`);
  await expect(compare()).rejects.toMatchObject({ code: 'database_behind' });
  await prepareDatabase(db, first, { change: true });
  expect(await compare()).toEqual(tableIds);
  await drop();
});

it('[OPS-31] a change that PostgreSQL gives up for the sake of others is tried again', async () => {
  const { db, url, drop } = await testDatabase({ empty: true });
  const tables = (more: Record<string, ReturnType<typeof text>>) =>
    defineApp({
      name: 'prepared',
      tables: {
        first: table({ id: id(), ...more }, { scope: 'all' }),
        second: table({ id: id(), ...more }, { scope: 'all' }),
      },
      scopesOf: () => ['all'],
    });
  await prepareDatabase(db, tables({}), { change: true });
  const busy = await connect(url);
  const watcher = await connect(url);
  // The change is the one that looks for circles, and finds itself in one.
  await busy.run(`set deadlock_timeout = '1min'`);
  await busy.run('begin');
  await busy.run(`insert into second (id) values ('a')`);
  const prepared = prepareDatabase(db, tables({ note: text({ nullable: true }) }), { change: true });
  await vi.waitFor(async () => {
    const waiting = await watcher.run(
      `select from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`,
    );
    expect(waiting).toHaveLength(1);
  });
  await busy.run(`insert into first (id) values ('a')`);
  await busy.run('commit');
  await prepared;
  const columns = await watcher.run(
    `select table_name from information_schema.columns where column_name = 'note' and table_schema = 'public' order by 1`,
  );
  expect(columns).toEqual([{ table_name: 'first' }, { table_name: 'second' }]);
  await busy.close();
  await watcher.close();
  await drop();
});
