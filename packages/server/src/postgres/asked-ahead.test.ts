import { expect, it } from 'vitest';
import { AskedAhead } from './asked-ahead.ts';
import type { Queryable, Transaction } from './database.ts';

/** A transaction that answers with what it was asked for the how-manieth time. */
const numbering = (): { readonly tx: Transaction; readonly sent: string[] } => {
  const sent: string[] = [];
  const query = async (text: string, parameters: readonly unknown[] = [], name?: string) => {
    sent.push(`${name ?? text} ${JSON.stringify(parameters)}`);
    return { rows: [sent.length], rowCount: 1 };
  };
  return { tx: { query, savepoint: (work) => work() } as Transaction, sent };
};

const ask = async (on: Queryable, ...asked: [string, unknown[]?, string?]): Promise<unknown> =>
  (await on.query(...asked)).rows[0];

it('[PG-35] what was asked ahead is not sent again; what differs in anything is', async () => {
  const { tx, sent } = numbering();
  const asked = new AskedAhead(tx);
  expect(await ask(asked.ahead, 'select $1', [['a'], 1], 'one')).toBe(1);
  expect(await ask(asked, 'select $1', [['a'], 1], 'one')).toBe(1);
  expect(await ask(asked, 'select $1', [['b'], 1], 'one')).toBe(2);
  expect(await ask(asked, 'select $1', [['a'], 1], 'two')).toBe(3);
  expect(await ask(asked.ahead, 'select 1')).toBe(4);
  expect(await ask(asked, 'select 1')).toBe(4);
  // Not asked ahead, it is sent each time.
  expect([await ask(asked, 'select 2'), await ask(asked, 'select 2')]).toEqual([5, 6]);
  expect(sent).toHaveLength(6);
});
