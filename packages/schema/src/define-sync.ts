import type { BatchSettings, RetrySettings, SyncSettings } from './app.ts';
import { checkFlag, checkKnown, checkSettings, checkWhole, checkWord, mistake } from './mistake.ts';

export type ScheduleInput = string | number;

export interface LaneInput {
  readonly retry?: Partial<RetrySettings>;
  readonly batch?: Partial<BatchSettings>;
  readonly schedule?: ScheduleInput;
}

/** When and how much a client syncs. Every setting has a default, see `SyncSettings`. */
export interface SyncInput {
  /** Cron text of five fields (minute, hour, day, month, weekday) or seconds, or by kind of network; `{}` for no schedule. */
  readonly schedule?: ScheduleInput | SyncSettings['schedule'];
  readonly order?: SyncSettings['order'];
  readonly onStart?: SyncSettings['onStart'];
  /** Mutations in a batch; short for `batch: { maxItems }`. Default 100. */
  readonly maxItems?: number;
  /** Bytes of a batch; short for `batch: { maxBytes }`. Default 1,000,000. */
  readonly maxBytes?: number;
  readonly batch?: Partial<BatchSettings>;
  readonly maxRunMs?: number;
  readonly retry?: Partial<RetrySettings>;
  readonly lanes?: Readonly<Record<string, LaneInput>>;
  readonly quietHours?: { readonly from: number; readonly to: number };
  readonly wifiOnly?: boolean;
  readonly budget?: SyncSettings['budget'];
  readonly urgentLane?: string;
  readonly triggers?: Partial<SyncSettings['triggers']>;
}

const RETRY: RetrySettings = { attempts: 5, firstDelay: 1_000, maxDelay: 300_000 };
const BATCH: BatchSettings = { maxItems: 100, maxBytes: 1_000_000 };
const TRIGGERS: SyncSettings['triggers'] = {
  appStart: true,
  networkRegained: true,
  foreground: true,
  urgentWrite: true,
  poke: true,
  conflictResolved: true,
};

/** Fields of a cron text with their bounds; Sunday is 0 and 7. */
const CRON = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of the month', least: 1, most: 31 },
  { name: 'month', least: 1, most: 12 },
  { name: 'day of the week', least: 0, most: 7 },
] as const;

const checkCron = (where: string, text: string): void => {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== CRON.length) {
    throw mistake(where, `"${text}" has ${fields.length} fields`, "A cron text has five: '*/30 * * * *'.");
  }
  fields.forEach((field, at) => {
    const { name, least, most } = CRON[at]!;
    for (const item of field.split(',')) {
      const [, from, to, step] = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(item) ?? ['', '-1'];
      const bounds = [from, to].filter((bound) => bound !== undefined).map(Number);
      const outside = bounds.some((bound) => bound < least || bound > most);
      if (outside || (bounds.length === 2 && bounds[0]! > bounds[1]!) || step === '0' || step === '00') {
        throw mistake(
          where,
          `"${field}" is no ${name}`,
          `Write *, a number from ${least} to ${most}, a range or a step.`,
        );
      }
    }
  });
};

export const defineSchedule = (where: string, given: unknown): string | number => {
  if (typeof given === 'string') checkCron(where, given);
  else checkWhole(where, given, 1, 'seconds');
  return given as string | number;
};

export const defineRetry = (
  where: string,
  given: Partial<RetrySettings>,
  fallback: RetrySettings = RETRY,
): RetrySettings => {
  checkSettings(where, given, Object.keys(RETRY));
  const retry = { ...fallback, ...given };
  checkWhole(`${where}.attempts`, retry.attempts, 1, 'attempts');
  checkWhole(`${where}.firstDelay`, retry.firstDelay, 1, 'milliseconds');
  checkWhole(`${where}.maxDelay`, retry.maxDelay, 1, 'milliseconds');
  if (retry.maxDelay < retry.firstDelay) {
    throw mistake(`${where}.maxDelay`, 'shorter than firstDelay', `Give at least ${retry.firstDelay}.`);
  }
  return retry;
};

export const defineBatch = (
  where: string,
  given: Partial<BatchSettings>,
  fallback: BatchSettings = BATCH,
): BatchSettings => {
  checkSettings(where, given, Object.keys(BATCH));
  const batch = { ...fallback, ...given };
  checkWhole(`${where}.maxItems`, batch.maxItems, 1, 'mutations');
  checkWhole(`${where}.maxBytes`, batch.maxBytes, 1_000, 'bytes');
  return batch;
};

