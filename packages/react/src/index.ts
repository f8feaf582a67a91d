export { COMPONENT_STATES, type ComponentName, type StateOf } from './component-states.ts';
export { ConflictDialog, ConflictInbox } from './components/conflict-resolver/conflict-inbox.tsx';
export {
  ConflictResolver,
  type ConflictResolverProps,
} from './components/conflict-resolver/conflict-resolver.tsx';
export {
  type Choice,
  type Choices,
  type ConflictField,
  fieldsOf,
  type MergeAnswer,
  mergeAnswer,
  requestOf,
} from './components/conflict-resolver/resolution.ts';
export {
  type ConflictModel,
  useConflictResolver,
} from './components/conflict-resolver/use-conflict-resolver.ts';
export { DataUsage, type DataUsageProps } from './components/data-usage/data-usage.tsx';
export { OfflineBanner } from './components/offline-banner/offline-banner.tsx';
export {
  PENDING_STATES,
  PendingChanges,
  type PendingChangesProps,
  type PendingState,
} from './components/pending-changes/pending-changes.tsx';
export { PullToRefresh } from './components/pull-to-refresh/pull-to-refresh.tsx';
export {
  type PullToRefreshModel,
  usePullToRefresh,
} from './components/pull-to-refresh/use-pull-to-refresh.ts';
export { Quarantine } from './components/quarantine/quarantine.tsx';
export { RefusedWrites } from './components/quarantine/refused-writes.tsx';
export { type QuarantineModel, useQuarantineEntry } from './components/quarantine/use-quarantine-entry.ts';
export { RecordBadge, type RecordBadgeProps } from './components/record-badge/record-badge.tsx';
export {
  BADGE_STATES,
  type BadgeModel,
  type BadgeState,
  useRecordBadge,
} from './components/record-badge/use-record-badge.ts';
export { StaleBanner } from './components/stale-banner/stale-banner.tsx';
export { type Staleness, useStaleness } from './components/stale-banner/use-staleness.ts';
export { reportOf } from './components/sync-indicator/report.ts';
export { ReportButton } from './components/sync-indicator/report-button.tsx';
export { RetryConnection } from './components/sync-indicator/retry-connection.tsx';
export { SyncIndicator, type SyncIndicatorProps } from './components/sync-indicator/sync-indicator.tsx';
export {
  type IndicatorModel,
  indicatorOf,
  useSyncIndicator,
} from './components/sync-indicator/use-sync-indicator.ts';
export { ClearCache } from './components/sync-settings/clear-cache.tsx';
export { Diagnostics } from './components/sync-settings/diagnostics.tsx';
export { SyncHistory } from './components/sync-settings/sync-history.tsx';
export { SyncSettings, type SyncSettingsProps } from './components/sync-settings/sync-settings.tsx';
export { type SyncSettingsModel, useSyncSettings } from './components/sync-settings/use-sync-settings.ts';
export type { Toast } from './components/toasts/toast-list.ts';
export { Toaster } from './components/toasts/toaster.tsx';
export { type Toasts, useSyncToasts, useToasts } from './components/toasts/use-toasts.ts';
export { type ConflictsInView, useConflicts } from './hooks/use-conflicts.ts';
export { type DataUsageInView, useDataUsage } from './hooks/use-data-usage.ts';
export { useDeviceSettings } from './hooks/use-device-settings.ts';
export { useHistory } from './hooks/use-history.ts';
export { type MutationInView, useMutation, type WriteStands } from './hooks/use-mutation.ts';
export { useNow } from './hooks/use-now.ts';
export { type OutboxInView, type QuarantineInView, useOutbox, useQuarantine } from './hooks/use-outbox.ts';
export { type QueryDiff, type QueryOptions, type QueryResult, useQuery } from './hooks/use-query.ts';
export { type RecordName, type RecordState, useRecordState } from './hooks/use-record-state.ts';
export { type RefusedWritesInView, useRefusedWrites } from './hooks/use-refused-writes.ts';
export { type AppRow, type RowResult, useRow } from './hooks/use-row.ts';
export { useSyncStatus } from './hooks/use-sync-status.ts';
export { ICON_NAMES, Icon, type IconName } from './icons.tsx';
export {
  FIVE_STATE_OF,
  FIVE_STATES,
  type FiveState,
  PRESETS,
  type Preset,
  TONES,
  type Tone,
} from './presets.ts';
export { type Labels, SatchelProvider, type SatchelProviderProps, useSatchel } from './provider.tsx';
export type { SatchelClient } from './satchel-client.ts';
export { ADVICE, ADVICE_FOR, type Advice } from './texts/advice.ts';
export { ar } from './texts/ar.ts';
export { enLocale as en } from './texts/english.ts';
export { hi } from './texts/hi.ts';
export { sw } from './texts/sw.ts';
export type { Locale, Plural, TextName, Texts } from './texts/text.ts';
export { tr } from './texts/tr.ts';
export { useTexts, type Words } from './texts/use-texts.ts';
export { satchelHooks, type TypedHooks } from './typed-hooks.ts';
