import { defineApp, id, integer, membership, ref, table, text, via } from '@satchel/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CapturedDatabase, capturedDatabase } from '../../test/capture/captured-database.ts';
import { type Connection, connect } from '../../test/capture/connection.ts';
import { testContext } from '../../test/capture/test-context.ts';
import { runMoved } from './moved-keys.ts';
import { sweepRegistry } from './sweep-registry.ts';
import { verifyEntries } from './verify-entries.ts';

const app = defineApp({
  name: 'races',
  tables: {
    farms: table(
      { id: id(), region: text({ nullable: true }) },
      {
        scope: [
          'region:{region}',
          membership({ table: 'agents', column: 'farmId', scope: 'agent:{who}' }),
          membership({ table: 'public.guests', column: 'farm_id', scope: 'guest:{who}', plain: true }),
        ],
      },
    ),
    agents: table({ id: id(), farmId: ref('farms', { onDelete: 'cascade' }), who: text() }, { scope: 'all' }),
    plots: table(
      { id: id(), farmId: ref('farms', { onDelete: 'cascade' }), owner: text({ nullable: true }) },
      { scope: [via('farmId'), 'owner:{owner}'] },
    ),
    visits: table(
      { id: id(), plotId: ref('plots', { onDelete: 'cascade' }), n: integer() },
      { scope: via('plotId') },
    ),
  },
  scopesOf: () => [],
});

/** Small and quick to repeat: a seed gives the same statements, the server their order. */
const randomOf = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

const KEYS = 5;

const statementOf = (random: (below: number) => number): string => {
  const key = (prefix: string) => `'${prefix}${random(KEYS)}'`;
  const word = () => (random(5) === 0 ? 'null' : `'w${random(3)}'`);
  const who = () => `'w${random(3)}'`;
  switch (random(14)) {
    case 0:
      return `insert into farms values (${key('f')}, ${word()}) on conflict (id) do update set region = excluded.region`;
    case 1:
      return `update farms set region = ${word()} where id >= ${key('f')}`;
    case 2:
      return `delete from farms where id = ${key('f')}`;
    case 3:
    case 4:
      return `insert into agents select ${key('a')}, id, ${who()} from farms where id = ${key('f')} on conflict (id) do update set who = excluded.who`;
    case 5:
      return `delete from agents where id <= ${key('a')}`;
    case 6:
      return `insert into guests values (${key('f')}, ${who()})`;
    case 7:
      return `delete from guests where farm_id = ${key('f')}`;
    case 8:
      return `insert into plots select ${key('p')}, id, ${word()} from farms where id = ${key('f')} on conflict (id) do update set owner = excluded.owner`;
    case 9:
      return `update plots set farm_id = f.id from farms f where f.id = ${key('f')} and plots.id >= ${key('p')}`;
    case 10:
      return `delete from plots where id = ${key('p')}`;
    case 11:
      return `insert into visits select ${key('v')}, id, 0 from plots where id = ${key('p')} on conflict (id) do nothing`;
    case 12:
      return `update visits set plot_id = p.id, n = n + 1 from plots p where p.id = ${key('p')} and visits.id = ${key('v')}`;
    default:
      return `with gone as (delete from visits where id = ${key('v')} returning plot_id) insert into visits select ${key('w')}, plot_id, 1 from gone on conflict do nothing`;
  }
};

const LEVELS = ['read committed', 'read committed', 'repeatable read', 'serializable'];

/** What a statement may fail with when others are at work: deadlock, serialisation, references, unique values. */
const EXPECTED = new Set(['40P01', '40001', '23503', '23505', '25P02']);

const work = async (connection: Connection, seed: number, transactions: number): Promise<void> => {
  const random = randomOf(seed);
  await connection.run(`set deadlock_timeout = '20ms'`);
  for (let at = 0; at < transactions; at += 1) {
    const level = LEVELS[random(4)]!;
    try {
      await connection.run(`begin isolation level ${level}`);
      if (random(4) === 0) await connection.run('set constraints all deferred');
      for (let left = 1 + random(3); left > 0; left -= 1) {
        const savepoint = random(4) === 0;
        if (savepoint) await connection.run('savepoint s');
        await connection.run(statementOf(random));
        if (savepoint && random(2) === 0) await connection.run('rollback to savepoint s');
      }
      await connection.run(random(6) === 0 ? 'rollback' : 'commit');
    } catch (error) {
      if (!EXPECTED.has((error as { readonly code?: string }).code ?? '')) throw error;
      await connection.run('rollback');
    }
  }
};

describe('capture under concurrent writers', () => {
  let database: CapturedDatabase;
  beforeAll(async () => {
    database = await capturedDatabase(app, ['create table public.guests (farm_id text, who text)']);
  });
  afterAll(() => database.drop());

  const long = process.env.SATCHEL_LONG !== undefined;
  const seeds = Array.from({ length: long ? 20 : 3 }, (_, at) => at + 1);
  it.each(seeds)(
    '[CAP-40] entries say what the rows say after six writers raced, at every isolation level (seed %i)',
    async (seed) => {
      const connections = await Promise.all(Array.from({ length: 6 }, () => connect(database.url)));
      const ctx = testContext(database.db, app, database.tableIds);
      try {
        await Promise.all(
          connections.map((connection, at) => work(connection, seed * 1_000 + at, long ? 300 : 80)),
        );
        await sweepRegistry(ctx);
        await runMoved(ctx);
      } finally {
        for (const connection of connections) await connection.close();
      }
      const { differences } = await verifyEntries(database.db, app, database.tableIds);
      expect(
        differences.map(({ table: name, key, scope, state }) => `${name} ${key} ${scope} ${state}`),
      ).toEqual([]);
      const { rows } = await database.db.query<{ n: number }>(
        `select count(distinct scope) as n from satchel.entries`,
      );
      expect(rows[0]!.n).toBeGreaterThan(5);
    },
  );
});
