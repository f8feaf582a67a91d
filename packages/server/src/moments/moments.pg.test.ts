import { defineApp, id, table } from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { testContext } from '../../test/capture/test-context.ts';
import type { ServerContext } from '../context.ts';
import { openDatabase } from '../postgres/pg-database.ts';
import { currentPosition, type Position } from './generation.ts';
import { readIdentity } from './identity.ts';
import { type CursorOrigin, judgeCursor } from './judge-cursor.ts';
import { momentAt, recordMoment, thinMoments } from './moment.ts';
import { inGeneration, openGeneration } from './open-generation.ts';
import { waitFlushed } from './wait-flushed.ts';

const app = defineApp({
  name: 'shop',
  tables: { products: table({ id: id() }, { scope: 'all' }) },
  scopesOf: () => [],
});

describe('moments and generations', () => {
  let database: TestDatabase;
  let ctx: ServerContext;
  beforeEach(async () => {
    database = await testDatabase();
    ctx = testContext(database.db, app);
  });
  afterEach(() => database.drop());

  const position = (): Promise<Position> => inGeneration(ctx, async (_tx, here) => here);
  const judge = (cursor: CursorOrigin) => inGeneration(ctx, (tx, here) => judgeCursor(tx, here, cursor));
  const originOf = ({ generation, lsn }: Position): CursorOrigin => ({
    epoch: generation.epoch,
    generation: generation.generation,
    lsn,
  });
  /** As after a crash and a restart: the postmaster began at another time. */
  const restart = () =>
    ctx.db.query(`update satchel.generations set postmaster_start = postmaster_start - interval '1 hour'`);
  const write = () => ctx.db.query(`insert into satchel.meta values (gen_random_uuid()::text, '1')`);

  it('[MOM-01] the identity is read with no more rights than every role has', async () => {
    const role = `satchel_plain_${process.pid}`;
    await ctx.db.query(`create role ${role} login password 'plain'`);
    await ctx.db.query(`grant usage on schema satchel to ${role}`);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'plain';
    const db = await openDatabase(url.toString());
    try {
      expect(await readIdentity(db)).toEqual(await readIdentity(ctx.db));
      expect((await readIdentity(db)).systemIdentifier).toMatch(/^\d+\/\d+$/);
    } finally {
      await db.close();
      await ctx.db.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('[MOM-02] the first generation opens by itself, once for all nodes, and stays while nothing happens', async () => {
    const second = testContext(await openDatabase(database.url), app);
    try {
      const [one, other] = await Promise.all([openGeneration(ctx), openGeneration(second)]);
      expect(other).toEqual(one);
      expect((await position()).generation).toEqual(one);
    } finally {
      await second.db.close();
    }
  });

  it('[MOM-03] after a restart a new generation of the same epoch begins, and versions jump ahead', async () => {
    const before = await position();
    const versionOf = async () =>
      (await ctx.db.query<{ version: number }>(`select nextval('satchel.version') as version`)).rows[0]!
        .version;
    const version = await versionOf();
    await restart();
    const after = await position();
    expect(after.generation.epoch).toBe(before.generation.epoch);
    expect(after.generation.generation).toBeGreaterThan(before.generation.generation);
    expect(await versionOf()).toBeGreaterThan(version + 2 ** 32);
  });

  it('[MOM-04] a cursor is valid up to what is known to have survived, and is taken back from beyond', async () => {
    const early = await position();
    await write();
    const moment = (await recordMoment(ctx, true))!;
    await write();
    const late = await position();
    await restart();
    expect(await judge(originOf(early))).toEqual({ kind: 'valid' });
    expect(await judge({ ...originOf(early), lsn: moment.lsn })).toEqual({ kind: 'valid' });
    expect(await judge(originOf(late))).toEqual({ kind: 'rewind', to: moment.snapshot });
    expect(await judge(originOf(await position()))).toEqual({ kind: 'valid' });
    // A later incident says nothing about what the one after the cursor's own left.
    await recordMoment(ctx, true);
    await restart();
    expect(await judge(originOf(early))).toEqual({ kind: 'valid' });
    expect(await judge(originOf(late))).toEqual({ kind: 'rewind', to: moment.snapshot });
  });

  it('[MOM-05] an unknown generation, another epoch, or a place beyond the log is another history', async () => {
    const origin = originOf(await position());
    expect(await judge({ ...origin, generation: origin.generation + 1 })).toEqual({ kind: 'new-epoch' });
    expect(await judge({ ...origin, generation: origin.generation - 1 })).toEqual({ kind: 'new-epoch' });
    expect(await judge({ ...origin, epoch: 'another' })).toEqual({ kind: 'new-epoch' });
    expect(await judge({ ...origin, lsn: origin.lsn + 1_000_000_000n })).toEqual({ kind: 'new-epoch' });
    await ctx.db.query('delete from satchel.moments');
    await restart();
    // No moment survived: nothing is known to be here.
    expect(await judge(origin)).toEqual({ kind: 'new-epoch' });
  });

  it('[MOM-07] in another cluster or database a new epoch begins, entries stamped anew', async () => {
    const before = await position();
    await recordMoment(ctx, true);
    await ctx.db.query(
      `insert into satchel.entries (table_id, key, scope, xid, version, present) values (1, 'a', 's', '99999999999', 7, true)`,
    );
    await ctx.db.query(`insert into satchel.horizons values ('s', '5:5:')`);
    await ctx.db.query(`update satchel.generations set system_identifier = '1/2'`);
    const after = await position();
    expect(after.generation.epoch).not.toBe(before.generation.epoch);
    expect(after.generation.survivedLsn).toBeNull();
    const { rows } = await ctx.db.query(
      `select e.version, e.xid < pg_snapshot_xmax(pg_current_snapshot()) as known,
        (select count(*) from satchel.horizons) + (select count(*) from satchel.moments where generation <> $1) as others
      from satchel.entries e`,
      [after.generation.generation],
    );
    expect(rows).toEqual([{ version: 7, known: true, others: 0 }]);
    expect(await judge(originOf(before))).toEqual({ kind: 'new-epoch' });
  });

  it('[MOM-07] a moment that lies in the future was made in another cluster', async () => {
    const before = await position();
    await ctx.db.query(
      `insert into satchel.moments (generation, at, lsn, snapshot) values ($1, 1, 'FFFF/0', '900000000000:900000000000:')`,
      [before.generation.generation],
    );
    await restart();
    expect((await position()).generation.epoch).not.toBe(before.generation.epoch);
  });

  it('[MOM-08] a cursor is never minted in a transaction that has written', async () => {
    await openGeneration(ctx);
    await expect(
      ctx.db.transaction('write', async (tx) => {
        await tx.query(`insert into satchel.meta values ('x', '1')`);
        return currentPosition(ctx, tx);
      }),
    ).rejects.toThrow('see itself');
  });

  it('[MOM-09] a moment is noted while something happens, once a second for all nodes, and does not call itself finished', async () => {
    const narrow = await openDatabase({ url: database.url, connections: 1 });
    onTestFinished(() => narrow.close());
    ctx = testContext(narrow, app);
    const at = (millis: number) =>
      ctx.db.query(`select set_config('satchel.now', $1, false)`, [String(millis)]);
    await at(1_000_000);
    await openGeneration(ctx);
    const first = (await momentAt(ctx.db, 1_000_000))!;
    expect(first.at).toBe(1_000_000);
    await write();
    await at(1_000_900);
    expect(await recordMoment(ctx)).toBeUndefined();
    await at(1_002_000);
    const second = (await recordMoment(ctx))!;
    expect(second.lsn).toBeGreaterThan(first.lsn);
    const { rows } = await ctx.db.query<{ own: boolean }>(
      `select pg_visible_in_snapshot(m.xmin::text::xid8, m.snapshot) as own from satchel.moments m`,
    );
    expect(rows).toEqual([{ own: false }, { own: false }]);
    expect(await momentAt(ctx.db, 999_999)).toBeUndefined();
    expect(await momentAt(ctx.db, 1_001_999)).toEqual(first);
    expect(await momentAt(ctx.db, 2_000_000)).toEqual(second);
  });

  it('[MOM-09] a moment is never noted under the generation of before an incident', async () => {
    await openGeneration(ctx);
    await recordMoment(ctx, true);
    await restart();
    await write();
    const moment = (await recordMoment(ctx, true))!;
    const { generation } = await position();
    expect(moment.generation).toBe(generation.generation);
    expect(generation.survivedLsn).toBeLessThan(moment.lsn);
  });

  it('[MOM-10] old moments are thinned out; the newest stays', async () => {
    const { generation } = await position();
    await ctx.db.query(
      `insert into satchel.moments (generation, at, lsn, snapshot)
      select $1, satchel.now_ms() - i * 1000, '0/1', '5:5:' from generate_series(7200, 1, -1) i`,
      [generation.generation],
    );
    const went = await thinMoments(ctx);
    expect(went).toBeGreaterThan(3_400);
    expect(went).toBeLessThan(3_600);
    await ctx.db.query('update satchel.moments set at = 1');
    await thinMoments(ctx);
    const { rows } = await ctx.db.query('select at from satchel.moments');
    expect(rows).toEqual([{ at: 1 }]);
  });

  it('[MOM-11] all who wait for the log share one small commit', async () => {
    await openGeneration(ctx);
    // An aborted transaction leaves a record that nobody flushes.
    await ctx.db.query('begin; select pg_current_xact_id(); rollback');
    const here = await position();
    const { rows: before } = await ctx.db.query('select count(*) as n from satchel.moments');
    await Promise.all(Array.from({ length: 5 }, () => waitFlushed(ctx, { lsn: here.lsn + 1n })));
    const { rows } = await ctx.db.query<{ flushed: boolean; n: number }>(
      `select pg_current_wal_flush_lsn() >= '0/0'::pg_lsn + $1::numeric as flushed,
        (select count(*) from satchel.moments) as n`,
      [here.lsn.toString()],
    );
    expect(rows[0]?.flushed).toBe(true);
    expect(rows[0]!.n - Number(before[0]!.n)).toBeLessThanOrEqual(2);
  });
});
