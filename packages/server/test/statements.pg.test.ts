import type { PushResponse } from '@satchel/protocol';
import { defineApp, id, integer, table, text } from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLog } from '../src/http/log.ts';
import { developmentIssuer } from '../src/operate/development-issuer.ts';
import type { Database, Queryable, Transaction } from '../src/postgres/database.ts';
import { createServer, type SatchelServer } from '../src/server.ts';
import { systemClock, systemRandom } from '../src/system.ts';
import { WireClient } from './wire-client.ts';

const app = defineApp({
  name: 'statements',
  tables: {
    tasks: table({ id: id(), storeId: text(), title: text(), done: integer() }, { scope: 'store:{storeId}' }),
  },
  scopesOf: ({ claims }) => [`store:${String(claims.storeId)}`],
});

/** Chores and polls of the node, which go by the clock and not by the change. */
const BESIDE = /^(live_revoked|moments_record|moved_|applied_|operate_|chore|figures|alerts|maintenance)/;

/** What a database was asked. */
class Asked {
  /** Names of statements, with the begin and end of transactions. */
  names: string[] = [];
  /** Times at which something was asked while there was no answer to come. */
  trips = 0;
  #open = 0;

  forget(): void {
    this.names = [];
    this.trips = 0;
  }

  async note<T>(name: string, ask: () => Promise<T>): Promise<T> {
    this.names.push(name);
    if (BESIDE.test(name) || name === 'announce') return ask();
    if (this.#open === 0) this.trips += 1;
    this.#open += 1;
    try {
      return await ask();
    } finally {
      this.#open -= 1;
    }
  }
}

/** A database that writes down what it is asked. */
const noting = (db: Database, asked: Asked): Database => {
  const notingQueries = <T extends Queryable>(on: T): T['query'] =>
    ((text: string, parameters?: readonly unknown[], name?: string) =>
      asked.note(name ?? text.trim().slice(0, 40), () => on.query(text, parameters, name))) as T['query'];
  return {
    query: notingQueries(db),
    transaction: async (mode, work) => {
      asked.names.push(`begin ${mode}`);
      const result = await db.transaction(mode, (tx) =>
        work({
          query: notingQueries(tx),
          savepoint: (inner: () => Promise<never>) => tx.savepoint(inner),
        } as Transaction),
      );
      asked.names.push('commit');
      // BEGIN goes along with the first statement; only what was written is waited for to the end.
      if (mode !== 'snapshot') asked.trips += 1;
      return result;
    },
    listen: (...given) => db.listen(...given),
    close: () => db.close(),
  };
};

let database: TestDatabase;
let server: SatchelServer;
const asked = new Asked();
const issuer = developmentIssuer({ clock: systemClock, random: systemRandom });
beforeAll(async () => {
  database = await testDatabase();
  server = await createServer({
    app,
    database: noting(database.db, asked),
    auth: issuer.auth,
    log: silentLog,
  });
});
afterAll(async () => {
  await server.stop(0);
  await database.drop();
});

/**
 * Of ten. A poll, or the log on its way to disk, may come between where the machine is
 * busy, or be told of with the one before.
 */
const undisturbed = (all: readonly number[]): number | undefined => all.toSorted((a, b) => a - b)[3];

it('[LIVE-27] one change takes 15 statements in 7 round trips at the most from its push to its delivery, transactions counted', async () => {
  const clientOf = async (user: string) =>
    new WireClient(
      server.url,
      user,
      await issuer.issue({ userId: user, roles: [], claims: { storeId: 's1' } }),
    );
  const [writer, reader] = [await clientOf('ana'), await clientOf('ben')];
  for (const client of [writer, reader]) await client.pull();
  const live = await reader.live(true);
  await live.until('ready');
  const insert = writer.mutation([
    { table: 'tasks', op: 'insert', key: 'a', values: { id: 'a', storeId: 's1', title: 'T', done: 0 } },
  ]);
  const versionOf = ({ answers: [answer] }: PushResponse): number =>
    answer?.kind === 'outcome' ? (answer.outcome.changes[0]?.version ?? 0) : 0;
  let version = versionOf(await writer.push([insert]));
  const delivered = async (): Promise<void> => {
    while (!('page' in (await live.next())));
  };
  await delivered();
  const counts: number[] = [];
  const trips: number[] = [];
  for (let done = 1; done <= 10; done += 1) {
    asked.forget();
    const change = { table: 'tasks', op: 'update', key: 'a', values: { done } } as const;
    const confirmed = { version, values: { done: done - 1 } };
    const update = writer.mutation([{ ...change, confirmed }]);
    const [response] = await Promise.all([writer.push([update]), delivered()]);
    version = versionOf(response);
    counts.push(asked.names.filter((name) => !BESIDE.test(name)).length);
    trips.push(asked.trips);
  }
  expect(undisturbed(counts)).toBeLessThanOrEqual(15);
  expect(undisturbed(trips)).toBeLessThanOrEqual(7);
  live.close();
});

it('[PULL-44] a pull with nothing new takes two round trips: who speaks, and all the rest', async () => {
  const token = await issuer.issue({ userId: 'cem', roles: [], claims: { storeId: 's2' } });
  const client = new WireClient(server.url, 'cem', token);
  await client.pull();
  const trips: number[] = [];
  for (let done = 0; done < 10; done += 1) {
    asked.forget();
    expect(await client.pullOnce()).toBe('unchanged');
    trips.push(asked.trips);
  }
  expect(undisturbed(trips)).toBe(2);
});
