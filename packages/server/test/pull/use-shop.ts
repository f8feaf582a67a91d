import { afterAll, beforeAll, beforeEach } from 'vitest';
import { insertProducts, openShop, Puller, principal, type Shop } from './shop.ts';

/** The shop of a file of tests, emptied before each, and its clients. Call it once, at the top. */
export const useShop = () => {
  let shop: Shop;
  let clients = 0;
  let now = 1_800_000_000_000;

  beforeAll(async () => {
    shop = await openShop({ pageRows: 10, answerBytes: 20_000 }, undefined, () => now);
  });
  afterAll(() => shop.drop());
  beforeEach(async () => {
    await shop.db.query(`truncate products, alerts, audits, members;
      delete from satchel.entries; delete from satchel.horizons; delete from satchel.hours;
      delete from satchel.clients; delete from satchel.mutations`);
  });

  const member = (user: string, ...stores: string[]) =>
    shop.db.query(`insert into members select $1, unnest($2::text[])`, [user, stores]);
  const puller = (user: string, roles: readonly string[] = []) => {
    clients += 1;
    return new Puller(shop.ctx, principal(user, roles), clients);
  };
  /** A write that capture does not see, as by logical replication into a table without triggers. */
  const aroundCapture = async (statement: string) => {
    const { rows } = await shop.db.query<{ name: string }>(
      `select tgname as name from pg_trigger where tgrelid = 'products'::regclass and not tgisinternal`,
    );
    const each = (mode: string) =>
      rows.map(({ name }) => `alter table products ${mode} trigger "${name}";`).join(' ');
    await shop.db.query(`${each('disable')} ${statement}; ${each('enable always')}`);
  };

  /** A write that is not committed until it is told to. */
  const openTransaction = () => {
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let query: (text: string) => Promise<unknown>;
    let ready: () => void = () => {};
    const started = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const done = shop.db.transaction('write', async (tx) => {
      query = (text) => tx.query(text);
      ready();
      await held;
    });
    return {
      query: async (text: string) => {
        await started;
        return query(text);
      },
      commit: async () => {
        release();
        await done;
      },
    };
  };
  /** Transactions of the cluster's other databases hold back every snapshot of this one: those that run have ended. */
  const othersEnded = async (): Promise<void> => {
    const { rows } = await shop.db.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
    for (;;) {
      const { rows: now } = await shop.db.query<{ ended: boolean }>(
        'select pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8 as ended',
        [rows[0]?.xid],
      );
      if (now[0]?.ended) return;
    }
  };
  return {
    aroundCapture,
    openTransaction,
    othersEnded,
    get shop(): Shop {
      return shop;
    },
    member,
    leave: (user: string, store: string) =>
      shop.db.query(`delete from members where user_id = $1 and store_id = $2`, [user, store]),
    puller,
    /** A client of two stores that has caught up. */
    caughtUp: async (user = 'ann', roles: readonly string[] = []) => {
      await member(user, '1', '2');
      await insertProducts(shop.db, '1', 0, 25);
      await insertProducts(shop.db, '2', 100, 15);
      const client = puller(user, roles);
      await client.catchUp();
      return client;
    },
    /** Milliseconds go by. */
    pass: (ms: number): void => {
      now += ms;
    },
  };
};

export const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line));
export const linesOf = (lines: readonly string[], kind: string) =>
  parsed(lines).filter(({ line }) => line === kind);
