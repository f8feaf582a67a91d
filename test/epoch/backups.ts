import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { App } from '@satchel/schema';
import { type Database, openDatabase, prepareDatabase } from '@satchel/server';
import { type Cluster, ROLE } from './cluster.ts';

/** A copy of a database's contents, to be restored into an empty one. */
export interface Backup {
  readonly tool: string;
  restore(into: Cluster, database: string): Promise<void>;
  discard(): Promise<void>;
}

/** Where distributions put the client programs of a PostgreSQL; npm's packages have none. */
const INSTALLED = '/usr/lib/postgresql';

/** The newest installed pg_dump of 15 or later, and the major version of a cluster that it fits. */
export const installedDump = (): { readonly folder: string; readonly major: number } | undefined => {
  const majors = existsSync(INSTALLED) ? readdirSync(INSTALLED).map(Number) : [];
  const major = majors
    .filter((one) => one >= 15 && existsSync(join(INSTALLED, String(one), 'bin', 'pg_dump')))
    .toSorted((a, b) => b - a)[0];
  return major === undefined ? undefined : { folder: join(INSTALLED, String(major), 'bin'), major };
};

const run = promisify(execFile);

const environmentOf = (cluster: Cluster): NodeJS.ProcessEnv => {
  const url = new URL(cluster.url);
  return {
    ...process.env,
    PGHOST: decodeURIComponent(url.hostname),
    PGPORT: url.port,
    PGUSER: url.username,
    PGPASSWORD: decodeURIComponent(url.password),
  };
};

/** With the real pg_dump and pg_restore. */
export const dump = async (cluster: Cluster, database: string, folder: string): Promise<Backup> => {
  const place = mkdtempSync(join(tmpdir(), 'satchel-dump-'));
  const file = join(place, 'dump');
  await run(join(folder, 'pg_dump'), ['--format=custom', `--file=${file}`, database], {
    env: environmentOf(cluster),
  });
  return {
    tool: 'pg_dump',
    restore: async (into, name) => {
      await run(join(folder, 'pg_restore'), ['--exit-on-error', `--dbname=${name}`, file], {
        env: environmentOf(into),
      });
    },
    discard: async () => rmSync(place, { recursive: true, force: true }),
  };
};

/** What pg_dump does to the rows, in SQL: for machines that have no pg_dump. */
export const copyRows = async (cluster: Cluster, database: string, app: App): Promise<Backup> => {
  const tables: { readonly name: string; readonly rows: string }[] = [];
  const sequences: { readonly name: string; readonly value: string }[] = [];
  await cluster.on(database, (db) =>
    db.transaction('snapshot', async (tx) => {
      for (const name of await tableNames(tx)) {
        const { rows } = await tx.query<{ rows: string }>(
          `select coalesce(json_agg(t), '[]')::text as rows from ${name} t`,
        );
        tables.push({ name, rows: rows[0]!.rows });
      }
      const found = await tx.query<{ name: string; value: string | null }>(
        `select format('%I.%I', schemaname, sequencename) as name, last_value::text as value from pg_sequences`,
      );
      for (const { name, value } of found.rows) if (value !== null) sequences.push({ name, value });
    }),
  );
  return {
    tool: 'a copy of the rows in SQL',
    restore: async (into, name) => {
      const { db, close } = await asServer(into, name);
      await prepareDatabase(db, app, { change: true });
      await close();
      await into.on(name, async (admin) => {
        const alike = await tableNames(admin);
        await admin.transaction('write', async (tx) => {
          const { rows: triggers } = await tx.query<{ text: string }>(ENABLED_TRIGGERS);
          for (const table of alike) await tx.query(`alter table ${table} disable trigger all`);
          for (const table of alike) await tx.query(`delete from ${table}`);
          for (const { name: table, rows } of tables)
            await tx.query(
              `insert into ${table} overriding system value select * from json_populate_recordset(null::${table}, $1)`,
              [rows],
            );
          for (const { name: sequence, value } of sequences)
            await tx.query('select setval($1::regclass, $2)', [sequence, value]);
          for (const table of alike) await tx.query(`alter table ${table} enable trigger all`);
          for (const { text } of triggers) await tx.query(text);
        });
      });
    },
    discard: async () => {},
  };
};

/** Statements that bring triggers back to what they are. */
const ENABLED_TRIGGERS = `
select format('alter table %s enable %s trigger %I', t.tgrelid::regclass,
  case t.tgenabled when 'A' then 'always' when 'R' then 'replica' else '' end, t.tgname) as text
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where not t.tgisinternal and t.tgenabled <> 'D' and n.nspname in ('satchel', 'public')`;

const tableNames = async (db: Pick<Database, 'query'>): Promise<string[]> => {
  const { rows } = await db.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname in ('satchel', 'public') order by 1`,
  );
  return rows.map(({ name }) => name);
};

/** As the server's role, which owns what it makes. */
const asServer = async (
  cluster: Cluster,
  name: string,
): Promise<{ db: Database; close(): Promise<void> }> => {
  const url = new URL(cluster.databaseUrl(name));
  url.username = ROLE.name;
  url.password = ROLE.password;
  const db = await openDatabase({ url: url.href, connections: 2 });
  return { db, close: () => db.close() };
};
