import { randomBytes } from 'node:crypto';
import { cpSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Database, type Embedded, openDatabase, startEmbedded } from '@satchel/server';

/** The role of the app's server, no superuser: the same in every cluster, for it belongs to the address. */
export const ROLE = { name: 'stock', password: 'stock' } as const;

const SETTINGS = { shared_buffers: '32MB', max_connections: '60' };

export interface ClusterOptions {
  /** Default: npm's. */
  readonly major?: number | undefined;
  /** Writes reach the disk: for a server that is killed. Default false. */
  readonly durable?: boolean;
}

/** A PostgreSQL of the test's own, to be killed, put back and replaced. */
export class Cluster {
  readonly dataDir: string;
  readonly #options: ClusterOptions;
  #embedded: Embedded | undefined;

  constructor(options: ClusterOptions = {}) {
    this.dataDir = join(tmpdir(), `satchel-epoch-${process.pid}-${randomBytes(4).toString('hex')}`);
    this.#options = options;
  }

  /** Returns the address of its database `postgres`. */
  async start(): Promise<string> {
    const embedded = await startEmbedded({
      dataDir: this.dataDir,
      settings: { ...SETTINGS, fsync: this.#options.durable ? 'on' : 'off' },
      ...(this.#options.major === undefined ? {} : { major: this.#options.major }),
    });
    this.#embedded = embedded;
    return embedded.url;
  }

  get url(): string {
    if (!this.#embedded) throw new Error('the cluster does not run');
    return this.#embedded.url;
  }

  databaseUrl(name: string): string {
    const url = new URL(this.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  /** An empty database of the server's role. */
  async createDatabase(name: string): Promise<void> {
    await this.on('postgres', async (db) => {
      const { rowCount } = await db.query('select from pg_roles where rolname = $1', [ROLE.name]);
      if (rowCount === 0) await db.query(`create role ${ROLE.name} login password '${ROLE.password}'`);
      await db.query(`create database ${name} owner ${ROLE.name} template template0`);
    });
  }

  async dropDatabase(name: string): Promise<void> {
    await this.on('postgres', (db) => db.query(`drop database ${name} with (force)`));
  }

  /** On one connection of its own. */
  async on<T>(name: string, work: (db: Database) => Promise<T>): Promise<T> {
    const db = await openDatabase({ url: this.databaseUrl(name), connections: 1 });
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  }

  /** In good order; the data stays. */
  async stop(): Promise<void> {
    await this.#embedded?.stop({ force: true });
    this.#embedded = undefined;
  }

  /** kill -9 to every process at once, as when the machine goes. */
  async kill(): Promise<void> {
    const pids = await this.on('postgres', async (db) => {
      const { rows } = await db.query<{ pid: number }>('select pid from pg_stat_activity');
      return rows.map(({ pid }) => pid);
    });
    pids.push(this.#embedded!.pid);
    this.#embedded = undefined;
    for (const pid of pids) signal(pid, 'SIGKILL');
    while (pids.some((pid) => signal(pid, 0))) await pause(5);
  }

  /** The data of a stopped server, somewhere else. */
  copyTo(folder: string): void {
    copyData(this.dataDir, folder);
  }

  /** A base backup of the running server, as a machine's snapshot would take it: no restart lies between. */
  async copyRunningTo(folder: string): Promise<void> {
    await this.on('postgres', async (db) => {
      await db.query(`select pg_backup_start('test', true)`);
      copyData(this.dataDir, folder);
      const { rows } = await db.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)');
      cpSync(join(realpath(this.dataDir), 'pg_wal'), join(folder, 'pg_wal'), { recursive: true });
      writeFileSync(join(folder, 'backup_label'), rows[0]!.labelfile);
      rmSync(join(folder, 'postmaster.pid'), { force: true });
    });
  }

  putBack(folder: string): void {
    copyData(folder, this.dataDir);
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(realpath(this.dataDir), { recursive: true, force: true });
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

const realpath = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
};

const copyData = (from: string, to: string): void => {
  const target = realpath(to);
  rmSync(target, { recursive: true, force: true });
  cpSync(realpath(from), target, { recursive: true });
};

const signal = (pid: number, name: NodeJS.Signals | 0): boolean => {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
};
