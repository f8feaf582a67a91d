import type { Database, Transaction } from '@satchel/server/postgres';

/** A small generator of numbers from a seed, so that a failure can be run again. */
export const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Thrown to roll a transaction back on purpose. */
class RolledBack extends Error {}

/**
 * Writers that change, move, delete and insert products in transactions which are held
 * open, rolled back and partly undone, so that commits come in any order.
 */
export const writeAtRandom = async (
  db: Database,
  options: {
    readonly seed: number;
    readonly writers: number;
    readonly transactions: number;
    readonly rows: number;
    readonly stores: readonly string[];
  },
): Promise<void> => {
  const writer = async (number: number): Promise<void> => {
    const random = seeded(options.seed * 1_000 + number);
    const pick = (count: number): number => Math.floor(random() * count);
    const step = async (tx: Transaction, key: string): Promise<void> => {
      const store = options.stores[pick(options.stores.length)];
      switch (pick(4)) {
        case 0:
          await tx.query(`delete from products where id = $1`, [key]);
          return;
        case 1:
          await tx.query(`update products set store_id = $2 where id = $1`, [key, store]);
          return;
        default:
          await tx.query(
            `insert into products (id, store_id, name) values ($1, $2, $3)
             on conflict (id) do update set name = excluded.name, stock = products.stock + 1`,
            [key, store, `by ${number} ${random()}`],
          );
      }
    };
    for (let count = 0; count < options.transactions; count += 1) {
      // In key order, as everybody who writes several rows should: no deadlocks.
      const keys = [...new Set(Array.from({ length: 1 + pick(4) }, () => `p${pick(options.rows)}`))].sort();
      try {
        await db.transaction('write', async (tx) => {
          for (const key of keys) {
            if (pick(5) > 0) await step(tx, key);
            else {
              await tx
                .savepoint(async () => {
                  await step(tx, key);
                  if (pick(2) === 0) throw new RolledBack();
                })
                .catch((error: unknown) => {
                  if (!(error instanceof RolledBack)) throw error;
                });
            }
            if (pick(4) === 0) await pause(pick(15));
          }
          if (pick(6) === 0) throw new RolledBack();
        });
      } catch (error) {
        if (!(error instanceof RolledBack)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: options.writers }, (_, number) => writer(number)));
};
