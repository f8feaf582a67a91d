import type { RefusedWrite } from '../../face/journal.ts';
import { indexedDbRead, indexedDbWrite, JOURNAL } from './indexeddb.ts';
import type { JournalEntry } from './message.ts';

/**
 * The journal of writes that a tab saved while its leader was silent. It lies in
 * IndexedDB, for nobody can open the database while another tab holds its files. An
 * entry carries the id under which the engine runs it once, so an entry that was taken
 * in and not yet removed, or whose call had reached the leader after all, does nothing.
 */
export const appendToJournal = (entry: JournalEntry): Promise<void> =>
  indexedDbWrite([JOURNAL], (transaction) => {
    transaction.objectStore(JOURNAL).add(entry);
  });

export interface KeptEntry extends JournalEntry {
  readonly position: IDBValidKey;
}

/** Entries of a database, in the order in which they were saved; those that it does not take have a `problem`. */
export const readJournal = async (database: string): Promise<readonly KeptEntry[]> => {
  const positions = await indexedDbRead(JOURNAL, (store) => store.index('database').getAllKeys(database));
  if (positions.length === 0) return [];
  const entries = await indexedDbRead<JournalEntry[]>(JOURNAL, (store) =>
    store.index('database').getAll(database),
  );
  // Entries that came between the two reads have no position yet: the next reading finds them.
  return positions.map((position, index) => ({ ...entries[index]!, position }));
};

export interface TakenEntries {
  readonly taken: readonly KeptEntry[];
  readonly refused: readonly KeptEntry[];
}

/** Removes what is in the database, and notes beside the rest why it is not. */
export const settleJournal = async ({ taken, refused }: TakenEntries): Promise<void> => {
  if (taken.length + refused.length === 0) return;
  await indexedDbWrite([JOURNAL], (transaction) => {
    const store = transaction.objectStore(JOURNAL);
    for (const { position } of taken) store.delete(position);
    for (const { position, ...entry } of refused) store.put(entry, position);
  });
};

/** Those that the database does not take. */
export const readRefused = async (database: string): Promise<readonly RefusedWrite[]> =>
  (await readJournal(database)).flatMap(({ args, at, id, method, problem }) =>
    problem ? [{ id, at, method, args, problem }] : [],
  );

/** Lets a refused entry be taken in once more, or removes it. */
export const releaseRefused = async (
  database: string,
  id: string,
  how: 'retry' | 'discard',
): Promise<void> => {
  const found = (await readJournal(database)).find((entry) => entry.id === id && entry.problem);
  if (!found) return;
  const { position, problem: _, ...entry } = found;
  await indexedDbWrite([JOURNAL], (transaction) => {
    const store = transaction.objectStore(JOURNAL);
    if (how === 'retry') store.put(entry, position);
    else store.delete(position);
  });
};

/** Removes a database's journal with it. */
export const removeJournal = async (database: string): Promise<void> => {
  const positions = await indexedDbRead(JOURNAL, (store) => store.index('database').getAllKeys(database));
  if (positions.length === 0) return;
  await indexedDbWrite([JOURNAL], (transaction) => {
    for (const position of positions) transaction.objectStore(JOURNAL).delete(position);
  });
};
