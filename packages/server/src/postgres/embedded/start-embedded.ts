import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SatchelError } from '@satchel/protocol';
import type { Log } from '../../context.ts';
import { type Account, canEnter } from './account.ts';
import { type DataFolder, openDataFolder, ROLE, removeDataFolder, serverEnvironment } from './data-folder.ts';
import {
  isFolderInUse,
  isNumberTaken,
  isServerOf,
  type Postmaster,
  processIdentity,
  readPostmaster,
} from './postmaster.ts';

export interface EmbeddedOptions {
  /** Folder of the data; made when it is not there. Keep it: it is the database. */
  readonly dataDir: string;
  /** Settings of PostgreSQL beside or instead of the defaults, as in `postgresql.conf`. They count when the server is started, not when a running one is found. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Only this major version of PostgreSQL. Default: npm's, else the newest installed. */
  readonly major?: number;
  readonly log?: Log;
  /** Calls the start off; nothing stays behind. */
  readonly signal?: AbortSignal;
}

export interface Embedded {
  /** For `openDatabase`, and for `psql`. Holds the password: do not log it. */
  readonly url: string;
  readonly pid: number;
  /** True when the server was running already. */
  readonly attached: boolean;
  /**
   * Stops the server and waits until it is gone. Does nothing when another living
   * process started it (or took it over), unless `force` is set.
   */
  stop(options?: { readonly force?: boolean }): Promise<void>;
  /** Stops the server and deletes its data. */
  destroy(): Promise<void>;
}

/**
 * Starts a PostgreSQL of our own, or attaches to the one that is running on the data
 * folder because the process that started it was killed. It listens on a Unix socket
 * in a folder of its own (on Windows on a random port of 127.0.0.1), never on the
 * network, and outlives this process unless it is stopped.
 *
 * @throws `postgres_missing`, `postgres_start_failed`, `postgres_data_version`, `config_invalid`
 * @example
 * ```ts
 * const postgres = await startEmbedded({ dataDir: '.satchel/postgres' });
 * const db = await openDatabase(postgres.url);
 * // …
 * await db.close();
 * await postgres.stop();
 * ```
 */
export const startEmbedded = async (options: EmbeddedOptions): Promise<Embedded> => {
  const folder = await openDataFolder(options);
  const running = await findRunning(folder.path);
  const postmaster = running ?? (await startOrFind(folder, options));
  takeOver(folder.path);
  options.log?.info(
    { pid: postmaster.pid, major: folder.binaries.major, attached: running !== undefined },
    'PostgreSQL is running',
  );
  const stop: Embedded['stop'] = async ({ force = false } = {}) => {
    if (force || readOwner(folder.path) === processIdentity(process.pid)) await shutDown(folder.path);
  };
  return {
    url: urlOf(postmaster, folder.password),
    pid: postmaster.pid,
    attached: running !== undefined,
    stop,
    destroy: async () => {
      await stop();
      removeDataFolder(resolve(options.dataDir), folder.path);
    },
  };
};

const urlOf = ({ port, socketFolder }: Postmaster, password: string): string => {
  const host = socketFolder === '' ? '127.0.0.1' : encodeURIComponent(socketFolder);
  return `postgres://${ROLE}:${encodeURIComponent(password)}@${host}:${port}/postgres`;
};

const DEFAULTS: Readonly<Record<string, string>> = {
  max_connections: '100',
  shared_buffers: '128MB',
  // Row contents stay out of the log: no DETAIL lines, no statements.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  log_timezone: 'UTC',
  timezone: 'UTC',
  // A backend that waits at most this long for a dead client's socket.
  tcp_keepalives_idle: '60',
};

/** Milliseconds between two looks at a file that another process writes. */
const LOOK_EVERY = 10;
/** Milliseconds in which a server is ready; long, because it may have to replay its log after a crash. */
const START_WITHIN = 120_000;

/** A server that is running on the data folder, as soon as it is ready. */
const findRunning = async (dataDir: string): Promise<Postmaster | undefined> => {
  for (let waited = 0; waited < START_WITHIN; waited += LOOK_EVERY) {
    const postmaster = readPostmaster(dataDir);
    if (!postmaster) return undefined;
    if (!isServerOf(dataDir, postmaster.pid)) {
      await clearRemains(dataDir, postmaster);
      return undefined;
    }
    if (postmaster.ready && (await accepts(postmaster))) return postmaster;
    await pause(LOOK_EVERY);
  }
  throw startFailed(dataDir, 'the running server is not ready');
};

