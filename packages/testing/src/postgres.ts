import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from '@satchel/schema';
import {
  applyApp,
  type Database,
  type Embedded,
  migrate,
  openDatabase,
  readMigrations,
  startEmbedded,
} from '@satchel/server/postgres';

export interface TestDatabase {
  readonly db: Database;
  /** Small numbers of the app's tables; empty without an app. */
  readonly tableIds: ReadonlyMap<string, number>;
  /** For a second server, a plain client, or `psql`. */
  readonly url: string;
  /** Closes the pool and drops the database. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** Its tables are made, and captured. */
  readonly app?: App;
  /** Leave schema `satchel` out too. */
  readonly empty?: boolean;
  readonly connections?: number;
}

/**
 * A database of its own on the tests' PostgreSQL: migrated, empty, dropped by the test.
 * The server is started once for all runs of this user, one for each worker of a run, and stopped by the last.
 *
 * `SATCHEL_TEST_DATABASE_URL` names another server; `SATCHEL_TEST_POSTGRES=15` takes the
 * installed PostgreSQL 15 instead of npm's.
 *
 * @example
 * ```ts
 * const { db, drop } = await testDatabase();
 * afterAll(drop);
 * ```
 */
export const testDatabase = async (options: TestDatabaseOptions = {}): Promise<TestDatabase> => {
  const server = await testServer();
  const name = `satchel_test_${process.pid}_${randomBytes(6).toString('hex')}`;
  const template = options.empty ? 'template0' : await templateDatabase(server);
  await onServer(server, (db) => db.query(`create database ${name} template ${template}`));
  const url = databaseUrl(server, name);
  const db = await openDatabase({ url, connections: options.connections ?? 10 });
  const tableIds = options.app ? (await applyApp(db, options.app)).tableIds : new Map<string, number>();
  return {
    db,
    url,
    tableIds,
    drop: async () => {
      await db.close();
      await onServer(server, (db) => db.query(`drop database if exists ${name} with (force)`));
    },
  };
};

/** A lease on the tests' server: while one is held, no run stops it. */
export interface TestServer {
  readonly url: string;
  /** Gives the lease back; stops the server if it was the last one. */
  release(): Promise<void>;
}

/**
 * Starts the tests' server, or finds it. A lease is a shared advisory lock on a
 * connection: it goes with its process, and whoever stops the server must hold the
 * lock alone, so nobody is cut off who has a lease.
 *
 * Each worker of a run has a server of its own: transactions that are open in any
 * database of a server hold back what tests of horizons and of dead rows look for.
 */
export const leaseTestServer = async (
  major = process.env.SATCHEL_TEST_POSTGRES,
  worker = process.env.VITEST_POOL_ID ?? '1',
): Promise<TestServer> => {
  const given = process.env.SATCHEL_TEST_DATABASE_URL;
  if (given) return { url: given, release: async () => undefined };
  for (let attempt = 1; ; attempt += 1) {
    const server = await startEmbedded({
      dataDir: join(tmpdir(), `satchel-pg-tests-${process.getuid?.() ?? 'user'}-${major ?? 'npm'}-${worker}`),
      settings: TEST_SETTINGS,
      ...(major ? { major: Number(major) } : {}),
    });
    let lease: Database | undefined;
    try {
      lease = await openDatabase({
        url: server.url,
        connections: 1,
        idleAfter: 0,
        applicationName: 'satchel-test-lease',
      });
      await lease.query('select pg_advisory_lock_shared($1)', [LEASE_LOCK]);
      return { url: server.url, release: () => release(server, lease as Database) };
    } catch (error) {
      // The last one before us was stopping it.
      await lease?.close();
      if (attempt === 20) throw error;
    }
  }
};

const release = async (server: Embedded, lease: Database): Promise<void> => {
  await lease.query('select pg_advisory_unlock_shared($1)', [LEASE_LOCK]);
  const { rows } = await lease.query<{ last: boolean }>('select pg_try_advisory_lock($1) as last', [
    LEASE_LOCK,
  ]);
  if (rows[0]?.last) {
    await dropLeftovers(lease);
    await server.stop({ force: true });
  }
  await lease.close();
};

const LEASE_LOCK = 7_001;
const TEMPLATE_LOCK = 7_002;

/** Nothing here outlives a run, so nothing has to reach the disk. */
const TEST_SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '400',
  shared_buffers: '64MB',
  max_wal_size: '512MB',
};

let server: Promise<string> | undefined;

/** The server of this process; without a global set-up its lease lasts as long as the process. */
const testServer = (): Promise<string> => {
  server ??= leasedServer();
  return server;
};

const leasedServer = async (): Promise<string> => {
  const leased = process.env.SATCHEL_TEST_SERVERS?.split(' ') ?? [];
  const worker = Number(process.env.VITEST_POOL_ID ?? 1);
  return leased[(worker - 1) % leased.length] ?? (await leaseTestServer()).url;
};

let template: Promise<string> | undefined;

/** A migrated database to copy: one for each state of the migrations. */
const templateDatabase = (url: string): Promise<string> => {
  template ??= makeTemplate(url);
  return template;
};

const makeTemplate = async (url: string): Promise<string> => {
  const hash = createHash('sha256');
  for (const { checksum } of readMigrations()) hash.update(checksum);
  const name = `satchel_template_${hash.digest('hex').slice(0, 16)}`;
  await onServer(url, async (db) => {
    await db.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await db.query('select from pg_database where datname = $1', [name]);
    if (rowCount !== 0) return;
    const staging = `${name}_new`;
    await db.query(`drop database if exists ${staging} with (force)`);
    await db.query(`create database ${staging} template template0`);
    const fresh = await openDatabase(databaseUrl(url, staging));
    await migrate(fresh);
    await fresh.close();
    await db.query(`alter database ${staging} rename to ${name}`);
  });
  return name;
};

const dropLeftovers = async (db: Database): Promise<void> => {
  const { rows } = await db.query<{ name: string }>(
    `select datname as name from pg_database where datname ~ '^satchel_(test|template)_'`,
  );
  for (const { name } of rows) await db.query(`drop database if exists ${name} with (force)`);
};

const databaseUrl = (server: string, name: string): string => {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
};

/** On one connection, whose locks end with it. */
const onServer = async (url: string, work: (db: Database) => Promise<unknown>): Promise<void> => {
  const db = await openDatabase({ url, connections: 1 });
  try {
    await work(db);
  } finally {
    await db.close();
  }
};
