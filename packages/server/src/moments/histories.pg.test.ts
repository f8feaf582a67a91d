import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isVisible, parseSnapshot } from '@satchel/core';
import { defineApp, id, table, text } from '@satchel/schema';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../../test/capture/connection.ts';
import { copyData, newDataDir, type OwnServer, removeData, startOwn } from '../../test/capture/own-server.ts';
import { testContext } from '../../test/capture/test-context.ts';
import type { ServerContext } from '../context.ts';
import { applyApp } from '../postgres/app-tables.ts';
import { migrate } from '../postgres/migrate.ts';
import { openDatabase } from '../postgres/pg-database.ts';
import type { Position } from './generation.ts';
import { type CursorJudgement, judgeCursor } from './judge-cursor.ts';
import { recordMoment } from './moment.ts';
import { inGeneration, openGeneration } from './open-generation.ts';
import { waitFlushed } from './wait-flushed.ts';

const app = defineApp({
  name: 'shop',
  tables: { products: table({ id: id(), name: text() }, { scope: 'all' }) },
  scopesOf: () => [],
});

describe('histories of a database', () => {
  const folders: string[] = [];
  const running = new Set<OwnServer>();
  const folder = (): string => {
    const dataDir = newDataDir();
    folders.push(dataDir);
    return dataDir;
  };
  const start = async (dataDir: string): Promise<OwnServer> => {
    const server = await startOwn(dataDir, app);
    running.add(server);
    return server;
  };
  const stop = async (server: OwnServer): Promise<void> => {
    running.delete(server);
    await server.stop();
  };
  const crash = async (server: OwnServer): Promise<void> => {
    running.delete(server);
    await server.crash();
  };
  const fresh = async (): Promise<OwnServer> => {
    const server = await start(folder());
    await migrate(server.ctx.db);
    await applyApp(server.ctx.db, app);
    return server;
  };
  afterEach(async () => {
    for (const server of running) await stop(server);
    for (const dataDir of folders.splice(0)) removeData(dataDir);
  });

  const positionOf = (ctx: ServerContext): Promise<Position> => inGeneration(ctx, async (_tx, here) => here);
  /** What a server does with a cursor: it leaves once the log is on disk. */
  const handOut = async (ctx: ServerContext): Promise<Position> => {
    const position = await positionOf(ctx);
    await waitFlushed(ctx, position);
    return position;
  };
  const judge = (ctx: ServerContext, { generation, lsn }: Position): Promise<CursorJudgement> =>
    inGeneration(ctx, (tx, here) =>
      judgeCursor(tx, here, { epoch: generation.epoch, generation: generation.generation, lsn }),
    );
  const insert = (ctx: ServerContext, key: string) =>
    ctx.db.query('insert into products (id, name) values ($1, $1)', [key]);
  const xidOf = async (ctx: ServerContext, key: string): Promise<bigint> => {
    const { rows } = await ctx.db.query<{ xid: string }>(
      'select xid::text as xid from satchel.entries where key = $1',
      [key],
    );
    return BigInt(rows[0]!.xid);
  };

  it('[MOM-11] after kill -9 no transaction id comes again that a handed-out snapshot calls finished', async () => {
    let server = await fresh();
    await handOut(server.ctx);
    await insert(server.ctx, 'before');
    // Transactions that abort, and commits that wait for nothing: no record of them is flushed.
    for (let at = 0; at < 20; at += 1)
      await server.ctx.db.query('begin; select pg_current_xact_id(); rollback');
    await server.ctx.db.query(
      `begin; set local synchronous_commit = off; insert into products values ('async', 'x'); commit`,
    );
    const cursor = await handOut(server.ctx);
    expect(isVisible(parseSnapshot(cursor.snapshot), await xidOf(server.ctx, 'async'))).toBe(true);
    await crash(server);
    server = await start(server.dataDir);
    await insert(server.ctx, 'after');
    expect(isVisible(parseSnapshot(cursor.snapshot), await xidOf(server.ctx, 'after'))).toBe(false);
    expect((await server.ctx.db.query('select id from products order by id')).rows).toEqual([
      { id: 'after' },
      { id: 'async' },
      { id: 'before' },
    ]);
    // The moment that the flush noted survived: the cursor holds as it is.
    expect(await judge(server.ctx, cursor)).toEqual({ kind: 'valid' });
    expect((await positionOf(server.ctx)).generation.epoch).toBe(cursor.generation.epoch);
  });

  it('[MOM-09] no moment is noted while nothing happens', async () => {
    const server = await fresh();
    const db = await openDatabase({ url: server.url, connections: 1 });
    try {
      const ctx = testContext(db, app);
      const at = (millis: number) => db.query(`set satchel.now = '${millis}'`);
      await at(1_000_000);
      await openGeneration(ctx);
      await at(1_002_000);
      expect(await recordMoment(ctx)).toBeUndefined();
      await insert(ctx, 'one');
      expect(await recordMoment(ctx)).toMatchObject({ at: 1_002_000 });
      await at(1_004_000);
      expect(await recordMoment(ctx)).toBeUndefined();
    } finally {
      await db.close();
    }
  });

  it('[MOM-04] a data directory put back: cursors of the lost time are taken back, those of lost generations start over', async () => {
    let server = await fresh();
    await insert(server.ctx, 'kept');
    const early = await handOut(server.ctx);
    const moment = (await recordMoment(server.ctx, true))!;
    await stop(server);
    const backup = folder();
    copyData(server.dataDir, backup);

    server = await start(server.dataDir);
    await insert(server.ctx, 'lost');
    await recordMoment(server.ctx, true);
    const afterRestart = await handOut(server.ctx);
    await crash(server);
    server = await start(server.dataDir);
    const { rows } = await server.ctx.db.query<{ version: number }>(
      `select max(version) as version from satchel.entries`,
    );
    await stop(server);

    copyData(backup, server.dataDir);
    server = await start(server.dataDir);
    // A moment noted before anybody asks must not claim that the lost time survived.
    await recordMoment(server.ctx, true);
    expect(await judge(server.ctx, early)).toEqual({ kind: 'valid' });
    expect(await judge(server.ctx, { ...early, lsn: moment.lsn + 1n })).toEqual({
      kind: 'rewind',
      to: moment.snapshot,
    });
    expect(await judge(server.ctx, afterRestart)).toEqual({ kind: 'new-epoch' });
    await insert(server.ctx, 'new');
    const { rows: now } = await server.ctx.db.query<{ version: number }>(
      `select version from satchel.entries where key = 'new'`,
    );
    expect(now[0]!.version).toBeGreaterThan(rows[0]!.version);
  });

  it("[MOM-12] a standby's snapshot lacks the transactions in progress: its cursors say xmin:xmin:, and lose nothing", async () => {
    let primary = await fresh();
    await handOut(primary.ctx);
    await stop(primary);
    const copy = folder();
    copyData(primary.dataDir, copy);
    primary = await start(primary.dataDir);
    const generation = (await positionOf(primary.ctx)).generation;

    const url = new URL(primary.url);
    writeFileSync(join(copy, 'standby.signal'), '');
    appendFileSync(
      join(copy, 'postgresql.auto.conf'),
      `primary_conninfo = 'host=${decodeURIComponent(url.hostname)} port=${url.port} user=${url.username} password=${decodeURIComponent(url.password)}'\n`,
    );
    const standby = await start(copy);

    const open = await connect(primary.url);
    try {
      await open.run(`begin; insert into products values ('late', 'x')`);
      await insert(primary.ctx, 'early');
      const { rows } = await primary.ctx.db.query<{ lsn: string }>(
        'select pg_current_wal_flush_lsn()::text as lsn',
      );
      for (;;) {
        const { rows: replayed } = await standby.ctx.db.query<{ there: boolean }>(
          'select pg_last_wal_replay_lsn() >= $1::pg_lsn as there',
          [rows[0]!.lsn],
        );
        if (replayed[0]?.there) break;
        await pause(5);
      }
      const position = await handOut(standby.ctx);
      expect(position.standby).toBe(true);
      expect(position.snapshot).toMatch(/^(\d+):\1:$/);
      expect(position.generation).toEqual(generation);
      const { rows: bare } = await standby.ctx.db.query<{ snapshot: string }>(
        'select pg_current_snapshot()::text as snapshot',
      );
      await open.run('commit');
      const late = await xidOf(primary.ctx, 'late');
      expect(isVisible(parseSnapshot(bare[0]!.snapshot), late)).toBe(true);
      expect(isVisible(parseSnapshot(position.snapshot), late)).toBe(false);
      expect(await judge(primary.ctx, position)).toEqual({ kind: 'valid' });
    } finally {
      await open.close();
    }
  });
});
