export * from './access.ts';
export * from './app.ts';
export * from './app-hash.ts';
export * from './column-builders.ts';
export { CHANNELS, OPERATIONS } from './define-access.ts';
export type { AlertsInput, UnacknowledgedInput } from './define-alerts.ts';
export { type AnyFunction, type AnyTable, type AppInput, defineApp } from './define-app.ts';
export { isServerGiven } from './define-columns.ts';
export {
  DEVICE_DOCUMENT_VIEWS,
  ROW_DOCUMENT_COLUMNS,
  rowViewName,
  SERVER_DOCUMENT_VIEWS,
} from './define-document-views.ts';
export { DELETED_MARK, type HttpInput } from './define-http.ts';
export type { LaneInput, ScheduleInput, SyncInput } from './define-sync.ts';
export * from './durations.ts';
export * from './history.ts';
export * from './http-settings.ts';
export { liftChange, liftMutation } from './lift.ts';
export { liftColumns, liftRow, liftValues } from './lift-values.ts';
export * from './lower.ts';
export * from './policies.ts';
export * from './references.ts';
export { type MembershipScopesInput, membershipScopes, type ScopesOfInput, sql } from './scopes-of.ts';
export * from './settings-of.ts';
export * from './table-builder.ts';
export * from './types.ts';
export { type AppView, currentTables, oldestVersion, type TableView, undoChange, viewOf } from './view.ts';
export { needsWriters } from './writers.ts';
export { type YjsModule, yjsDocuments } from './yjs-documents.ts';
