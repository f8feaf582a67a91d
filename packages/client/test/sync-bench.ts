import {
  type Conflict,
  type Outcome,
  type PageLine,
  type PushRequest,
  SatchelError,
} from '@satchel/protocol';
import { defineApp, id, integer, table, text } from '@satchel/schema';
import { seededRandom } from '@satchel/testing/random';
import { VirtualTime } from '@satchel/testing/virtual-time';
import { openEngine } from '../src/database/open-engine.ts';
import { localPort } from '../src/engine-port.ts';
import { openSatchel, type Satchel, type SatchelOptions } from '../src/index.ts';
import { openBetterSqlite3 } from '../src/platform/node/better-sqlite3-driver.ts';
import type { Platform } from '../src/platform.ts';
import type { NetworkState } from '../src/sync/network.ts';
import type { LiveOpen, PullAnswer, Transport } from '../src/sync/transport.ts';

/** An app with an urgent and a slow table. */
export const benchApp = defineApp({
  name: 'bench',
  schemaVersion: 1,
  tables: {
    alerts: table({ id: id(), body: text() }, { scope: 'all', lane: 'urgent' }),
    notes: table({ id: id(), body: text(), n: integer({ default: 0 }) }, { scope: 'all', lane: 'low' }),
  },
  scopesOf: () => ['all'],
  sync: { schedule: 300, retry: { attempts: 3, firstDelay: 10_000, maxDelay: 60_000 } },
});

/** A server of words: it applies all, unless told otherwise, and every exchange takes 10 ms of virtual time. */
export class WordServer {
  readonly time: VirtualTime;
  readonly pushes: PushRequest[] = [];
  pulls = 0;
  readonly cursors: (string | null)[] = [];
  digestsAsked = 0;
  conflictsAsked = 0;
  conflicts: readonly Conflict[] = [];
  /** Throws to fail the exchange. */
  onPush: (request: PushRequest) => void = () => {};
  onPull: () => PullAnswer = () => ({ kind: 'unchanged' });
  /** The device's clock minus true time, milliseconds. */
  clockError = 0;
  /** Before each call of the engine: throws what the device's storage would. */
  onEngine: (method: string) => void = () => {};
  live: LiveOpen | null = null;
  readonly resumed: string[] = [];
  outcomeOf: (mutationId: string) => Partial<Outcome> = () => ({});
  #version = 1;
  #seen = new Map<string, Outcome>();

  constructor(time: VirtualTime) {
    this.time = time;
  }

  get applied(): number {
    return this.#seen.size;
  }

  #pass(): Promise<void> {
    return new Promise((done) => {
      this.time.after(10, done);
    });
  }

  transport(): Transport {
    const none = async (): Promise<never> => {
      throw new SatchelError('network_unreachable');
    };
    return {
      push: async (request) => {
        await this.#pass();
        this.pushes.push(request);
        this.onPush(request);
        const answers = request.mutations.map((mutation) => {
          const known = this.#seen.get(mutation.mutationId);
          const outcome: Outcome = known ?? {
            mutationId: mutation.mutationId,
            outcome: 'applied',
            changes: mutation.changes.map(({ table: name, key }) => ({
              table: name,
              key,
              outcome: 'applied',
              version: this.#version++,
            })),
            ...this.outcomeOf(mutation.mutationId),
          };
          this.#seen.set(mutation.mutationId, outcome);
          return { kind: 'outcome' as const, outcome: known ? { ...outcome, repeat: true } : outcome };
        });
        return { batchId: request.batchId, serverTime: this.time.now(), epoch: 'e1', answers };
      },
      pull: async ({ cursor }) => {
        await this.#pass();
        this.pulls += 1;
        this.cursors.push(cursor);
        return this.onPull();
      },
      digests: () => {
        this.digestsAsked += 1;
        return none();
      },
      versions: none,
      rows: none,
      conflicts: async () => {
        this.conflictsAsked += 1;
        return { conflicts: [...this.conflicts] };
      },
      resolve: none,
      undo: none,
      live: (open) => {
        this.live = open;
        return {
          resume: (cursor) => this.resumed.push(cursor),
          token: () => {},
          close: () => {
            if (this.live === open) this.live = null;
          },
        };
      },
      onMetered: () => {},
    };
  }
}

/** A page that copies some notes, as the first pull gives it. */
export const firstPage = (rows: readonly { id: string; body: string }[]): PageLine[] => [
  { line: 'head', from: null, epoch: 'e1', serverTime: 0, schemaVersion: 1, offer: false, mode: 'backfill' },
  { line: 'scope', scope: 'all', action: 'backfill' },
  {
    line: 'rows',
    scope: 'all',
    table: 'notes',
    keys: rows.map((row) => row.id),
    versions: rows.map((_, i) => i + 1_000),
    columns: { body: rows.map((row) => row.body), n: rows.map(() => 0) },
  },
  { line: 'swept', scope: 'all' },
  { line: 'tail', cursor: 'c1', checkpoint: true, more: false },
];

export interface Bench {
  readonly db: Satchel;
  readonly server: WordServer;
  readonly time: VirtualTime;
  network(state: Partial<NetworkState>): void;
}

/** A client on an in-memory database, in virtual time, against a server of words. */
export const openBench = async (options: Partial<SatchelOptions> = {}): Promise<Bench> => {
  const time = new VirtualTime();
  const random = seededRandom(7);
  const server = new WordServer(time);
  let state: NetworkState = { online: true, kind: 'wifi' };
  const heard = new Set<(state: NetworkState) => void>();
  const clock = { now: () => time.now() + server.clockError };
  const platform: Platform = {
    clock,
    random,
    scheduler: time,
    network: {
      state: () => state,
      onChange: (listener) => {
        heard.add(listener);
        return () => heard.delete(listener);
      },
    },
    exchange: () => Promise.reject(new Error('the bench has no HTTP')),
    openSocket: () => ({ send: () => {}, close: () => {} }),
    hour: () => 12,
    openEngine: async ({ app, userId }) => {
      const driver = openBetterSqlite3(':memory:');
      const port = localPort(openEngine({ app, driver, userId, clock, random }), () => driver.flush());
      return {
        ...port,
        call: (method, ...args) => {
          server.onEngine(method);
          return port.call(method, ...args);
        },
      };
    },
    databases: async () => [],
    remove: async () => {},
    close: async () => {},
  };
  const db = await openSatchel({
    app: benchApp,
    platform,
    server: 'http://server.example',
    user: { id: 'ana' },
    token: () => 'token',
    transport: server.transport(),
    ...options,
  });
  return {
    db,
    server,
    time,
    network: (next) => {
      state = { ...state, ...next };
      for (const listener of heard) listener(state);
    },
  };
};