/** One that was killed a moment ago may still look alive. */
const accepts = async ({ port, socketFolder }: Postmaster): Promise<boolean> => {
  const socket =
    socketFolder === '' ? connect(port, '127.0.0.1') : connect(join(socketFolder, `.s.PGSQL.${port}`));
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

/** Milliseconds in which the processes of a killed server end by themselves. */
const END_WITHIN = 10_000;

/**
 * After a server that was killed, or a machine that lost its power. The pid file stays
 * for PostgreSQL to judge, which also looks for memory still in use; but it would refuse
 * to start while the number is that of another process, or of one that is dead and not
 * yet buried, so where nothing works in the folder any more the file goes.
 */
const clearRemains = async (dataDir: string, { pid, socketFolder }: Postmaster): Promise<void> => {
  removeSocketFolder(socketFolder);
  for (let waited = 0; waited < END_WITHIN && isFolderInUse(dataDir); waited += LOOK_EVERY) {
    await pause(LOOK_EVERY);
  }
  if (isNumberTaken(pid) && isFolderInUse(dataDir) === false) {
    rmSync(join(dataDir, 'postmaster.pid'), { force: true });
  }
};

const startOrFind = async (folder: DataFolder, options: EmbeddedOptions): Promise<Postmaster> => {
  const socketFolder = process.platform === 'win32' ? '' : makeSocketFolder(folder.account);
  const child = launch(folder, socketFolder, options.settings ?? {});
  let exited = false;
  let failure: Error | undefined;
  child.once('exit', () => {
    exited = true;
  });
  child.once('error', (error) => {
    failure = error;
    exited = true;
  });
  for (let waited = 0; waited < START_WITHIN; waited += LOOK_EVERY) {
    if (options.signal?.aborted) break;
    const postmaster = readPostmaster(folder.path);
    if (!exited && postmaster?.ready && postmaster.pid === child.pid) {
      child.unref();
      return postmaster;
    }
    if (exited) {
      removeSocketFolder(socketFolder);
      // Two processes started one each at the same moment: PostgreSQL let one through.
      const other = failure ? undefined : await findRunning(folder.path);
      if (other) return other;
      throw startFailed(folder.path, failure?.message ?? lastLine(logFile(folder.path)));
    }
    await pause(LOOK_EVERY);
  }
  child.kill('SIGQUIT');
  while (!exited) await pause(LOOK_EVERY);
  removeSocketFolder(socketFolder);
  throw startFailed(folder.path, options.signal?.aborted ? 'the start was called off' : 'it is not ready');
};

const launch = (
  { path, account, binaries }: DataFolder,
  socketFolder: string,
  settings: Readonly<Record<string, string>>,
): ChildProcess => {
  const all: Record<string, string> = {
    ...DEFAULTS,
    ...settings,
    // Only a name for the socket, except on Windows.
    port: String(randomInt(10_000, 60_000)),
    ...(socketFolder === ''
      ? { listen_addresses: '127.0.0.1' }
      : {
          listen_addresses: '',
          unix_socket_directories: socketFolder,
          unix_socket_permissions: '0700',
        }),
  };
  const log = logFile(path);
  const output = openSync(log, existsSync(log) && statSync(log).size > LOG_BYTES ? 'w' : 'a', 0o600);
  try {
    return spawn(
      join(binaries.folder, 'postgres'),
      ['-D', path, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      {
        ...account,
        cwd: path,
        // A group of its own: Ctrl-C in a terminal is for us, we then stop it in good order.
        detached: true,
        stdio: ['ignore', output, output],
        env: serverEnvironment(),
      },
    );
  } finally {
    closeSync(output);
  }
};

/** The server's log begins anew when it is larger than this at a start. */
const LOG_BYTES = 10_000_000;
const logFile = (dataDir: string): string => join(dataDir, 'satchel.log');

const SOCKET_PREFIX = 'satchel-pg-';
/** Longest path of a Unix socket, with room for `/satchel-pg-XXXXXX/.s.PGSQL.00000.lock`. */
const LONGEST_PARENT = 100 - 38;

const makeSocketFolder = (account: Account | undefined): string => {
  const temporary = realpathSync(tmpdir());
  const fits = temporary.length <= LONGEST_PARENT && canEnter(temporary, account);
  const folder = mkdtempSync(join(fits ? temporary : '/tmp', SOCKET_PREFIX));
  chmodSync(folder, 0o700);
  if (account) chownSync(folder, account.uid, account.gid);
  return folder;
};

const removeSocketFolder = (folder: string): void => {
  if (folder.includes(SOCKET_PREFIX)) rmSync(folder, { recursive: true, force: true });
};

/** Milliseconds for a fast shutdown, which writes a checkpoint, before it becomes an immediate one. */
const SHUT_DOWN_WITHIN = 30_000;

const shutDown = async (dataDir: string): Promise<void> => {
  const postmaster = readPostmaster(dataDir);
  if (!postmaster || !isServerOf(dataDir, postmaster.pid)) return;
  const gone = () => processIdentity(postmaster.pid) === undefined;
  // SIGINT: fast. SIGQUIT: at once, and the log is replayed at the next start.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    signalTo(postmaster.pid, signal);
    for (let waited = 0; waited < SHUT_DOWN_WITHIN && !gone(); waited += LOOK_EVERY) await pause(LOOK_EVERY);
    if (gone()) break;
  }
  if (!gone()) throw startFailed(dataDir, `the server ${postmaster.pid} does not stop`);
  removeSocketFolder(postmaster.socketFolder);
};

const signalTo = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

const ownerFile = (dataDir: string): string => join(dataDir, 'satchel.owner');

/** The process that stops the server: whoever started it, or found it without a living owner. */
const readOwner = (dataDir: string): string | undefined => {
  try {
    return readFileSync(ownerFile(dataDir), 'utf8');
  } catch {
    return undefined;
  }
};

const takeOver = (dataDir: string): void => {
  const owner = readOwner(dataDir);
  const alive = owner !== undefined && processIdentity(Number.parseInt(owner, 10)) === owner;
  if (!alive) writeFileSync(ownerFile(dataDir), processIdentity(process.pid) ?? String(process.pid));
};

const startFailed = (dataDir: string, detail: string): SatchelError =>
  new SatchelError('postgres_start_failed', { detail, log: logFile(dataDir) });

const lastLine = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '';
  } catch {
    return 'it left no log';
  }
};
