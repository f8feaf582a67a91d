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

/** A database that writes down the names of what it is asked, a transaction's begin and end too. */
const noting = (db: Database, asked: string[]): Database => {
  const notingQueries = <T extends Queryable>(on: T): T['query'] =>
    ((text: string, parameters?: readonly unknown[], name?: string) => {
      asked.push(name ?? text.trim().slice(0, 40));
      return on.query(text, parameters, name);
    }) as T['query'];
  return {
    query: notingQueries(db),
    transaction: async (mode, work) => {
      asked.push(`begin ${mode}`);
      const result = await db.transaction(mode, (tx) =>
        work({
          query: notingQueries(tx),
          savepoint: (inner: () => Promise<never>) => tx.savepoint(inner),
        } as Transaction),
      );
      asked.push('commit');
      return result;
    },
    listen: (...given) => db.listen(...given),
    close: () => db.close(),
  };
};

let database: TestDatabase;
let server: SatchelServer;
const asked: string[] = [];
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

/** Chores and polls of the node, which go by the clock and not by the change. */
const BESIDE = /^(live_revoked|moments_record|chore|figures|alerts|maintenance)/;

it('[LIVE-27] one change takes 15 statements at the most from its push to its delivery, transactions counted', async () => {
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
  for (let done = 1; done <= 10; done += 1) {
    asked.length = 0;
    const change = { table: 'tasks', op: 'update', key: 'a', values: { done } } as const;
    const confirmed = { version, values: { done: done - 1 } };
    const update = writer.mutation([{ ...change, confirmed }]);
    const [response] = await Promise.all([writer.push([update]), delivered()]);
    version = versionOf(response);
    counts.push(asked.filter((name) => !BESIDE.test(name)).length);
  }
  // A poll, or the log on its way to disk, may come between, or be told of with the change before.
  expect(counts.toSorted((a, b) => a - b)[5]).toBeLessThanOrEqual(15);
  live.close();
});
