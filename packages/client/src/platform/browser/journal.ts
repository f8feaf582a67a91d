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

/** Entries of a database that were not refused, in the order in which they were saved. */
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

/** Removes a database's journal with it. */
export const removeJournal = async (database: string): Promise<void> => {
  const positions = await indexedDbRead(JOURNAL, (store) => store.index('database').getAllKeys(database));
  if (positions.length === 0) return;
  await indexedDbWrite([JOURNAL], (transaction) => {
    for (const position of positions) transaction.objectStore(JOURNAL).delete(position);
  });
};
