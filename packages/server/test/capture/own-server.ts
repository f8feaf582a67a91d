import { randomBytes } from 'node:crypto';
import { cpSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { App } from '@satchel/schema';
import type { ServerContext } from '../../src/context.ts';
import { type Embedded, startEmbedded } from '../../src/postgres/embedded/start-embedded.ts';
import { openDatabase } from '../../src/postgres/pg-database.ts';
import { testContext } from './test-context.ts';

/** A PostgreSQL of the test's own, to be killed, put back and copied. */
export interface OwnServer {
  readonly dataDir: string;
  readonly url: string;
  readonly ctx: ServerContext;
  /** kill -9 to every process at once, as when the machine goes. */
  crash(): Promise<void>;
  /** In good order; the data stays. */
  stop(): Promise<void>;
}

/** The log is flushed by commits alone, and nothing else uses up transactions. */
const SETTINGS: Readonly<Record<string, string>> = {
  wal_writer_delay: '10s',
  autovacuum: 'off',
  checkpoint_timeout: '1h',
  shared_buffers: '16MB',
  max_connections: '20',
};

export const newDataDir = (): string =>
  join(tmpdir(), `satchel-history-${process.pid}-${randomBytes(4).toString('hex')}`);

export const startOwn = async (dataDir: string, app: App): Promise<OwnServer> => {
  const embedded: Embedded = await startEmbedded({ dataDir, settings: SETTINGS });
  const db = await openDatabase({ url: embedded.url, connections: 4 });
  return {
    dataDir,
    url: embedded.url,
    ctx: testContext(db, app),
    crash: async () => {
      const { rows } = await db.query<{ pid: number }>('select pid from pg_stat_activity');
      const pids = [embedded.pid, ...rows.map(({ pid }) => pid)];
      for (const pid of pids) kill(pid);
      while (pids.some(isAlive)) await pause(5);
      await db.close();
    },
    stop: async () => {
      await db.close();
      await embedded.stop({ force: true });
    },
  };
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone with its postmaster.
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Copies the data of a server that is stopped. */
export const copyData = (from: string, to: string): void => {
  rmSync(to, { recursive: true, force: true });
  cpSync(realpathSync(from), to, { recursive: true });
};

export const removeData = (dataDir: string): void => rmSync(dataDir, { recursive: true, force: true });
