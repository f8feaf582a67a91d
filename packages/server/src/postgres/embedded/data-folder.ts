import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { SatchelError } from '@satchel/protocol';
import { type Account, canEnter, giveTo, ownerAccount, unprivilegedAccount } from './account.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { processIdentity } from './postmaster.ts';

/** A data folder that is ready to be started. */
export interface DataFolder {
  /** Where the data really lies: not `dataDir` itself when that had to be a link. */
  readonly path: string;
  readonly account: Account | undefined;
  readonly binaries: Binaries;
  readonly password: string;
}

/** The role that owns everything. Not `satchel`: schema "$user" would come first in its search path. */
export const ROLE = 'postgres';

/**
 * Where a root's data lies when its `dataDir` is under a folder that only root may
 * enter: PostgreSQL, which does not run as root, could not reach it.
 */
const ROOTS_DATA = '/var/lib/satchel';

export interface DataFolderOptions {
  readonly dataDir: string;
  /** Only this major version. */
  readonly major?: number;
  readonly signal?: AbortSignal;
}

/** Makes the data folder if it is not there, and finds the binaries and the account that fit it. */
export const openDataFolder = async (options: DataFolderOptions): Promise<DataFolder> => {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dirname(dataDir), { recursive: true });
  if (!isEmpty(dataDir)) return openExisting(dataDir, options.major);
  const account = unprivilegedAccount();
  const binaries = findBinaries(account, options.major);
  const path = reachable(dataDir, account);
  removeLeftovers(path);
  await initialise(path, account, binaries, options.signal);
  return openExisting(dataDir, binaries.major);
};

const isEmpty = (folder: string): boolean => !existsSync(folder) || readdirSync(folder).length === 0;

const openExisting = (dataDir: string, major: number | undefined): DataFolder => {
  const path = realpathSync(dataDir);
  const found = readText(join(path, 'PG_VERSION'));
  if (found === undefined) {
    throw new SatchelError('config_invalid', {
      name: 'dataDir',
      reason: `${dataDir} is neither empty nor a data folder of PostgreSQL`,
    });
  }
  const account = ownerAccount(path);
  giveTo(path, account);
  if (major !== undefined && Number(found) !== major) throw versionDiffers(dataDir, found, major);
  let binaries: Binaries;
  try {
    binaries = findBinaries(account, Number(found));
  } catch {
    throw versionDiffers(dataDir, found, findBinaries(account).major);
  }
  const password = readText(join(path, PASSWORD_FILE));
  if (password === undefined) {
    throw new SatchelError('config_invalid', {
      name: 'dataDir',
      reason: `${dataDir} was not made by Satchel: it has no ${PASSWORD_FILE}`,
    });
  }
  return { path, account, binaries, password };
};

const versionDiffers = (dataDir: string, found: string, expected: number): SatchelError =>
  new SatchelError('postgres_data_version', { dataDir, found, expected });

/** The folder itself, or where the link in its place points to. */
const reachable = (dataDir: string, account: Account | undefined): string => {
  if (canEnter(dirname(dataDir), account)) return dataDir;
  if (existsSync(dataDir)) return realpathSync(dataDir);
  mkdirSync(ROOTS_DATA, { recursive: true, mode: 0o755 });
  const folder = mkdtempSync(join(ROOTS_DATA, `${basename(dataDir)}-`));
  giveTo(folder, account);
  symlinkSync(folder, dataDir);
  return folder;
};

/** Deletes the data, and the link to it where there is one. */
export const removeDataFolder = (dataDir: string, path: string): void => {
  rmSync(path, { recursive: true, force: true });
  rmSync(dataDir, { recursive: true, force: true });
  if (dirname(path) === ROOTS_DATA && readdirSync(ROOTS_DATA).length === 0) rmdirSync(ROOTS_DATA);
};

const PASSWORD_FILE = 'satchel.password';

/** Runs initdb beside the folder and moves the result in place: a kill leaves no half of one. */
const initialise = async (
  path: string,
  account: Account | undefined,
  binaries: Binaries,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const staging = `${path}${STAGING}${process.pid}`;
  const passwordFile = `${staging}.password`;
  try {
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { mode: 0o700 });
    giveTo(staging, account);
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    if (account) chownSync(passwordFile, account.uid, account.gid);
    await promisify(execFile)(
      join(binaries.folder, 'initdb'),
      [
        `--pgdata=${staging}`,
        `--username=${ROLE}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        ...localeArguments(binaries.major),
        '--no-instructions',
      ],
      { ...account, cwd: dirname(staging), signal, env: serverEnvironment() },
    );
    renameSync(passwordFile, join(staging, PASSWORD_FILE));
    renameSync(staging, path);
  } catch (error) {
    // Another process may have been quicker: its folder is as good as ours.
    if (!existsSync(join(path, 'PG_VERSION'))) {
      const { stderr } = error as { stderr?: string };
      throw new SatchelError(
        'postgres_start_failed',
        { detail: stderr?.trim().split('\n').at(-1) || String(error), log: path },
        { cause: error },
      );
    }
  } finally {
    rmSync(staging, { recursive: true, force: true });
    rmSync(passwordFile, { force: true });
  }
};

const STAGING = '.init-';

/** What initdb left behind when it was killed. */
const removeLeftovers = (path: string): void => {
  const prefix = `${basename(path)}${STAGING}`;
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (processIdentity(pid) === undefined)
      rmSync(join(dirname(path), name), { recursive: true, force: true });
  }
};

/** Text in order of code units whatever the machine; upper and lower case of Unicode where 17 brought them. */
const localeArguments = (major: number): string[] =>
  major >= 17
    ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    : ['--locale=C', '--locale-provider=libc'];

/** Nothing of ours: PGDATA, PGPORT and the like would change what the server does. */
export const serverEnvironment = (): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  TZ: 'UTC',
  LC_ALL: 'C',
  ...(process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot } : {}),
});

const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
};
