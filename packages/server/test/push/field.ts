import { hlcToText } from '@satchel/core';
import type {
  Change,
  Json,
  Mutation,
  Outcome,
  PushAnswer,
  PushRequest,
  PushResponse,
  Values,
} from '@satchel/protocol';
import type { App, Principal } from '@satchel/schema';
import { type Database, openDatabase } from '@satchel/server/postgres';
import { testDatabase } from '@satchel/testing/postgres';
import type { Log, ServerContext } from '../../src/context.ts';
import { applyApp } from '../../src/postgres/app-tables.ts';
import { push } from '../../src/push/push.ts';
import { systemRandom, systemScheduler } from '../../src/system.ts';
import { fieldApp } from './field-app.ts';

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export interface Field {
  readonly ctx: ServerContext;
  readonly db: Database;
  /** A second server over the same database, with a pool of its own. */
  secondServer(): Promise<ServerContext>;
  /** Moves the server's clock, in milliseconds. */
  passes(milliseconds: number): void;
  drop(): Promise<void>;
}

/** A database with the app's tables, and a server without HTTP over it. */
export const openField = async (app: App = fieldApp): Promise<Field> => {
  const { db, url, drop } = await testDatabase();
  const { tableIds } = await applyApp(db, app);
  let ahead = 0;
  const context = (database: Database): ServerContext => ({
    app,
    db: database,
    clock: { now: () => Date.now() + ahead },
    random: systemRandom,
    scheduler: systemScheduler,
    log: silent,
    limits: {
      pageRows: 1_000,
      answerBytes: 8_000_000,
      batchMutations: 10_000,
      bodyBytes: 16_000_000,
      requestsPerMinute: 600,
      liveBufferBytes: 1_000_000,
    },
    tableIds,
  });
  const others: Database[] = [];
  return {
    ctx: context(db),
    db,
    secondServer: async () => {
      const other = await openDatabase({ url, connections: 5 });
      others.push(other);
      return context(other);
    },
    passes: (milliseconds) => {
      ahead += milliseconds;
    },
    drop: async () => {
      await Promise.all(others.map((other) => other.close()));
      await drop();
    },
  };
};

export const principal = (
  userId: string,
  stores: readonly string[],
  roles: readonly string[] = [],
): Principal => ({
  id: `test|${userId}`,
  userId,
  roles,
  channel: 'mobile',
  claims: { stores: [...stores] },
  expiresAt: Number.MAX_SAFE_INTEGER,
});

let ids = 0;
/** UUIDs that rise, as version 7 ones do. */
export const nextId = (): string => {
  ids += 1;
  return `00000000-0000-7000-8000-${(process.pid % 65_536).toString(16).padStart(4, '0')}${ids.toString(16).padStart(8, '0')}`;
};

/** What a device sends, without a database of its own: the test says what the user saw. */
export class Device {
  readonly clientId = nextId();
  runId = nextId();
  seq = 0;
  ctx: ServerContext;
  principal: Principal;
  clock = () => Date.now();

  constructor(ctx: ServerContext, who: Principal) {
    this.ctx = ctx;
    this.principal = who;
  }

  mutation(changes: readonly Change[], over: Partial<Mutation> = {}): Mutation {
    this.seq += 1;
    return {
      mutationId: nextId(),
      seq: this.seq,
      hlc: hlcToText({ millis: this.clock(), counter: 0, nodeId: this.clientId }),
      author: this.principal.userId,
      schemaVersion: this.ctx.app.schemaVersion,
      changes: [...changes],
      ...over,
    };
  }

  request(mutations: readonly Mutation[], over: Partial<PushRequest> = {}): PushRequest {
    return {
      protocolVersion: 1,
      schemaVersion: this.ctx.app.schemaVersion,
      batchId: nextId(),
      clientId: this.clientId,
      runId: this.runId,
      sentAt: hlcToText({ millis: this.clock(), counter: 0, nodeId: this.clientId }),
      mutations: [...mutations],
      ...over,
    };
  }

  send(request: PushRequest, ctx: ServerContext = this.ctx): Promise<PushResponse> {
    return push(ctx, this.principal, request, JSON.stringify(request));
  }

  /** The answers to mutations pushed as they are. */
  async push(mutations: readonly Mutation[], over: Partial<PushRequest> = {}): Promise<PushAnswer[]> {
    return (await this.send(this.request(mutations, over))).answers;
  }

  /** One mutation of these changes; its outcome. */
  async write(...changes: Change[]): Promise<Outcome> {
    const [answer] = await this.push([this.mutation(changes)]);
    return outcomeOf(answer);
  }
}

export const outcomeOf = (answer: PushAnswer | undefined): Outcome => {
  if (answer?.kind !== 'outcome') throw new Error(`no outcome but ${JSON.stringify(answer)}`);
  return answer.outcome;
};

export const insert = (table: string, key: string, values: Values): Change => ({
  table,
  op: 'insert',
  key,
  values: { id: key, ...values },
});
export const update = (
  table: string,
  key: string,
  values: Values,
  confirmed?: { readonly version: number; readonly values: Values },
  more: Partial<Change> = {},
): Change => ({ table, op: 'update', key, values, ...(confirmed ? { confirmed } : {}), ...more });
export const remove = (
  table: string,
  key: string,
  confirmed?: { readonly version: number; readonly values: Values },
): Change => ({ table, op: 'delete', key, ...(confirmed ? { confirmed } : {}) });

export const versionIn = (outcome: Outcome, at = 0): number => outcome.changes[at]?.version ?? -1;

export const rowsOf = async (db: Database, text: string, parameters: readonly Json[] = []) =>
  (await db.query<Record<string, Json>>(text, parameters)).rows;
