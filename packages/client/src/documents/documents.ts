import { SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import type { Satchel } from '../satchel.ts';
import { conflictHandlersOf } from './handle-conflicts.ts';
import type { DocumentHooks, DocumentsContext } from './hooks.ts';
import { saveOfflineOf } from './save-offline.ts';
import { type ConflictChoice, showConflictResolution } from './show-conflict.ts';
import { syncManagerOf } from './sync-manager.ts';
import { syncQueueOf } from './sync-queue.ts';
import { SyncService } from './sync-service.ts';

/**
 * Every function that the source documents name, over an open database whose app asks
 * for `documentViews: { device: true }`. They decide nothing: the engine queues, sends,
 * merges and marks; code written against the documents finds what it calls.
 *
 * @throws `config_invalid` where the app does not ask for the views
 * @example
 * ```ts
 * const { saveProductOffline, processSyncQueue } = documentsOf(db, { platform });
 * await saveProductOffline({ name: 'Rice', price: 50 }); // { success: true, id: '…', offline: true }
 * await processSyncQueue();
 * ```
 */
export const documentsOf = <A extends App>(db: Satchel<A>, hooks: DocumentHooks) => {
  if (!db.app.documentViews.device) {
    throw new SatchelError('config_invalid', {
      name: 'documentViews.device',
      reason: 'the app does not ask for the views that the functions of the documents read',
    });
  }
  // What the app's types say of its tables is of no use to names that come at run time.
  const context: DocumentsContext = { ...hooks, db: db as unknown as Satchel };
  return {
    ...syncQueueOf(context),
    ...saveOfflineOf(context),
    ...conflictHandlersOf(context),
    ...syncManagerOf(context),
    syncService: new SyncService(context),
    showConflictResolution: (conflict: { readonly table_name: string }): Promise<ConflictChoice> =>
      showConflictResolution(conflict, hooks.alert ?? NO_ALERT),
  };
};

export type Documents = ReturnType<typeof documentsOf>;

/** Nobody is there to ask: the conflict stays open. */
const NO_ALERT = { alert: () => {} };
