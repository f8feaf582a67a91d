import type {
  MeterEntry,
  OutboxEntry,
  QuarantineEntry,
  RefusedWrite,
  RowState,
  SyncRun,
  SyncStatus,
} from '@satchel/client';
import type { Conflict } from '@satchel/protocol';
import type { SatchelClient } from '../satchel-client.ts';
import { Observed } from './observed.ts';
import { reread } from './reread.ts';

/** The observers of one database, each started once however many components look at it. */
export interface Observers {
  readonly status: Observed<SyncStatus>;
  readonly conflicts: Observed<readonly Conflict[]>;
  readonly outbox: Observed<readonly OutboxEntry[]>;
  readonly quarantine: Observed<readonly QuarantineEntry[]>;
  readonly refused: Observed<readonly RefusedWrite[]>;
  /** The last runs, newest first. */
  history(limit: number): Observed<readonly SyncRun[]>;
  /** Bytes since a day, `YYYY-MM-DD`. */
  usage(sinceDay: string): Observed<readonly MeterEntry[]>;
  rowState(table: string, key: string): Observed<RowState>;
  mutation(mutationId: string): Observed<OutboxEntry | null>;
  /** Any other observer, made once for its name. */
  named<T>(name: string, make: () => Observed<T>): Observed<T>;
}

/** Observers kept by name for one database; the oldest without listeners go first. */
const MOST_KEPT = 2_000;

const made = new WeakMap<SatchelClient, Observers>();

export const observersOf = (db: SatchelClient): Observers => {
  const known = made.get(db);
  if (known) return known;
  const byName = new Map<string, Observed<unknown>>();
  const named = <T>(name: string, make: () => Observed<T>): Observed<T> => {
    const found = byName.get(name) as Observed<T> | undefined;
    if (found) return found;
    const fresh = make();
    byName.set(name, fresh as Observed<unknown>);
    if (byName.size > MOST_KEPT)
      for (const oldest of byName.keys()) {
        byName.delete(oldest);
        break;
      }
    return fresh;
  };
  const observers: Observers = {
    status: new Observed((tell) => db.onStatus(tell)),
    conflicts: reread(db, () => db.conflicts.list()),
    outbox: reread(db, () => db.outbox.list()),
    quarantine: reread(db, () => db.quarantine.list()),
    refused: reread(db, () => db.journal.refused()),
    history: (limit) => named(`history ${limit}`, () => reread(db, () => db.history(limit))),
    usage: (sinceDay) => named(`usage ${sinceDay}`, () => reread(db, () => db.usage(sinceDay))),
    rowState: (table, key) =>
      named(`row ${JSON.stringify([table, key])}`, () => reread(db, () => db.rowState(table, key))),
    mutation: (mutationId) =>
      named(`mutation ${mutationId}`, () =>
        reread(db, async () => (await db.outbox.show(mutationId)) ?? null),
      ),
    named,
  };
  made.set(db, observers);
  return observers;
};
