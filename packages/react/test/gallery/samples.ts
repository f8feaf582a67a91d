import type {
  MeterEntry,
  OutboxEntry,
  OutboxState,
  QuarantineEntry,
  RefusedWrite,
  SqlRow,
  SyncRun,
  SyncStatus,
} from '@satchel/client';
import type { Phase } from '@satchel/core';
import type { Conflict, ConflictKind, Decision } from '@satchel/protocol';
import { NOW, run, uuid } from './scene.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** A status that is in the phase, with the facts that put it there. */
export const inPhase: Readonly<Record<Phase, Partial<SyncStatus>>> = {
  'needs-auth': { phase: 'needs-auth', needsAuth: 'auth_expired', pending: 4 },
  error: {
    phase: 'error',
    pending: 3,
    pendingByLane: { high: 1, medium: 2 },
    problem: { code: 'server_error', params: { requestId: 'r-81' } },
    retry: { failures: 1, attempts: 3 },
  },
  conflict: { phase: 'conflict', openConflicts: 2, pending: 2, review: 2 },
  paused: { phase: 'paused', paused: true, pending: 6 },
  offline: { phase: 'offline', online: false, pending: 12, oldestPendingAt: NOW - 3 * HOUR },
  syncing: { phase: 'syncing', downloading: true, progress: { rowsTaken: 3_200, rowsRemaining: 6_800 } },
  pending: { phase: 'pending', pending: 5, waitingFor: 'wifi', oldestPendingAt: NOW - 20 * MINUTE },
  unknown: { phase: 'unknown', lastRun: null },
  synced: { phase: 'synced' },
};

const cropBase = {
  farmId: uuid(7),
  cropType: 'Maize',
  acreage: '2.5',
  plantedOn: '2026-03-14',
  irrigated: false,
  pests: ['armyworm'],
  note: 'North field by the river',
};

export const conflict = (kind: ConflictKind, over: Partial<Conflict> = {}): Conflict => ({
  conflictId: uuid(100),
  table: 'crops',
  key: uuid(8),
  kind,
  state: 'open',
  mutationIds: [uuid(200)],
  clientId: uuid(1),
  author: 'agent-17',
  deviceName: 'Field phone 3',
  clientAt: NOW - 95 * MINUTE,
  serverBy: 'farmer-204',
  serverDevice: 'Own phone',
  serverAt: NOW - 3 * HOUR,
  columns: ['acreage', 'note'],
  base: cropBase,
  client: { ...cropBase, acreage: '3.25', note: 'North field by the old river', plantedOn: '2026-03-16' },
  server: { ...cropBase, acreage: '3', note: 'North field by the road', irrigated: true },
  result: null,
  policy: 'review',
  reason: 'Farmer and agent differ: the agent compares',
  flags: [],
  createdAt: NOW - 90 * MINUTE,
  ...over,
});

/** Two lists of one field, and nothing else. */
export const listConflict = conflict('update', {
  columns: ['pests'],
  client: { ...cropBase, pests: ['armyworm', 'stem borer'] },
  server: { ...cropBase, pests: ['aphid', 'armyworm'] },
});

/** Different fields on both sides. */
export const softConflict = conflict('update', {
  columns: [],
  client: { ...cropBase, acreage: '3.25' },
  server: { ...cropBase, irrigated: true },
});

export const serverDeleted = conflict('delete', { server: null, columns: [] });
/** Somebody else's, sent on to who looks at it now. */
export const ofAnotherDevice = conflict('delete', {
  clientId: uuid(3),
  state: 'escalated',
  decision: 'escalated',
  note: 'Who measured the field?',
  columns: [],
  server: null,
});
export const deviceDeleted = conflict('delete', { client: null, columns: [] });

export const uniqueConflict = conflict('unique', {
  table: 'products',
  key: uuid(9),
  holder: uuid(10),
  columns: ['name'],
  base: null,
  client: { name: 'Tea 250 g', price: '3.20' },
  server: { name: 'Tea 250 g', price: '3.00' },
  policy: 'review',
});

/** What each decision makes of the record. */
const RESULTS: Readonly<Record<Decision, Conflict['result']>> = {
  'accept-client': { acreage: '3.25', note: 'North field by the old river' },
  'accept-server': { acreage: '3', note: 'North field by the road' },
  merged: { acreage: '3.25', note: 'North field by the road' },
  escalated: null,
};

export const settled = (decision: Decision): Conflict =>
  conflict('update', {
    state: 'settled',
    decision,
    decidedBy: 'agent-17',
    decidedAt: NOW - 2 * MINUTE,
    result: RESULTS[decision],
  });

export const escalated = conflict('update', {
  state: 'escalated',
  decision: 'escalated',
  note: 'Who measured the field?',
});

export const schemaConflict = conflict('schema', {
  reason: 'Written with version 3 of the app',
  columns: ['acreage'],
});

