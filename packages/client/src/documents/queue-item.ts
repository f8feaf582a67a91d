import type { SqlRow } from '../database/driver.ts';

/** A row of `sync_queue`, with the columns of both documents. */
export interface QueueItem {
  readonly id: number;
  readonly table_name: string;
  readonly record_id: string;
  readonly operation: 'INSERT' | 'UPDATE' | 'DELETE';
  /** JSON; null for a delete. */
  readonly data: string | null;
  readonly timestamp: number;
  readonly retry_count: number;
  readonly status: 'pending' | 'syncing' | 'synced' | 'failed';
  readonly action_type: string;
  readonly entity_type: string;
  readonly entity_id: string;
  readonly payload: string | null;
}

/** The view gives them so. */
export const queueItem = (row: SqlRow): QueueItem => row as unknown as QueueItem;
