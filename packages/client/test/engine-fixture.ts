import type {
  Change,
  GoneLine,
  Json,
  Outcome,
  PageLine,
  PushAnswer,
  RowsLine,
  ScopeLine,
  Values,
} from '@satchel/protocol';
import {
  type App,
  bigint,
  boolean,
  counter,
  date,
  decimal,
  defineApp,
  id,
  integer,
  json,
  modifiedAt,
  real,
  ref,
  serverId,
  set,
  table,
  text,
  timestamp,
} from '@satchel/schema';
import { seededRandom } from '@satchel/testing/random';
import type { Driver } from '../src/database/driver.ts';
import { openEngine } from '../src/database/open-engine.ts';
import { openBetterSqlite3 } from '../src/platform/node/better-sqlite3-driver.ts';
import type { SqliteEngine } from '../src/sqlite-engine.ts';

/** An app that has a table for each kind of trouble. */
export const shop: App = defineApp({
  name: 'shop',
  schemaVersion: 1,
  tables: {
    customers: table(
      {
        id: id(),
        storeId: text(),
        name: text(),
        phone: text({ nullable: true }),
        visits: counter(),
        tags: set(),
      },
      { scope: 'store:{storeId}', lane: 'high' },
    ),
    sales: table(
      {
        id: id(),
        storeId: text(),
        customerId: ref('customers', { nullable: true }),
        note: text({ nullable: true }),
        amount: real({ default: 0 }),
      },
      { scope: 'store:{storeId}', lane: 'urgent', coalesce: true },
    ),
    products: table(
      { id: id(), storeId: text(), sku: text(), price: decimal({ default: '0' }) },
      { scope: 'store:{storeId}', unique: ['sku'], coalesce: false },
    ),
    routes: table(
      { origin: text(), destination: text(), storeId: text(), km: integer() },
      { scope: 'store:{storeId}', primaryKey: ['origin', 'destination'] },
    ),
    values: table(
      {
        id: id(),
        t: text({ nullable: true }),
        i: integer({ nullable: true }),
        b: bigint({ nullable: true }),
        r: real({ nullable: true }),
        d: decimal({ nullable: true }),
        yes: boolean({ nullable: true }),
        day: date({ nullable: true }),
        at: timestamp({ nullable: true }),
        j: json({ nullable: true }),
        s: set(),
        n: serverId(),
        changedAt: modifiedAt(),
      },
      { scope: 'all' },
    ),
    catalogue: table({ id: id(), name: text() }, { scope: 'all', partial: false }),
    audited: table(
      { id: id(), n: integer({ default: 0 }), doubled: integer({ default: 0 }) },
      {
        scope: 'all',
        triggers: [
          {
            name: 'double_it',
            timing: 'after',
            event: 'insert',
            body: 'update audited set doubled = new.n * 2 where id = new.id',
          },
        ],
      },
    ),
  },
  scopesOf: () => ['all', 'store:1', 'store:2'],
  limits: { maxChanges: 1_000, maxMutationBytes: 100_000 },
  functions: {
    sell: (db, args) => {
      const { customer, amount } = args as { customer: string; amount: number };
      const sale = db.newId();
      db.run('insert into sales (id, store_id, customer_id, amount) values (?, ?, ?, ?)', [
        sale,
        '1',
        customer,
        amount,
      ]);
      db.run('update customers set visits = visits + 1 where id = ?', [customer]);
      return sale;
    },
    later: (async () => 'no') as unknown as () => Json,
  },
});

export class TestClock {
  millis = 1_700_000_000_000;
  now(): number {
    return this.millis;
  }
}

export interface Opened {
  readonly engine: SqliteEngine;
  readonly driver: Driver;
  readonly clock: TestClock;
  /** One write, for short. */
  write(sql: string, ...parameters: unknown[]): string | null;
  /** First row, or undefined. */
  row(sql: string, ...parameters: unknown[]): Record<string, unknown> | undefined;
  /** Changes waiting in the outbox, mutation by mutation. */
  changes(): (readonly Change[])[];
  /** Takes everything that may go now. */
  send(): readonly SentMutation[];
  /** Answers one mutation. */
  answer(...outcomes: Outcome[]): ReturnType<SqliteEngine['takeAnswers']>;
  /** Takes in a page that starts from the stored cursor; its tail is a checkpoint unless told. */
  page(lines: readonly PageLine[], options?: PageOptions): ReturnType<SqliteEngine['takePage']>;
}

export interface SentMutation {
  readonly mutationId: string;
  readonly seq: number;
  readonly changes: readonly Change[];
}

