import type { Scheduler } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import type { Driver } from '../../database/driver.ts';
import type { StorageFacts, StorageReason } from '../../engine.ts';
import { removeJournal } from './journal.ts';
import { listMirrors, MIRROR_LIMIT_BYTES, openMemory, openMirror, removeMirror } from './mirror-driver.ts';
import { listOpfs, openOpfs, removeOpfs } from './opfs-driver.ts';

/** A storage that does not answer within this counts as refused: some browsers never answer. */
const ANSWER_WITHIN = 4_000;
/** Handles of a tab that was closed a moment ago are let go of late. */
const RETRY_FOR = 5_000;
const RETRY_EVERY = 30;

export interface OpenedStorage {
  readonly kind: StorageFacts['kind'];
  readonly driver: Driver;
  /** Why it is not a better one. */
  readonly why: readonly StorageReason[];
  readonly limitBytes: number | null;
}

/**
 * Opens the best storage that the browser gives: the origin's private file system, else
 * memory mirrored to IndexedDB, else memory. A database that is already in one of them
 * is opened there, and an error there is told: nobody is shown an empty database instead
 * of one with unsent work.
 */
export const openStorage = async (
  name: string,
  allowed: readonly StorageFacts['kind'][],
  scheduler: Scheduler,
): Promise<OpenedStorage> => {
  const why: StorageReason[] = [];
  const inTime = <T>(work: Promise<T>): Promise<T> => withDeadline(work, ANSWER_WITHIN, scheduler);
  const find = async (
    kind: StorageFacts['kind'],
    list: (prefix: string) => Promise<string[]>,
    refused: StorageReason,
  ): Promise<'there' | 'free' | 'refused'> => {
    try {
      if (!allowed.includes(kind)) throw new SatchelError('storage_unavailable', { detail: 'not allowed' });
      return (await inTime(list(name))).includes(name) ? 'there' : 'free';
    } catch {
      why.push(refused);
      return 'refused';
    }
  };
  const opfs = await find('opfs', listOpfs, 'opfs-refused');
  if (opfs === 'there')
    return { kind: 'opfs', driver: await whenFree(name, scheduler), why, limitBytes: null };
  const mirror = await find('indexeddb', listMirrors, 'indexeddb-refused');
  if (opfs === 'free' && mirror !== 'there') {
    try {
      return { kind: 'opfs', driver: await whenFree(name, scheduler), why, limitBytes: null };
    } catch (error) {
      if (!isCode(error, 'storage_unavailable')) throw error;
      why.push('opfs-refused');
    }
  }
  if (mirror !== 'refused') {
    try {
      const driver = await inTime(openMirror(name));
      return { kind: 'indexeddb', driver, why, limitBytes: MIRROR_LIMIT_BYTES };
    } catch (error) {
      if (mirror === 'there' || !isCode(error, 'storage_unavailable')) throw error;
      why.push('indexeddb-refused');
    }
  }
  return { kind: 'memory', driver: await openMemory(), why, limitBytes: null };
};

/** Names of the databases of this origin, wherever they lie. */
export const listStorages = async (prefix: string): Promise<string[]> => {
  const none = (): string[] => [];
  const lists = await Promise.all([listOpfs(prefix).catch(none), listMirrors(prefix).catch(none)]);
  return [...new Set(lists.flat())].sort();
};

/** Removes a closed database for good, wherever it lies. */
export const removeStorage = async (name: string): Promise<void> => {
  const absent = (error: unknown): void => {
    if (!isCode(error, 'storage_unavailable')) throw error;
  };
  await removeOpfs(name).catch(absent);
  await removeMirror(name).catch(absent);
  await removeJournal(name).catch(absent);
};

const whenFree = async (name: string, scheduler: Scheduler): Promise<Driver> => {
  for (let waited = 0; ; waited += RETRY_EVERY) {
    try {
      return await withDeadline(openOpfs(name), RETRY_FOR, scheduler);
    } catch (error) {
      if (!isCode(error, 'database_in_use') || waited >= RETRY_FOR) throw error;
      await new Promise<void>((done) => scheduler.after(RETRY_EVERY, done));
    }
  }
};

const withDeadline = <T>(work: Promise<T>, ms: number, scheduler: Scheduler): Promise<T> =>
  new Promise<T>((done, failed) => {
    const timer = scheduler.after(ms, () =>
      failed(new SatchelError('storage_unavailable', { detail: `no answer in ${ms} ms` })),
    );
    work.then(done, failed).finally(() => timer.cancel());
  });

const isCode = (error: unknown, code: string): boolean =>
  error instanceof SatchelError && error.code === code;
