import { spawnSync } from 'node:child_process';
import { chownSync, lchownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The unprivileged account that PostgreSQL runs under when we are root: it refuses
 * uid 0. `undefined` everywhere else means: as ourselves.
 */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** An account made for us, one made for PostgreSQL, or the one that owns nothing. */
const PREFERRED = ['satchel', 'postgres', '_postgres', 'nobody'];

export const weAreRoot = (): boolean => process.platform !== 'win32' && process.getuid?.() === 0;

/** The account for a new data folder, or `undefined` when we are not root. */
export const unprivilegedAccount = (): Account | undefined => {
  if (!weAreRoot()) return undefined;
  const accounts = new Map<string, Account>();
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name && uid && gid && Number(uid) > 0) accounts.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  for (const name of PREFERRED) {
    const account = accounts.get(name);
    if (account) return account;
  }
  return { uid: 65_534, gid: 65_534 };
};

/**
 * The account for an existing data folder: its owner goes on owning it, so that a
 * folder made by a user stays that user's when root starts it once.
 */
export const ownerAccount = (folder: string): Account | undefined => {
  if (!weAreRoot()) return undefined;
  const { uid, gid } = statSync(folder);
  return uid === 0 ? unprivilegedAccount() : { uid, gid };
};

/** Whether the account can reach the folder through all of its parents. */
export const canEnter = (folder: string, account: Account | undefined): boolean =>
  account === undefined ||
  spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { ...account, stdio: 'ignore', cwd: '/' })
    .status === 0;

/**
 * Gives a folder and all in it to the account. A server may be at work in it, or on its
 * way out: what has gone meanwhile needs no owner.
 */
export const giveTo = (folder: string, account: Account | undefined): void => {
  if (!account) return;
  unlessGone(() => {
    chownSync(folder, account.uid, account.gid);
    for (const item of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, item.name);
      if (item.isDirectory()) giveTo(path, account);
      else unlessGone(() => lchownSync(path, account.uid, account.gid));
    }
  });
};

const unlessGone = (work: () => void): void => {
  try {
    work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
};