export interface PageOptions {
  readonly mode?: 'backfill' | 'delta' | 'delta-part';
  readonly from?: string | null;
  readonly epoch?: string;
  readonly checkpoint?: boolean;
  readonly more?: boolean;
  readonly offer?: boolean;
  /** Default: the device's own clock. */
  readonly serverTime?: number;
}

let seed = 1;
let cursors = 0;

export const opened = (
  options: {
    readonly path?: string;
    readonly app?: App;
    readonly clock?: TestClock;
    readonly driver?: Driver;
    /** Of local writes. Default: full. */
    readonly durability?: 'full' | 'normal';
  } = {},
): Opened => {
  const clock = options.clock ?? new TestClock();
  const driver = options.driver ?? openBetterSqlite3(options.path ?? ':memory:');
  const app = options.app ?? shop;
  const engine = openEngine({
    app,
    driver,
    userId: 'ana',
    clock,
    random: seededRandom(seed++),
    ...(options.durability && { durability: options.durability }),
  });
  let batchId = '';
  return {
    engine,
    driver,
    clock,
    write: (sql, ...parameters) => engine.write([{ sql, parameters }]).mutationId,
    row: (sql, ...parameters) => engine.all(sql, parameters)[0],
    changes: () => engine.outbox().map(({ changes }) => changes),
    send: () => {
      const batch = engine.takeBatch({ lanes: app.lanes, maxItems: 1_000, maxBytes: 10_000_000 });
      batchId = batch?.batchId ?? '';
      return batch?.mutations ?? [];
    },
    answer: (...outcomes) =>
      engine.takeAnswers(
        batchId,
        outcomes.map((outcome): PushAnswer => ({ kind: 'outcome', outcome })),
      ),
    page: (lines, given = {}) =>
      engine.takePage([
        {
          line: 'head',
          from: given.from === undefined ? engine.cursor().digest : given.from,
          epoch: given.epoch ?? 'first',
          serverTime: given.serverTime ?? clock.now(),
          schemaVersion: app.schemaVersion,
          offer: given.offer ?? false,
          mode: given.mode ?? 'delta',
        },
        ...lines,
        {
          line: 'tail',
          cursor: `cursor-${++cursors}`,
          checkpoint: given.checkpoint ?? true,
          more: given.more ?? false,
        },
      ]),
  };
};

/** Rows of one table as a page has them: key, version, values. */
export const rows = (
  scope: string,
  name: string,
  ...present: (readonly [key: string, version: number, values: Values])[]
): RowsLine => {
  const columns: Record<string, Json[]> = {};
  for (const [index, [, , values]] of present.entries()) {
    for (const [column, value] of Object.entries(values)) {
      columns[column] ??= new Array<Json>(present.length).fill(null);
      columns[column][index] = value;
    }
  }
  return {
    line: 'rows',
    scope,
    table: name,
    keys: present.map(([key]) => key),
    versions: present.map(([, version]) => version),
    columns,
  };
};

export const gone = (
  scope: string,
  name: string,
  ...went: (readonly [key: string, version: number, reason: 'deleted' | 'left'])[]
): GoneLine => ({
  line: 'gone',
  scope,
  table: name,
  keys: went.map(([key]) => key),
  versions: went.map(([, version]) => version),
  reasons: went.map(([, , reason]) => reason),
});

export const scope = (name: string, action: ScopeLine['action'], tables?: string[]): ScopeLine => ({
  line: 'scope',
  scope: name,
  action,
  ...(tables ? { tables } : {}),
});

/** The outcome that a server gives to a sent mutation when nothing is in its way. */
export const applied = (sent: SentMutation, version: number): Outcome => ({
  mutationId: sent.mutationId,
  outcome: 'applied',
  changes: sent.changes.map(({ table: name, key, op }) => ({
    table: name,
    key,
    outcome: 'applied',
    ...(op === 'delete' ? { row: null } : {}),
    version,
  })),
});

export const rejected = (sent: SentMutation, code = 'scope_denied'): Outcome => ({
  mutationId: sent.mutationId,
  outcome: 'rejected',
  changes: sent.changes.map(({ table: name, key }) => ({ table: name, key, outcome: 'rejected' })),
  problem: { code, params: {} },
});

export const customer = (name: string, more: Values = {}): Values => ({
  storeId: '1',
  name,
  phone: null,
  visits: 0,
  tags: [],
  ...more,
});

/** A customer as the app's own SQL inserts one. */
export const insertCustomer =
  "insert into customers (id, store_id, name, visits, tags) values (?, '1', ?, 0, '[]')";
