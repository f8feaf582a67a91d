import { testDatabase } from '@satchel/testing/postgres';
import { expect, it } from 'vitest';
import { checkDatabase } from './capabilities.ts';
import { openDatabase } from './pg-database.ts';

it('[PG-28] names what a database lacks, and asks for no more than a plain role has', async () => {
  const { db, url, drop } = await testDatabase({ empty: true });
  const known = (await checkDatabase(db)).filter(({ kind }) => kind !== 'not-durable');
  expect(known).toEqual([]);

  const role = `poor_${process.pid}`;
  const address = new URL(url);
  await db.query(`create role ${role} login password 'poor' nosuperuser;
    revoke execute on function pg_control_system() from public`);
  address.username = role;
  address.password = 'poor';
  const poor = await openDatabase(address.href);
  const kinds = async () =>
    (await checkDatabase(poor)).map(({ kind }) => kind).filter((kind) => kind !== 'not-durable');
  expect(await kinds()).toEqual(['schema-denied', 'tables-denied', 'identity-denied']);

  await db.query(`grant create on database "${address.pathname.slice(1)}" to ${role};
    grant create on schema public to ${role};
    grant execute on function pg_control_system() to public`);
  expect(await kinds()).toEqual([]);
  await poor.close();
  await db.query(`drop owned by ${role}; drop role ${role}`);
  await drop();
});
