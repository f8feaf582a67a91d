import type { App } from '@satchel/schema';

/** An app's sync settings in the form of the shop's `syncConfig`. */
export interface SyncConfig {
  readonly tables: Readonly<Record<string, { readonly priority: string; readonly partial: boolean }>>;
  readonly triggers: {
    readonly app_start: boolean;
    readonly internet_available: boolean;
    readonly user_manual: true;
    /** Cron text or seconds; absent: no schedule. */
    readonly scheduled?: string | number;
  };
  readonly limits: {
    readonly max_records_per_batch: number;
    /** Milliseconds; absent: no limit. */
    readonly max_sync_time?: number;
    readonly retry_attempts: number;
  };
}

/**
 * @example
 * ```ts
 * syncConfigOf(app).limits.max_records_per_batch; // 100
 * ```
 */
export const syncConfigOf = (app: App): SyncConfig => {
  const { batch, maxRunMs, retry, schedule, triggers } = app.sync;
  return {
    tables: Object.fromEntries(
      Object.values(app.tables).map(({ name, lane, partial }) => [name, { priority: lane, partial }]),
    ),
    triggers: {
      app_start: triggers.appStart,
      internet_available: triggers.networkRegained,
      user_manual: true,
      ...(schedule.any === undefined ? {} : { scheduled: schedule.any }),
    },
    limits: {
      max_records_per_batch: batch.maxItems,
      ...(maxRunMs === undefined ? {} : { max_sync_time: maxRunMs }),
      retry_attempts: retry.attempts,
    },
  };
};
