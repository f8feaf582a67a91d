import { SatchelError } from '@satchel/protocol';

const DATABASE = 'satchel';
const VERSION = 1;
/** Pages of mirrored databases by `[name, number]`. */
export const PAGES = 'pages';
/** One record a mirrored database. */
export const FILES = 'files';
/** Writes of tabs whose leader was silent, in the order in which they came. */
export const JOURNAL = 'journal';

let opening: Promise<IDBDatabase> | undefined;

/** Opens Satchel's IndexedDB; rejects with `storage_unavailable` where the browser refuses it. */
const openIndexedDb = (): Promise<IDBDatabase> => {
  opening ??= new Promise<IDBDatabase>((done, failed) => {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(PAGES);
      request.result.createObjectStore(FILES);
      request.result.createObjectStore(JOURNAL, { autoIncrement: true }).createIndex('database', 'database');
    };
    request.onsuccess = () => {
      request.result.onclose = () => {
        opening = undefined;
      };
      done(request.result);
    };
    request.onerror = () => failed(refusal(request.error));
    request.onblocked = () => failed(refusal(null));
  }).catch((error) => {
    opening = undefined;
    throw error instanceof SatchelError ? error : refusal(error);
  });
  return opening;
};

/** Runs one transaction; resolves when it is on disk, as far as the browser can say. */
export const indexedDbWrite = async (
  stores: readonly string[],
  work: (transaction: IDBTransaction) => void,
): Promise<void> => {
  const db = await openIndexedDb();
  await new Promise<void>((done, failed) => {
    const transaction = db.transaction([...stores], 'readwrite', { durability: 'strict' });
    transaction.oncomplete = () => done();
    transaction.onabort = () => failed(refusal(transaction.error));
    work(transaction);
  });
};

/** The result of one request of a transaction that only reads. */
export const indexedDbRead = async <T>(
  store: string,
  ask: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> => {
  const db = await openIndexedDb();
  return new Promise<T>((done, failed) => {
    const request = ask(db.transaction(store, 'readonly').objectStore(store));
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(refusal(request.error));
  });
};

const refusal = (error: unknown): SatchelError =>
  error instanceof Error && error.name === 'QuotaExceededError'
    ? new SatchelError('storage_full', {}, { cause: error })
    : new SatchelError(
        'storage_unavailable',
        { detail: error instanceof Error ? `${error.name}: ${error.message}` : 'IndexedDB' },
        { cause: error },
      );
