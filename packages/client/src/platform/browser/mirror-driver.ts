import { SatchelError } from '@satchel/protocol';
import type { Driver } from '../../database/driver.ts';
import { FILES, indexedDbRead, indexedDbWrite, PAGES } from './indexeddb.ts';
import { PAGE_BYTES, type PagesFile, pagesFile } from './pages-vfs.ts';
import { loadSqlite, type SqliteWasm } from './sqlite-wasm.ts';
import { openWasm } from './wasm-driver.ts';

/** What a mirrored database may hold: all of it lies in memory. */
export const MIRROR_LIMIT_BYTES = 64 * 1_024 * 1_024;

/** A lock that was let go of a moment ago is free a moment later. */
const UNLOCKED_WITHIN = 300;

/**
 * Pages that a database at its limit may grow by each time it is opened: the engine itself
 * must be able to write, and an update of a large row needs room for both (seen with 64).
 */
const SPARE_PAGES = 1_024;

const pragmas = (bytes: number): string => `
  pragma page_size = ${PAGE_BYTES};
  pragma locking_mode = exclusive;
  pragma journal_mode = memory;
  pragma temp_store = memory;
  pragma foreign_keys = off;
  pragma max_page_count = ${Math.max(MIRROR_LIMIT_BYTES, bytes + SPARE_PAGES * PAGE_BYTES) / PAGE_BYTES};
`;

/** What of the mirror is kept beside its pages. */
interface MirrorRecord {
  readonly bytes: number;
}

/**
 * A database in memory whose changed pages go to IndexedDB, those of all commits since
 * the last flush in one transaction: for browsers that refuse the origin's private file
 * system. `flush` resolves when what was committed is in IndexedDB.
 *
 * Errors: `storage_unavailable` where IndexedDB is refused, `storage_full` beyond the
 * limit or the browser's quota.
 */
export const openMirror = async (name: string): Promise<Driver> => {
  const unlock = await lockMirror(name);
  try {
    return await openLocked(name, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
};

const openLocked = async (name: string, unlock: () => void): Promise<Driver> => {
  const wasm = await loadSqlite();
  const file = await loadPages(wasm, name);
  return openWasm(wasm, {
    file: name,
    vfs: file.vfs,
    durability: 'mirrored',
    pragmas: pragmas(file.size),
    flush: mirrorOf(name, file),
    released: () => {
      file.forget();
      unlock();
    },
  });
};

/** Two copies of one database would each overwrite the other's pages: one at a time, by a lock that dies with its holder. */
const lockMirror = (name: string): Promise<() => void> =>
  new Promise((done, failed) => {
    navigator.locks
      .request(
        `satchel-mirror:${name}`,
        { signal: AbortSignal.timeout(UNLOCKED_WITHIN) },
        () => new Promise<void>((unlock) => done(unlock)),
      )
      .catch((cause) => failed(new SatchelError('database_in_use', { path: name }, { cause })));
  });

/** A database that nothing outlives. */
export const openMemory = async (): Promise<Driver> =>
  openWasm(await loadSqlite(), {
    file: ':memory:',
    durability: 'memory',
    pragmas: 'pragma temp_store = memory; pragma foreign_keys = off;',
  });

export const listMirrors = async (prefix: string): Promise<string[]> =>
  (await indexedDbRead(FILES, (store) => store.getAllKeys()))
    .map(String)
    .filter((name) => name.startsWith(prefix))
    .sort();

export const removeMirror = (name: string): Promise<void> =>
  indexedDbWrite([FILES, PAGES], (transaction) => {
    transaction.objectStore(FILES).delete(name);
    transaction.objectStore(PAGES).delete(pagesOf(name));
  });

const pagesOf = (name: string, from = 0): IDBKeyRange =>
  IDBKeyRange.bound([name, from], [name, Number.MAX_SAFE_INTEGER]);

const loadPages = async (wasm: SqliteWasm, name: string): Promise<PagesFile> => {
  const record = await indexedDbRead<MirrorRecord | undefined>(FILES, (store) => store.get(name));
  const file = pagesFile(wasm, name);
  if (!record) {
    // So that it is known to be here, and a later start does not begin another elsewhere.
    await indexedDbWrite([FILES], (transaction) => {
      transaction.objectStore(FILES).put({ bytes: 0 } satisfies MirrorRecord, name);
    });
    return file;
  }
  const pages = await indexedDbRead<Uint8Array[]>(PAGES, (store) => store.getAll(pagesOf(name)));
  file.load(pages, record.bytes);
  return file;
};

/** One flush at a time; commits that come meanwhile go together with the next. */
const mirrorOf = (name: string, file: PagesFile): (() => Promise<void>) => {
  let last: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    const { pages, size } = file.takeChanged();
    if (pages.size === 0) return;
    try {
      await indexedDbWrite([FILES, PAGES], (transaction) => {
        const store = transaction.objectStore(PAGES);
        for (const [number, page] of pages) store.put(page, [name, number]);
        store.delete(pagesOf(name, Math.ceil(size / PAGE_BYTES)));
        transaction.objectStore(FILES).put({ bytes: size } satisfies MirrorRecord, name);
      });
    } catch (error) {
      // They are still to be kept: the next flush takes them along.
      file.giveBack(pages.keys());
      throw error;
    }
  };
  return () => {
    const next = last.then(write, write);
    last = next.catch(() => undefined);
    return next;
  };
};
