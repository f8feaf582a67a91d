import type {
  DeviceSettings,
  MeterEntry,
  OutboxEntry,
  QuarantineEntry,
  RefusedWrite,
  RowState,
  SqlRow,
  SyncRun,
  SyncStatus,
} from '@satchel/client';
import type { Conflict } from '@satchel/protocol';
import { SatchelError } from '@satchel/protocol';
import {
  boolean,
  counter,
  date,
  decimal,
  defineApp,
  id,
  media,
  modifiedAt,
  ref,
  set,
  table,
  text,
  timestamp,
  via,
} from '@satchel/schema';
import type { SatchelClient } from '../../src/index.ts';

/** The moment at which all pictures are taken. */
export const NOW = Date.UTC(2026, 5, 12, 9, 30);
const MINUTE = 60_000;
const HOUR = 3_600_000;

export const galleryApp = defineApp({
  name: 'gallery',
  roles: ['farmer', 'agent', 'admin'],
  tables: {
    farms: table({ id: id(), village: text() }, { scope: 'farm:{id}' }),
    crops: table(
      {
        id: id(),
        farmId: ref('farms'),
        cropType: text(),
        acreage: decimal(),
        plantedOn: date({ nullable: true }),
        irrigated: boolean({ default: false }),
        pests: set({ default: [] }),
        note: text({ nullable: true }),
        updatedAt: modifiedAt(),
      },
      { scope: via('farmId'), conflicts: { update: 'review' } },
    ),
    products: table(
      { id: id(), farmId: ref('farms'), name: text(), price: decimal(), stock: counter() },
      { scope: via('farmId') },
    ),
    prices: table(
      { id: id(), farmId: ref('farms'), crop: text(), price: decimal(), at: timestamp() },
      { scope: via('farmId'), staleAfter: 6 * HOUR },
    ),
    photos: table({ id: id(), cropId: ref('crops'), file: media() }, { scope: via('cropId'), lane: 'low' }),
  },
  scopesOf: ({ claims }) => [`farm:${claims.farmId}`],
  sync: { retry: { attempts: 3 } },
});

/** What a scripted client says: only pictures are made from it. */
export interface Scene {
  readonly status: SyncStatus;
  readonly settings: DeviceSettings;
  readonly conflicts: readonly Conflict[];
  readonly outbox: readonly OutboxEntry[];
  readonly quarantine: readonly QuarantineEntry[];
  readonly refused: readonly RefusedWrite[];
  readonly runs: readonly SyncRun[];
  readonly usage: readonly MeterEntry[];
  readonly rowState: RowState['state'];
  /** What every query finds. */
  readonly rows: readonly SqlRow[];
  /** What comes of a run that is asked for. */
  readonly runEnds: 'done' | 'failed' | 'never';
}

export const uuid = (n: number): string => `0197a000-0000-7000-8000-${String(n).padStart(12, '0')}`;

export const run = (over: Partial<SyncRun> = {}): SyncRun => ({
  startedAt: NOW - 12 * MINUTE,
  endedAt: NOW - 12 * MINUTE + 1_840,
  trigger: 'schedule',
  sent: 4_210,
  received: 38_400,
  rowsDown: 124,
  mutationsUp: 3,
  outcomes: { applied: 3 },
  ...over,
});

export const calm: SyncStatus = {
  phase: 'synced',
  waitingFor: null,
  online: true,
  networkKind: 'cellular',
  live: false,
  paused: false,
  uploading: false,
  downloading: false,
  needsAuth: null,
  locked: false,
  problem: null,
  retry: { failures: 0, attempts: 3 },
  pending: 0,
  pendingByLane: {},
  pendingByTable: {},
  oldestPendingAt: null,
  blocked: 0,
  failed: 0,
  held: 0,
  review: 0,
  quarantined: 0,
  openConflicts: 0,
  progress: { rowsTaken: 0, rowsRemaining: null },
  complete: true,
  checkpointAt: NOW - 12 * MINUTE,
  nextRunAt: NOW + 18 * MINUTE,
  lastRun: run(),
  bytesToday: 1_240_000,
  bytesThisMonth: 18_700_000,
  budget: { dailyBytes: null, monthlyBytes: null },
  latencyMs: 183,
  clockOffset: -1_400,
  scopes: ['farm:7'],
  storage: {
    kind: 'opfs',
    durability: 'full',
    keeping: 'persistent',
    usedBytes: 12_400_000,
    quotaBytes: 2_000_000_000,
    limitBytes: null,
  },
  tab: null,
  cloned: false,
};

export const settings: DeviceSettings = {
  wifiOnly: false,
  mobileData: true,
  mediaOnMobileData: false,
  compressImages: true,
  dailyBytes: 5_000_000,
  monthlyBytes: null,
};

export const scene = (
  over: Partial<Omit<Scene, 'status'>> & { readonly status?: Partial<SyncStatus> } = {},
): Scene => ({
  settings,
  conflicts: [],
  outbox: [],
  quarantine: [],
  refused: [],
  runs: [],
  usage: [],
  rowState: 'synced',
  rows: [],
  runEnds: 'never',
  ...over,
  status: { ...calm, ...over.status },
});

/** A client that says what its scene says. Writes go nowhere: pictures only. */
export const scriptedClient = (scene: Scene): SatchelClient => {
  const never = new Promise<never>(() => {});
  const refuse = (): Promise<never> => Promise.reject(new SatchelError('network_unreachable'));
  return {
    app: galleryApp,
    clientId: uuid(1),
    all: async () => [],
    clear: () => never,
    conflicts: { list: async () => [...scene.conflicts], resolve: refuse, undo: refuse },
    history: async (limit = 10) => scene.runs.slice(0, limit),
    journal: {
      refused: async () => scene.refused,
      retry: async () => {},
      export: async () => '',
      discard: async () => {},
    },
    live: (_, heard) => {
      heard({ rows: scene.rows, added: scene.rows, removed: [], changed: [] });
      return { ready: Promise.resolve(), stop: () => {} };
    },
    onStatus: (heard) => {
      heard(scene.status);
      return () => {};
    },
    outbox: {
      list: async () => [...scene.outbox],
      retry: async () => 0,
      show: async (mutationId) => scene.outbox.find((entry) => entry.mutationId === mutationId),
      export: async () => '',
    },
    perform: refuse,
    quarantine: {
      list: async () => [...scene.quarantine],
      show: refuse,
      retry: refuse,
      export: async () => '',
      discard: async () => {},
    },
    rowState: async () => ({ state: scene.rowState, version: 1, base: null }),
    run: refuse,
    settings: { get: () => scene.settings, set: async () => {} },
    status: async () => scene.status,
    sync: {
      start: () => {},
      stop: async () => {},
      pause: () => {},
      resume: () => {},
      cancel: () => {},
      now: () =>
        scene.runEnds === 'never' ? never : Promise.resolve(scene.runEnds === 'done' ? run() : null),
      foreground: () => {},
      busy: () => {},
      renewed: async () => {},
      subscribe: () => {},
      subscription: () => undefined,
      idle: async () => {},
    },
    usage: async () => [...scene.usage],
    verify: refuse,
    write: refuse,
  };
};