const defineSchedules = (where: string, given: SyncInput['schedule']): SyncSettings['schedule'] => {
  if (given === undefined) return { any: 300 };
  if (typeof given !== 'object') return { any: defineSchedule(where, given) };
  checkSettings(where, given, ['any', 'wifi', 'cellular']);
  return Object.fromEntries(
    Object.entries(given).map(([network, schedule]) => [
      network,
      defineSchedule(`${where}.${network}`, schedule),
    ]),
  );
};

const defineQuietHours = (
  where: string,
  given: NonNullable<SyncInput['quietHours']>,
): NonNullable<SyncSettings['quietHours']> => {
  checkSettings(where, given, ['from', 'to']);
  for (const edge of ['from', 'to'] as const) {
    checkWhole(`${where}.${edge}`, given[edge], 0, 'hours');
    if (given[edge] > 24) throw mistake(`${where}.${edge}`, 'a day has 24 hours', 'Give 0 to 24.');
  }
  if (given.from === given.to) throw mistake(where, 'from and to are the same hour', 'Give two hours.');
  return { ...given };
};

/** The sync settings with every default filled in; a lane's settings fall to the app's. */
export const defineSync = (where: string, given: SyncInput, lanes: readonly string[]): SyncSettings => {
  checkSettings(where, given, [
    'schedule',
    'order',
    'onStart',
    'maxItems',
    'maxBytes',
    'batch',
    'maxRunMs',
    'retry',
    'lanes',
    'quietHours',
    'wifiOnly',
    'budget',
    'urgentLane',
    'triggers',
  ]);
  const order = given.order ?? 'download-first';
  checkWord(`${where}.order`, order, ['download-first', 'upload-first']);
  const onStart = given.onStart ?? 'delta';
  checkWord(`${where}.onStart`, onStart, ['delta', 'full']);
  if (given.maxRunMs !== undefined) checkWhole(`${where}.maxRunMs`, given.maxRunMs, 1, 'milliseconds');
  const retry = defineRetry(`${where}.retry`, given.retry ?? {});
  const { maxItems, maxBytes } = given;
  const batch = defineBatch(`${where}.batch`, {
    ...given.batch,
    ...(maxItems === undefined ? {} : { maxItems }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  const urgentLane = given.urgentLane ?? lanes[0]!;
  checkKnown(`${where}.urgentLane`, 'lane', urgentLane, lanes);
  const wifiOnly = given.wifiOnly ?? false;
  checkFlag(`${where}.wifiOnly`, wifiOnly);
  const budget = given.budget ?? {};
  checkSettings(`${where}.budget`, budget, ['dailyBytes', 'monthlyBytes']);
  for (const [name, bytes] of Object.entries(budget))
    checkWhole(`${where}.budget.${name}`, bytes, 1, 'bytes');
  const triggers = { ...TRIGGERS, ...given.triggers };
  checkSettings(`${where}.triggers`, triggers, Object.keys(TRIGGERS));
  for (const [name, on] of Object.entries(triggers)) checkFlag(`${where}.triggers.${name}`, on);

  const ofLanes: Record<string, SyncSettings['lanes'][string]> = {};
  for (const [lane, settings] of Object.entries(given.lanes ?? {})) {
    const here = `${where}.lanes.${lane}`;
    checkKnown(here, 'lane', lane, lanes);
    checkSettings(here, settings, ['retry', 'batch', 'schedule']);
    ofLanes[lane] = {
      ...(settings.retry === undefined ? {} : { retry: defineRetry(`${here}.retry`, settings.retry, retry) }),
      ...(settings.batch === undefined ? {} : { batch: defineBatch(`${here}.batch`, settings.batch, batch) }),
      ...(settings.schedule === undefined
        ? {}
        : { schedule: defineSchedule(`${here}.schedule`, settings.schedule) }),
    };
  }
  return {
    schedule: defineSchedules(`${where}.schedule`, given.schedule),
    order,
    onStart,
    batch,
    retry,
    lanes: ofLanes,
    wifiOnly,
    budget: { ...budget },
    urgentLane,
    triggers,
    ...(given.maxRunMs === undefined ? {} : { maxRunMs: given.maxRunMs }),
    ...(given.quietHours === undefined
      ? {}
      : { quietHours: defineQuietHours(`${where}.quietHours`, given.quietHours) }),
  };
};
