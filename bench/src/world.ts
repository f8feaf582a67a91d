import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Database,
  type Embedded,
  openDatabase,
  prepareDatabase,
  signToken,
  startEmbedded,
  systemClock,
} from '@satchel/server';
import { benchApp, projectScopes } from './bench-app.ts';
import { Child } from './child.ts';
import { loadTasks } from './load.ts';
import { Stage } from './stage.ts';

/** Rows over which the benchmarks run, unless told otherwise. */
export const DEFAULT_ROWS = 100_000;

/** As on a small production server; what is written reaches the disk. */
const POSTGRES_SETTINGS = {
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  max_connections: '100',
  work_mem: '16MB',
};

export interface WorldOptions {
  readonly rows: number;
  readonly signal: AbortSignal;
  /** Folder into which every process writes a CPU profile. */
  readonly profiles?: string;
}

/** PostgreSQL, folders and processes of one run; all of it is gone after `close`. */
export class World {
  readonly rows: number;
  readonly folder: string;
  readonly postgres: Embedded;
  readonly secret = randomBytes(32).toString('hex');
  readonly #profiles: string | undefined;
  readonly #templates = new Map<number, Promise<string>>();
  readonly #stages = new Set<Stage>();
  readonly #children = new Set<Child>();
  #next = 1;

  private constructor(options: WorldOptions, folder: string, postgres: Embedded) {
    this.rows = options.rows;
    this.#profiles = options.profiles;
    this.folder = folder;
    this.postgres = postgres;
  }

  static async open(options: WorldOptions): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'satchel-bench-'));
    const postgres = await startEmbedded({
      dataDir: join(folder, 'postgres'),
      settings: POSTGRES_SETTINGS,
      signal: options.signal,
    });
    return new World(options, folder, postgres);
  }

  /** A process of its own. */
  child(): Child {
    const child = new Child(this.#profiles ? ['--cpu-prof', '--cpu-prof-dir', this.#profiles] : []);
    this.#children.add(child);
    return child;
  }

  /** A new empty folder. */
  async newFolder(): Promise<string> {
    const path = join(this.folder, `d${this.#next++}`);
    await mkdir(path);
    return path;
  }

  /** A database with so many tasks, captured, vacuumed, and nobody's but the caller's. */
  async database(rows: number): Promise<string> {
    let template = this.#templates.get(rows);
    if (!template) {
      template = this.#makeTemplate(rows);
      this.#templates.set(rows, template);
    }
    const name = `bench_${this.#next++}`;
    const from = await template;
    await this.#onPostgres((db) => db.query(`create database ${name} template ${from}`));
    return this.#urlOf(name);
  }

  /** A server over a database with so many tasks. */
  async stage(rows: number): Promise<Stage> {
    const stage = await Stage.open(this, await this.database(rows));
    this.#stages.add(stage);
    return stage;
  }

  token(userId: string, scopes: readonly string[] = projectScopes()): Promise<string> {
    const projects = [...scopes];
    return signToken(
      this.secret,
      { userId, roles: ['worker'], claims: { projects }, lifetime: 86_400 },
      systemClock,
    );
  }

  /** Ends what a benchmark has opened. */
  async clear(): Promise<void> {
    for (const stage of this.#stages) await stage.close();
    this.#stages.clear();
    await Promise.all([...this.#children].map((child) => child.end()));
    this.#children.clear();
    await this.#onPostgres(async (db) => {
      const { rows } = await db.query<{ name: string }>(
        "select datname as name from pg_database where datname ~ '^bench_[0-9]+$'",
      );
      for (const { name } of rows) await db.query(`drop database ${name} with (force)`);
    });
  }

  async close(): Promise<void> {
    await this.clear().catch(() => undefined);
    await this.postgres.destroy();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #makeTemplate(rows: number): Promise<string> {
    const name = `bench_template_${rows}`;
    await this.#onPostgres((db) => db.query(`create database ${name} template template0`));
    const db = await openDatabase(this.#urlOf(name));
    try {
      await prepareDatabase(db, benchApp, { change: true });
      await loadTasks(db, rows);
      await db.query('vacuum (analyze)');
    } finally {
      await db.close();
    }
    return name;
  }

  #urlOf(name: string): string {
    const url = new URL(this.postgres.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  async #onPostgres<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const db = await openDatabase({ url: this.postgres.url, connections: 1 });
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  }
}
