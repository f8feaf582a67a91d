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

const TABLES = `
  create table public.products (
    id text primary key, store_id text not null, name text, price double precision,
    stock bigint not null default 0, cost double precision, extra jsonb, made_at timestamptz(3));
  create table public.alerts (id text primary key, store_id text not null, body text not null);
  create table public.audits (id text primary key, store_id text not null, body text not null);
  create table public.members (user_id text not null, store_id text not null, primary key (user_id, store_id));`;

/** The least that capture must do, row by row. */
const capture = (name: string, tableId: number): string => `
  create function capture_${name}() returns trigger language plpgsql as $$
  declare v bigint := nextval('satchel.version'); k text; s text; was text;
  begin
    k := case when tg_op = 'DELETE' then old.id else new.id end;
    s := case when tg_op = 'DELETE' then null else 'store:' || new.store_id end;
    was := case when tg_op = 'INSERT' then null else 'store:' || old.store_id end;
    if was is distinct from s and was is not null then
      update satchel.entries set xid = pg_current_xact_id(), version = v, present = false,
        deleted = (tg_op = 'DELETE') where table_id = ${tableId} and key = k and scope = was;
    end if;
    if s is not null then
      insert into satchel.entries (table_id, key, scope, xid, version, present)
      values (${tableId}, k, s, pg_current_xact_id(), v, true)
      on conflict (table_id, key, scope) do update
        set xid = excluded.xid, version = nextval('satchel.version'), present = true, deleted = false;
    end if;
    return null;
  end $$;
  create trigger capture after insert or update or delete on ${name}
    for each row execute function capture_${name}();`;

/** What capture leaves when a table that rights are read from changes. */
const ACCESS_WATCH = `
  create function access_changed() returns trigger language plpgsql as $$
  begin
    insert into satchel.entries (table_id, key, scope, xid, version, present, deleted)
    values (0, pg_current_xact_id()::text, '~access', pg_current_xact_id(), nextval('satchel.version'), false, true)
    on conflict do nothing;
    return null;
  end $$;
  create trigger access after insert or update or delete on members
    for each statement execute function access_changed();`;

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
): Promise<Shop> => {
  const { db, url, drop } = await testDatabase({ connections: 20 });
  await db.query(TABLES);
  await db.query(ACCESS_WATCH);
  const tableIds = new Map<string, number>();
  for (const name of app.tableOrder) {
    const { rows } = await db.query<{ table_id: number }>(
      `insert into satchel.tables (name) values ($1) returning table_id`,
      [name],
    );
    tableIds.set(name, rows[0]!.table_id);
    await db.query(capture(name, rows[0]!.table_id));
  }
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
  subscription: Subscription | undefined;

  constructor(ctx: ServerContext, user: Principal, number: number) {
    this.#ctx = ctx;
    this.principal = user;
    this.clientId = `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  }

  ask(conditional = false): Promise<PullAnswer> {
    return pull(
      this.#ctx,
      this.principal,
      {
        protocolVersion: 1,
        schemaVersion: this.#ctx.app.schemaVersion,
        clientId: this.clientId,
        cursor: this.replica.cursor,
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
