import type { Scheduler } from '@satchel/core';
import type { Subscription } from '@satchel/protocol';
import {
  type App,
  counter,
  defineApp,
  id,
  json,
  type Principal,
  real,
  sql,
  table,
  text,
  timestamp,
} from '@satchel/schema';
import type { Database, Queryable, Transaction } from '@satchel/server/postgres';
import { testDatabase } from '@satchel/testing/postgres';
import type { ServerContext, ServerLimits } from '../../src/context.ts';
import { applyApp } from '../../src/postgres/app-tables.ts';
import { type PullAnswer, pull } from '../../src/pull/pull.ts';
import { systemRandom, systemScheduler } from '../../src/system.ts';
import { Replica } from './replica.ts';

/** Products and alerts of stores, members that say who may see which. */
export const shopApp = (schemaVersion = 1): App =>
  defineApp({
    name: 'shop',
    schemaVersion,
    tables: {
      products: table(
        {
          id: id(),
          storeId: text(),
          name: text({ nullable: true }),
          price: real({ nullable: true }),
          stock: counter(),
          cost: real({ nullable: true }),
          extra: json({ nullable: true }),
          madeAt: timestamp({ nullable: true }),
        },
        {
          scope: 'store:{storeId}',
          lane: 'medium',
          access: { columns: { cost: { read: ['manager'] } } },
        },
      ),
      alerts: table(
        { id: id(), storeId: text(), body: text() },
        { scope: 'store:{storeId}', lane: 'urgent' },
      ),
      audits: table(
        { id: id(), storeId: text(), body: text() },
        { scope: 'store:{storeId}', lane: 'low', access: { read: ['manager'] } },
      ),
    },
    scopesOf: sql(`select 'store:' || store_id from members where user_id = $1`, { reads: ['members'] }),
  });

/** Who may see which store: a plain table of the app's database. */
const MEMBERS = `
  create table public.members (user_id text not null, store_id text not null, primary key (user_id, store_id))`;

export const LIMITS: ServerLimits = {
  pageRows: 1_000,
  answerBytes: 8_000_000,
  batchMutations: 10_000,
  bodyBytes: 16_000_000,
  requestsPerMinute: 600,
  liveBufferBytes: 1_000_000,
};

export interface Shop {
  readonly ctx: ServerContext;
  readonly db: Database;
  readonly url: string;
  drop(): Promise<void>;
}

export const openShop = async (
  limits: Partial<ServerLimits> = {},
  app: App = shopApp(),
  now: () => number = Date.now,
  scheduler: Scheduler = systemScheduler,
  rights: string = MEMBERS,
): Promise<Shop> => {
  const { db, url, drop } = await testDatabase({ connections: 20 });
  await db.query(rights);
  const { tableIds } = await applyApp(db, app);
  const ctx: ServerContext = {
    app,
    db,
    clock: { now },
    random: systemRandom,
    scheduler,
    log: {
      debug: () => {},
      info: () => {},
      warn: (fields, message) => console.warn(message, fields),
      error: (fields, message) => console.error(message, fields),
    },
    limits: { ...LIMITS, ...limits },
    tableIds,
  };
  return { ctx, db, url, drop };
};

export const principal = (userId: string, roles: readonly string[] = []): Principal => ({
  id: `test:${userId}`,
  userId,
  roles,
  channel: 'mobile',
  claims: {},
  expiresAt: Number.MAX_SAFE_INTEGER,
});

/** A client that pulls. */
export class Puller {
  readonly replica = new Replica();
  readonly #ctx: ServerContext;
  readonly clientId: string;
  principal: Principal;
  /** Takes rows in brief. */
  brief = false;
  subscription: Subscription | undefined;

  readonly #schemaVersion: number;

  constructor(ctx: ServerContext, user: Principal, number: number, schemaVersion = ctx.app.schemaVersion) {
    this.#ctx = ctx;
    this.#schemaVersion = schemaVersion;
    this.principal = user;
    this.clientId = `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  }

  ask(conditional = false): Promise<PullAnswer> {
    return pull(
      this.#ctx,
      this.principal,
      {
        protocolVersion: 1,
        schemaVersion: this.#schemaVersion,
        clientId: this.clientId,
        cursor: this.replica.cursor,
        ...(this.brief ? { brief: true } : {}),
        ...(this.subscription ? { subscription: this.subscription } : {}),
      },
      conditional ? this.replica.digest : null,
    );
  }

  /** One page taken in. */
  async step(): Promise<{ lines: readonly string[]; more: boolean; checkpoint: boolean }> {
    const answer = await this.ask();
    if (answer.kind !== 'page') throw new Error('expected a page');
    const tail = this.replica.take(answer.lines);
    if (!tail) throw new Error('the page does not start from here');
    return { lines: answer.lines, more: tail.more, checkpoint: tail.checkpoint };
  }

  /** Pages until there is no more; all lines that came. */
  async catchUp(): Promise<string[]> {
    const lines: string[] = [];
    for (let page = 0; page < 10_000; page += 1) {
      const step = await this.step();
      lines.push(...step.lines);
      if (!step.more) return lines;
    }
    throw new Error('no end of pages');
  }
}

/** What SQL says that a user holds, in the form of `Replica.content`. */
export const truth = async (db: Queryable, userId: string, manager = false): Promise<string[]> => {
  const { rows } = await db.query<{ name: string; v: Record<string, unknown> }>(
    `select 'products/' || p.id as name, json_build_object('storeId', p.store_id, 'name', p.name,
       'price', p.price, 'stock', p.stock, 'cost', p.cost, 'extra', p.extra,
       'madeAt', round(date_part('epoch', p.made_at) * 1000)) as v
     from products p join members m on m.store_id = p.store_id and m.user_id = $1
     union all
     select 'alerts/' || a.id, json_build_object('storeId', a.store_id, 'body', a.body)
     from alerts a join members m on m.store_id = a.store_id and m.user_id = $1
     union all
     select 'audits/' || a.id, json_build_object('storeId', a.store_id, 'body', a.body)
     from audits a join members m on m.store_id = a.store_id and m.user_id = $1 where $2`,
    [userId, manager],
  );
  return rows
    .map(({ name, v }) => {
      if (!manager) delete v.cost;
      return `${name} ${JSON.stringify(v)}`;
    })
    .sort();
};

export const insertProducts = (tx: Queryable | Transaction, store: string, from: number, count: number) =>
  tx.query(
    `insert into products (id, store_id, name, price, stock)
     select 'p' || lpad(n::text, 6, '0'), $1, 'product ' || n, n / 4.0, n
     from generate_series($2::int, $2::int + $3::int - 1) n`,
    [store, from, count],
  );
