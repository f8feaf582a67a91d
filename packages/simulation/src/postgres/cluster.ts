import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDatabase } from '@satchel/server';
import { type Embedded, openDatabase, startEmbedded } from '@satchel/server/postgres';
import pg from 'pg';
import { fieldApp, RIGHTS_TABLES, type SchemaVersion } from '../app/field-app.ts';
import { PROBE } from './probe.ts';
import { removeStaleClusters } from './stale-clusters.ts';

/**
 * A PostgreSQL of this process's own: transaction ids are the cluster's, and what another
 * process did would show in every snapshot.
 *
 * fsync is off: a simulation kills processes, never the machine, and what a process wrote
 * the operating system still has. What PostgreSQL does by itself in real time is off or
 * slowed down, so that nothing happens that the seed did not draw: autovacuum, timed
 * checkpoints, the writers in the background.
 */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  wal_writer_delay: '10000',
  wal_writer_flush_after: '0',
  bgwriter_lru_maxpages: '0',
  checkpoint_timeout: '3600',
  max_wal_size: '4GB',
  shared_buffers: '64MB',
  max_connections: '100',
  deadlock_timeout: '200ms',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
};

export class Cluster {
  readonly #dataDir = join(tmpdir(), `satchel-simulation-${process.pid}-${randomBytes(4).toString('hex')}`);
  #embedded: Embedded | undefined;
  readonly #templates = new Map<SchemaVersion, string>();
  #databases = 0;
  #onExit: (() => void) | undefined;
  /** The writers in the background: what they flush, and when, is seen by whoever waits for the log. They stand still. */
  #writers: number[] = [];
  /** Its address stays the same over a restart: a link to the socket. */
  readonly #socketFolder = mkdtempSync(join(tmpdir(), `satchel-sim-${process.pid}-`));

  async start(): Promise<void> {
    removeStaleClusters(tmpdir());
    this.#embedded = await startEmbedded({ dataDir: this.#dataDir, settings: SETTINGS });
    const { pid } = this.#embedded;
    const own = new URL(this.#embedded.url);
    const link = join(this.#socketFolder, '.s.PGSQL.5432');
    rmSync(link, { force: true });
    symlinkSync(join(decodeURIComponent(own.hostname), `.s.PGSQL.${own.port}`), link);
    if (this.#onExit) process.off('exit', this.#onExit);
    await this.on('postgres', async (client) => {
      // The server may be heard before both of them have begun.
      do {
        const { rows } = await client.query<{ pid: number }>(
          `select pid from pg_stat_activity where backend_type in ('walwriter', 'background writer')`,
        );
        this.#writers = rows.map(({ pid }) => pid);
      } while (this.#writers.length < 2);
    });
    this.#signalWriters('SIGSTOP');
    // A process that ends in the middle leaves no server behind.
    this.#onExit = () => {
      this.#signalWriters('SIGCONT');
      signal(pid, 'SIGQUIT');
    };
    process.once('exit', this.#onExit);
  }

  #signalWriters(name: 'SIGSTOP' | 'SIGCONT'): void {
    for (const writer of this.#writers) signal(writer, name);
  }

  url(database: string): string {
    if (!this.#embedded) throw new Error('the cluster does not run');
    const url = new URL(this.#embedded.url);
    url.hostname = encodeURIComponent(this.#socketFolder);
    url.port = '5432';
    url.pathname = `/${database}`;
    return url.href;
  }

  /** A database with the app's tables of a version, the tables of rights and the probe; a copy of a template. */
  async createDatabase(version: SchemaVersion): Promise<string> {
    const template = this.#templates.get(version) ?? (await this.#makeTemplate(version));
    this.#databases += 1;
    const name = `simulation_${this.#databases}`;
    await this.copyDatabase(template, name);
    return name;
  }

  /** Whoever is connected to `from` is cut off: a program that was just connecting, too. */
  async copyDatabase(from: string, to: string): Promise<void> {
    await this.on('postgres', async (client) => {
      for (;;) {
        const { rows } = await client.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
          [from],
        );
        if (rows.length === 0) return;
      }
    });
    await this.#administer(`create database ${to} template ${from}`);
  }

  dropDatabase(name: string): Promise<void> {
    return this.#administer(`drop database if exists ${name} with (force)`);
  }

  renameDatabase(from: string, to: string): Promise<void> {
    return this.#administer(`alter database ${from} rename to ${to}`);
  }

  /** Databases come and go only with the consent of every process of the server. */
  async #administer(statement: string): Promise<void> {
    this.#signalWriters('SIGCONT');
    await this.on('postgres', (client) => client.query(statement));
    this.#signalWriters('SIGSTOP');
  }

  /** kill -9 to the server and all its processes, and a new start on the same data. */
  async crash(): Promise<void> {
    const embedded = this.#embedded;
    if (!embedded) return;
    const pids: number[] = [];
    await this.on('postgres', async (client) => {
      const { rows } = await client.query<{ pid: number }>('select pid from pg_stat_activity');
      pids.push(...rows.map(({ pid }) => pid));
    });
    this.#embedded = undefined;
    this.#writers = [];
    for (const pid of [embedded.pid, ...pids]) signal(pid, 'SIGKILL');
    while ([embedded.pid, ...pids].some((pid) => signal(pid, 0)))
      await new Promise<void>((done) => setTimeout(done, 2));
    await this.start();
  }

  async stop(): Promise<void> {
    if (this.#onExit) process.off('exit', this.#onExit);
    this.#signalWriters('SIGCONT');
    await this.#embedded?.destroy();
    this.#embedded = undefined;
    rmSync(this.#dataDir, { recursive: true, force: true });
    rmSync(this.#socketFolder, { recursive: true, force: true });
  }

  async on(database: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
    const client = new pg.Client({ connectionString: this.url(database) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      await work(client);
    } finally {
      await client.end();
    }
  }

  async #makeTemplate(version: SchemaVersion): Promise<string> {
    const name = `template_${version}`;
    await this.copyDatabase('template0', name);
    const db = await openDatabase({ url: this.url(name), connections: 2 });
    try {
      await db.query(RIGHTS_TABLES);
      await prepareDatabase(db, fieldApp(version), { change: true });
      await db.query(PROBE);
    } finally {
      await db.close();
    }
    this.#templates.set(version, name);
    return name;
  }
}

const signal = (pid: number, name: NodeJS.Signals | 0): boolean => {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
};
