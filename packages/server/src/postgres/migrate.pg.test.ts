import { testDatabase } from '@satchel/testing/postgres';
import { describe, expect, it } from 'vitest';
import { migrate, pendingMigrations, readMigrations } from './migrate.ts';
import { openDatabase } from './pg-database.ts';

describe('migrate', () => {
  it('[PG-20] runs what is missing, once, whoever calls it at the same moment', async () => {
    const { db, url, drop } = await testDatabase({ empty: true });
    const others = await Promise.all([openDatabase(url), openDatabase(url), openDatabase(url)]);
    expect(await pendingMigrations(db)).toEqual(readMigrations().map(({ name }) => name));
    const ran = await Promise.all([db, ...others].map((one) => migrate(one)));
    expect(ran.flat().sort()).toEqual(readMigrations().map(({ name }) => name));
    expect(await migrate(db)).toEqual([]);
    expect(await pendingMigrations(db)).toEqual([]);
    await Promise.all(others.map((one) => one.close()));
    await drop();
  });
});
