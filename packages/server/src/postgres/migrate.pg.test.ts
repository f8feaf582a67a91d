import { testDatabase } from '@satchel/testing/postgres';
import { afterEach, describe, expect, it } from 'vitest';
import type { Database } from './database.ts';
import { type Migration, migrate, pendingMigrations, readMigrations } from './migrate.ts';
import { openDatabase } from './pg-database.ts';

const drops: (() => Promise<void>)[] = [];
const fresh = async (): Promise<{ db: Database; url: string }> => {
  const test = await testDatabase({ empty: true });
  drops.push(test.drop);
  return test;
};
afterEach(async () => {
  for (const drop of drops.splice(0)) await drop();
});

const names = readMigrations().map(({ name }) => name);
const more = (text: string): readonly Migration[] => [
  ...readMigrations(),
  { name: '9999_more', text, checksum: text },
];

describe('migrate', () => {
  it('[PG-20] runs what is missing, once, whoever calls it at the same moment', async () => {
    const { db, url } = await fresh();
    const others = await Promise.all([openDatabase(url), openDatabase(url), openDatabase(url)]);
    expect(await pendingMigrations(db)).toEqual(names);
    const ran = await Promise.all([db, ...others].map((one) => migrate(one)));
    expect(ran.flat().sort()).toEqual(names);
    expect(await migrate(db)).toEqual([]);
    expect(await pendingMigrations(db)).toEqual([]);
    await Promise.all(others.map((one) => one.close()));
  });

  it('[PG-20] goes on from where a database is, all or nothing', async () => {
    const { db } = await fresh();
    await migrate(db);
    const broken = more('create table satchel.half (n integer); select 1/0');
    await expect(migrate(db, broken)).rejects.toMatchObject({ code: '22012' });
    const { rows } = await db.query(`select to_regclass('satchel.half') as half`);
    expect(rows).toEqual([{ half: null }]);
    expect(await migrate(db, more('create table satchel.whole (n integer)'))).toEqual(['9999_more']);
  });

  it('[PG-20] refuses a history that is not its own', async () => {
    const { db } = await fresh();
    await migrate(db, more('select 1'));
    await expect(migrate(db, more('select 2'))).rejects.toMatchObject({
      code: 'migration_changed',
      params: { name: '9999_more' },
    });
    await expect(migrate(db)).rejects.toMatchObject({ code: 'database_ahead' });
  });
});