export const entry = (state: OutboxState, n: number, over: Partial<OutboxEntry> = {}): OutboxEntry => ({
  mutationId: uuid(300 + n),
  seq: n,
  runId: uuid(2),
  state,
  lane: 'medium',
  createdAt: NOW - n * 7 * MINUTE,
  attempts: 0,
  nextAt: null,
  changes: [
    {
      table: 'products',
      op: n % 3 === 0 ? 'insert' : 'update',
      key: uuid(400 + n),
      values: { name: ['Tea 250 g', 'Rice 1 kg', 'Soap'][n % 3] ?? 'Soap', price: `${n + 2}.50` },
    },
  ],
  ...over,
});

export const waiting: readonly OutboxEntry[] = [
  entry('in-flight', 1, { attempts: 1 }),
  entry('queued', 2),
  entry('queued', 3, { attempts: 1, nextAt: NOW + 4 * MINUTE }),
  entry('blocked', 4, { blockedBy: uuid(305) }),
  entry('review', 5, {
    changes: [
      { table: 'crops', op: 'update', key: uuid(8), values: { acreage: '3.25', note: 'North field' } },
    ],
  }),
  entry('failed', 6, { attempts: 3, problem: { code: 'network_timeout', params: { ms: 30_000 } } }),
  entry('queued', 7, { changes: [{ table: 'products', op: 'delete', key: uuid(411) }] }),
];

/** The rows of those changes that do not say which record they are of. */
export const recordNames: readonly SqlRow[] = [
  { tbl: 'products', key: uuid(411), name: 'Sugar 1 kg' },
  { tbl: 'crops', key: uuid(8), name: 'Maize' },
];

export const refused: readonly QuarantineEntry[] = [
  {
    mutationId: uuid(501),
    at: NOW - 26 * HOUR,
    problem: {
      code: 'unique_taken',
      params: { table: 'products', column: 'name', columns: 'name', holder: uuid(9) },
    },
    changes: [
      {
        table: 'products',
        op: 'insert',
        key: uuid(411),
        values: { name: 'Tea 250 g', price: '3.20', stock: 12 },
      },
    ],
  },
  {
    mutationId: uuid(502),
    at: NOW - 2 * DAY,
    problem: { code: 'scope_left', params: { table: 'crops', key: uuid(8) } },
    changes: [{ table: 'crops', op: 'delete', key: uuid(8) }],
  },
];

/** What a tab saved while another held the database, and the database then did not take. */
export const savedBeside: readonly RefusedWrite[] = [
  {
    id: 'tab-1',
    at: NOW - 20 * MINUTE,
    method: 'write',
    args: [
      [
        {
          sql: 'insert into products (id, farm_id, name, price) values (?, ?, ?, ?)',
          parameters: [uuid(412), uuid(7), 'Tea 250 g', '3.20'],
        },
      ],
    ],
    problem: { code: 'sql_failed', params: { detail: 'UNIQUE constraint failed: products.id' } },
  },
  {
    id: 'tab-2',
    at: NOW - 18 * MINUTE,
    method: 'run',
    args: ['recordSale', { customerName: 'School kitchen', quantity: 3 }],
    problem: { code: 'function_unknown', params: { name: 'recordSale' } },
  },
];

export const history: readonly SyncRun[] = [
  run(),
  run({
    startedAt: NOW - 42 * MINUTE,
    endedAt: NOW - 42 * MINUTE + 920,
    trigger: 'hand',
    mutationsUp: 1,
    rowsDown: 0,
  }),
  run({
    startedAt: NOW - 72 * MINUTE,
    endedAt: NOW - 72 * MINUTE + 30_000,
    trigger: 'network',
    rowsDown: 0,
    mutationsUp: 0,
    received: 0,
    problem: { code: 'network_timeout', params: { ms: 30_000 } },
  }),
  run({
    startedAt: NOW - 3 * HOUR,
    endedAt: NOW - 3 * HOUR + 2_100,
    trigger: 'start',
    outcomes: { merged: 1, applied: 2 },
  }),
  run({
    startedAt: NOW - 9 * HOUR,
    endedAt: NOW - 9 * HOUR + 700,
    trigger: 'write',
    rowsDown: 2,
    mutationsUp: 1,
  }),
];

const day = new Date(NOW).toISOString().slice(0, 10);
const used = (
  traffic: MeterEntry['traffic'],
  direction: MeterEntry['direction'],
  action: string,
  bytes: number,
): MeterEntry => ({ day, traffic, direction, action, bytes });

export const metered: readonly MeterEntry[] = [
  used('data', 'down', 'pull', 2_310_000),
  used('data', 'up', 'push', 640_000),
  used('alerts', 'down', 'live', 84_000),
  used('media', 'up', 'push', 5_920_000),
  used('advisories', 'down', 'pull', 410_000),
  used('data', 'up', 'ack', 9_400),
];
