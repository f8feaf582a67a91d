import type { Queryable } from '@satchel/server/postgres';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findNews } from '../live/read-news.ts';
import { entriesBetween, entriesSince } from './entries.ts';
import { outcomesSince } from './outcomes.ts';

const ROWS = 20_000;
const CLIENT = '01890000-0000-7000-8000-000000000001';
const RUN = '01890000-0000-7000-8000-000000000002';
const SCOPES = Array.from({ length: 10 }, (_, at) => `scope:${at}`);

interface Explained {
  readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number };
}

const literal = (value: unknown): string =>
  `'${Array.isArray(value) ? `{${value.map((one) => `"${one}"`).join(',')}}` : value}'`;

describe('what a snapshot does not see', () => {
  let test: TestDatabase;
  let since: string;
  let sinceRunning: string;
  beforeAll(async () => {
    test = await testDatabase();
    const { db } = test;
    await db.query(
      `insert into satchel.entries (table_id, key, scope, xid, version, present)
       select 1, 'k' || n, 'scope:' || n % 10, pg_current_xact_id(), n, true from generate_series(1, ${ROWS}) n`,
    );
    await db.query(
      `insert into satchel.mutations (principal, mutation_id, client_id, run_id, seq, hash, author, hlc, received_at, outcome)
       select 'p', gen_random_uuid(), $1::uuid, $2::uuid, n, '', 'a', '', 0, '{}' from generate_series(1, ${ROWS}) n`,
      [CLIENT, RUN],
    );
    await db.query('vacuum (analyze) satchel.entries, satchel.mutations');
    const { rows } = await db.query<{ xmax: number }>(
      'select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as xmax',
    );
    const { xmax } = rows[0]!;
    since = `${xmax}:${xmax}:`;
    sinceRunning = `${xmax}:${xmax + 2}:${xmax},${xmax + 1}`;
  });
  afterAll(() => test.drop());

  /** Blocks that a statement reads by its kept plan. */
  const blocksOf = async (ask: (tx: Queryable) => Promise<unknown>): Promise<number> => {
    let blocks = 0;
    await test.db.transaction('snapshot', async (tx) => {
      await tx.query('set local plan_cache_mode = force_generic_plan');
      await ask({
        query: async <R>(text: string, parameters: readonly unknown[] = []) => {
          await tx.query(`prepare asked as ${text}`);
          const asked = `execute asked(${parameters.map(literal).join(', ')})`;
          // The first time on a connection it reads of the catalog, too.
          await tx.query(asked);
          const { rows } = await tx.query<{ 'QUERY PLAN': readonly Explained[] }>(
            `explain (analyze, buffers, format json) ${asked}`,
          );
          await tx.query('deallocate asked');
          const { Plan } = rows[0]!['QUERY PLAN'][0]!;
          blocks += Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks'];
          return { rows: [] as R[], rowCount: 0 };
        },
      });
    });
    return blocks;
  };

  const news = (snapshot: string) => ({
    scopes: SCOPES,
    since: snapshot,
    tableIds: [1, 2],
    limit: 50_000,
    perScope: 1_001,
    clients: [CLIENT],
    outcomesSince: snapshot,
  });

  it('[PULL-43] the kept plans find entries and outcomes by their index', async () => {
    const asked: Record<string, (tx: Queryable) => Promise<unknown>> = {
      live: (tx) => findNews(tx, news(since)),
      liveRunning: (tx) => findNews(tx, news(sinceRunning)),
      pull: (tx) => entriesSince(tx, SCOPES, since, [1, 2], 4_000),
      pullRunning: (tx) => entriesSince(tx, SCOPES, sinceRunning, [1, 2], 4_000),
      part: (tx) => entriesBetween(tx, 'scope:1', since, sinceRunning, undefined, [1, 2], 4_000),
      outcomes: (tx) => outcomesSince(tx, [CLIENT], sinceRunning),
    };
    const blocks: Record<string, number> = {};
    for (const [name, ask] of Object.entries(asked)) blocks[name] = await blocksOf(ask);
    // Three levels of an index for each scope and arm; the tables have hundreds of pages.
    expect(Object.entries(blocks).filter(([, count]) => count > 100)).toEqual([]);
  });
});
