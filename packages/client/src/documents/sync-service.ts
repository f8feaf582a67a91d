import { columnToSql } from '@satchel/core';
import { conflictHandlersOf } from './handle-conflicts.ts';
import { codeOf, type DocumentsContext, SyncItemError, silentLogger } from './hooks.ts';
import { resolutionOf, showConflictResolution } from './show-conflict.ts';

/**
 * The shop's background service, and the store forms' conflict handling. The engine
 * syncs by itself; this starts runs at the documents' moments, one at a time.
 */
export class SyncService {
  isOnline = false;
  syncInProgress = false;
  readonly #context: DocumentsContext;
  readonly handleConflicts: ReturnType<typeof conflictHandlersOf>['handleConflicts'];
  readonly keepClientVersion: ReturnType<typeof conflictHandlersOf>['keepClientVersion'];
  readonly retryPush: ReturnType<typeof conflictHandlersOf>['retryPush'];
  readonly acceptServerVersion: ReturnType<typeof conflictHandlersOf>['acceptServerVersion'];

  constructor(context: DocumentsContext) {
    this.#context = context;
    const handlers = conflictHandlersOf(context);
    this.handleConflicts = handlers.handleConflicts;
    this.keepClientVersion = handlers.keepClientVersion;
    this.retryPush = handlers.retryPush;
    this.acceptServerVersion = handlers.acceptServerVersion;
  }

  /** Starts a sync when the network comes, unless one is in progress. Returns what ends it. */
  startMonitoring(): () => void {
    const { netInfo, db } = this.#context;
    if (netInfo === undefined) {
      return db.onStatus(({ online }) => {
        const regained = online && !this.isOnline;
        this.isOnline = online;
        if (regained && !this.syncInProgress) void this.startSync();
      });
    }
    return netInfo.addEventListener((state) => {
      this.isOnline = state.isConnected === true;
      if (this.isOnline && !this.syncInProgress) void this.startSync();
    });
  }

  /** Downloads, uploads, resolves; a failure is logged, never thrown. */
  async startSync(): Promise<void> {
    this.syncInProgress = true;
    try {
      await this.downloadChanges();
      await this.uploadChanges();
      await this.resolveConflicts();
    } catch (error) {
      (this.#context.logger ?? silentLogger).error(`Sync failed: ${codeOf(error)}`);
    } finally {
      this.syncInProgress = false;
    }
  }

  /** Brings this device up to date. One run of the engine goes both ways: what waits goes with it. */
  async downloadChanges(): Promise<void> {
    await this.#run();
  }

  /** Sends what still waits; nothing, where nothing does. */
  async uploadChanges(): Promise<void> {
    if ((await this.#context.db.status()).pending > 0) await this.#run();
  }

  /** Asks the person about each conflict that is open, and settles it as he says. */
  async resolveConflicts(): Promise<void> {
    const { db, alert } = this.#context;
    if (alert === undefined) return;
    for (const conflict of await db.conflicts.list({ refresh: true })) {
      if (conflict.state !== 'open') continue;
      const choice = await showConflictResolution({ table_name: columnToSql(conflict.table) }, alert);
      await db.conflicts.resolve(conflict.conflictId, resolutionOf(choice, conflict));
    }
  }

  async #run(): Promise<void> {
    const run = await this.#context.db.sync.now();
    if (run?.problem !== undefined) throw new SyncItemError(run.problem);
  }
}
