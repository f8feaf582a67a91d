import type { App, BatchSettings, RetrySettings } from './app.ts';

/** Retries of a table's mutations: its own, else its lane's, else the app's. */
export const retryOf = (app: App, table: string): RetrySettings => {
  const { retry, lane } = app.tables[table]!;
  return retry ?? app.sync.lanes[lane]?.retry ?? app.sync.retry;
};

/** Bounds of a batch of a table's mutations: its own, else its lane's, else the app's. */
export const batchOf = (app: App, table: string): BatchSettings => {
  const { batch, lane } = app.tables[table]!;
  return batch ?? app.sync.lanes[lane]?.batch ?? app.sync.batch;
};

/** When a table's changes are due, where it or its lane says so; else the app's schedule holds. */
export const scheduleOf = (app: App, table: string): string | number | undefined => {
  const { schedule, lane } = app.tables[table]!;
  return schedule ?? app.sync.lanes[lane]?.schedule;
};
