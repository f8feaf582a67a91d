import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectError, newPlace, type Place } from './command.ts';

const app = (extra: string): string => `
import { defineApp, id, table, text } from '@satchel/schema';
export default defineApp({
  name: 'cli-database',
  tables: { notes: table({ id: id(), owner: text(), body: text()${extra} }, { scope: 'user:{owner}' }) },
  scopesOf: ({ userId }) => [\`user:\${userId}\`],
});
`;

let place: Place;
let database: TestDatabase;
let on: { readonly DATABASE_URL: string };
beforeAll(async () => {
  place = newPlace();
  writeFileSync(join(place.folder, 'satchel.app.ts'), app(''));
  database = await testDatabase({ empty: true });
  on = { DATABASE_URL: database.url };
});
afterAll(async () => {
  place.remove();
  await database.drop();
});

/** Names of everything that a migration could have made. */
const relations = async (): Promise<string> => {
  const { rows } = await database.db.query<{ all: string | null }>(
    `select string_agg(oid::regclass::text, ' ' order by oid) as all from pg_class
     where relnamespace::regnamespace::text in ('public', 'satchel')`,
  );
  return rows[0]?.all ?? '';
};

describe('on a database, in the order of a new one', () => {
  it('[CMD-20] doctor and verify say that it lacks the tables', async () => {
    const doctor = await place.run(['doctor'], on);
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/^error .+\n +-> .*satchel migrate/m);
    const verify = await place.run(['verify'], on);
    expect(verify.code).toBe(1);
    expect(expectError(verify, 'database_behind')).toContain('satchel migrate');
  });

  it('[CMD-21] a dry run shows the migrations and the statements of the app, and does nothing', async () => {
    const { code, stdout } = await place.run(['migrate', '--dry-run'], on);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^-- migration 0001_satchel$/m);
    expect(stdout).toMatch(/^create table .*"?notes"?/m);
    const plan = await place.json<{ migrations: string[]; actions: { kind: string; text: string }[] }>(
      ['migrate', '--dry-run'],
      on,
    );
    expect(plan.migrations).toContain('0001_satchel');
    expect(plan.actions.length).toBeGreaterThan(0);
    expect(await relations()).toBe('');
  });

  it('[CMD-21] migrate does it, and the second time nothing', async () => {
    const done = await place.json<{ migrations: string[]; schemaVersion: number }>(['migrate'], on);
    expect(done.migrations).toContain('0001_satchel');
    const after = await relations();
    expect(after).toContain('notes');
    expect(await place.json(['migrate'], on)).toEqual({ migrations: [], schemaVersion: 1 });
    expect((await place.run(['migrate', '--dry-run'], on)).stdout).toBe('Nothing to do.\n');
    expect(await relations()).toBe(after);
  });

  it('[CMD-21] a dry run of a changed app shows what is new, alone', async () => {
    writeFileSync(join(place.folder, 'next.ts'), app(', title: text({ nullable: true })'));
    const { stdout } = await place.run(['migrate', '--dry-run', '--app', 'next.ts'], on);
    expect(stdout).toMatch(/alter table .*notes"? add column "title"/i);
    expect(stdout).not.toContain('create table');
  });

  it('[CMD-22] doctor is content, and names what goes wrong', async () => {
    const errors = async (): Promise<string[]> => {
      const { code, stdout } = await place.run(['doctor', '--deep', '--json'], on);
      const { findings } = JSON.parse(stdout) as { findings: { code: string; severity: string }[] };
      const grave = findings.filter(({ severity }) => severity === 'error').map((one) => one.code);
      expect(code).toBe(grave.length > 0 ? 1 : 0);
      return grave;
    };
    const before = await errors();
    // The tests' PostgreSQL may forget: that is rightly found.
    expect(before.filter((code) => code !== 'not-durable')).toEqual([]);
    await database.db.query('alter table public.notes disable trigger user');
    expect((await errors()).length).toBeGreaterThan(before.length);
    expect((await place.run(['doctor'], on)).stdout).toMatch(/^error +.*notes.*\n +-> /m);
    expect((await place.run(['migrate'], on)).code).toBe(0);
    expect(await errors()).toEqual(before);
  });

  it('[CMD-23] verify finds and mends what went round capture', async () => {
    await database.db.query(`insert into public.notes (id, owner, body) values ('n0', 'ana', 'seen')`);
    expect((await place.run(['verify'], on)).stdout).toBe('Every row is noted as it is.\n');
    await database.db.transaction('write', async (tx) => {
      // As a restore with --disable-triggers does it.
      await tx.query('alter table public.notes disable trigger user');
      await tx.query('set local session_replication_role = replica');
      await tx.query(`insert into public.notes (id, owner, body) values ('n1', 'ana', 'unseen')`);
      await tx.query(`delete from public.notes where id = 'n0'`);
      await tx.query(`do $$ declare name text; begin
        for name in select tgname from pg_trigger where tgrelid = 'public.notes'::regclass and not tgisinternal loop
          execute format('alter table public.notes enable always trigger %I', name);
        end loop; end $$`);
    });
    const found = await place.run(['verify'], on);
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/^notes +n1 +user:ana +\w+/m);
    expect(found.stdout).toContain('2 of notes differ');
    expect(found.stdout).toContain('satchel verify --repair');
    expect(await place.json(['verify', '--repair'], on)).toMatchObject({ counts: { notes: 2 }, repaired: 2 });
    expect(await place.json(['verify'], on)).toEqual({ counts: {}, differences: [], repaired: 0 });
    const { rows } = await database.db.query<{ key: string; present: boolean }>(
      `select key, present from satchel.entries order by key`,
    );
    expect(rows).toEqual([
      { key: 'n0', present: false },
      { key: 'n1', present: true },
    ]);
  });

  it('[CMD-24] a wrong password is told with the address, not with the password', async () => {
    const url = new URL(database.url);
    url.password = 'hush-hush';
    const ended = await place.run(['doctor'], { DATABASE_URL: url.href });
    expect(ended.code).toBe(1);
    expect(expectError(ended, 'config_invalid')).not.toContain('hush-hush');
  });
});
