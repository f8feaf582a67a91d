export { type Documents, documentsOf } from './documents/documents.ts';
export { CONFLICT_RULES, type ConflictRule, type DocumentConflict } from './documents/handle-conflicts.ts';
export {
  type AlertSource,
  type DocumentHooks,
  type Logger,
  type NetInfoSource,
  SyncItemError,
} from './documents/hooks.ts';
export { createStatements, initializeLocalDB } from './documents/local-database.ts';
export type { QueueItem } from './documents/queue-item.ts';
export { type ConflictType, type Resolution, resolveConflict } from './documents/resolve-conflict.ts';
export type { DocumentRow } from './documents/rows.ts';
export type { SavedOffline } from './documents/save-offline.ts';
export type { ConflictChoice } from './documents/show-conflict.ts';
export { type SyncConfig, syncConfigOf } from './documents/sync-config.ts';
export { logSyncs } from './documents/sync-log.ts';
export type { DownloadAnswer, PendingAction, UploadAnswer, UploadResult } from './documents/sync-manager.ts';
export type { NewQueueItem, Operation } from './documents/sync-queue.ts';
export { SyncService } from './documents/sync-service.ts';
