import { defineApp, id, table, text } from '@satchel/schema';
import { testDatabase } from '@satchel/testing/postgres';
import { expect, it } from 'vitest';
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
