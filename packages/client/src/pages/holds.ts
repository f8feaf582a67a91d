import type { EngineContext } from '../engine-context.ts';

/**
 * Which scopes hold a row (rule 53). The number of a hold stands for one scope and one
 * table. A row's first hold is in its own hidden column, further ones are here.
 *
 * A scope that is copied anew gets a new number: rows that come take it on, and what
 * still has the old one at the end is swept, without any mark per row.
 */
export const holdNumber = (context: EngineContext, scope: string, table: string): number => {
  const { db, now } = context;
  let numbers = now.holds.get(table);
  if (!numbers) {
    numbers = new Map();
    now.holds.set(table, numbers);
  }
  const known = numbers.get(scope);
  if (known !== undefined) return known;
  const found = db
    .prepare('select scope_no from satchel_scopes where scope = ? and tbl = ? and stale = 0')
    .get([scope, table]);
  const number = (found?.scope_no as number | undefined) ?? newHold(context, scope, table);
  numbers.set(scope, number);
  return number;
};

const newHold = ({ db }: EngineContext, scope: string, table: string): number =>
  db.prepare('insert into satchel_scopes (scope, tbl) values (?, ?) returning scope_no').get([scope, table])!
    .scope_no as number;

/** Numbers that the scope had before it was copied anew, while that copy is running; the newest first. */
export const staleNumbers = ({ db }: EngineContext, scope: string, table: string): number[] =>
  db
    .prepare(
      'select scope_no from satchel_scopes where scope = ? and tbl = ? and stale = 1 order by scope_no desc',
    )
    .all([scope, table])
    .map(({ scope_no }) => scope_no as number);

/** The scope is copied anew: what it holds of the table is to be held again, or goes. */
export const makeStale = ({ db, now }: EngineContext, scope: string, table: string): void => {
  db.prepare('update satchel_scopes set stale = 1 where scope = ? and tbl = ?').run([scope, table]);
  now.holds.get(table)?.delete(scope);
};

export const forgetNumber = (
  { db, now }: EngineContext,
  number: number,
  scope: string,
  table: string,
): void => {
  db.prepare('delete from satchel_scopes where scope_no = ?').run([number]);
  if (now.holds.get(table)?.get(scope) === number) now.holds.get(table)?.delete(scope);
};

/** Further holds of a row. */
const furtherHolds = ({ db }: EngineContext, table: string, key: string): number[] =>
  db
    .prepare('select scope_no from satchel_holds where tbl = ? and key = ? order by scope_no')
    .all([table, key])
    .map(({ scope_no }) => scope_no as number);

/**
 * Adds a hold, in the place of those `replaced` that the row has. Returns the row's
 * first hold as it is then.
 */
export const addHold = (
  context: EngineContext,
  table: string,
  key: string,
  first: number | null,
  number: number,
  replaced: readonly number[],
): number => {
  for (const old of replaced) if (old !== first) dropHold(context, table, key, old);
  if (first === number) return number;
  if (first === null || replaced.includes(first)) {
    dropHold(context, table, key, number);
    return number;
  }
  context.db
    .prepare('insert into satchel_holds (tbl, key, scope_no) values (?, ?, ?) on conflict do nothing')
    .run([table, key, number]);
  return first;
};

/** Takes a hold away; a further one moves up where it was the first. Returns the first hold then. */
export const releaseHold = (
  context: EngineContext,
  table: string,
  key: string,
  first: number | null,
  number: number,
): number | null => {
  if (first !== number) {
    dropHold(context, table, key, number);
    return first;
  }
  const next = furtherHolds(context, table, key)[0];
  if (next === undefined) return null;
  dropHold(context, table, key, next);
  return next;
};

const dropHold = ({ db }: EngineContext, table: string, key: string, number: number): void => {
  db.prepare('delete from satchel_holds where tbl = ? and key = ? and scope_no = ?').run([
    table,
    key,
    number,
  ]);
};

export const dropHolds = ({ db }: EngineContext, table: string, key: string): void => {
  db.prepare('delete from satchel_holds where tbl = ? and key = ?').run([table, key]);
};

/** All numbers of a scope, the stale ones too. */
export const holdsOfScope = (
  { db }: EngineContext,
  scope: string,
): { readonly number: number; readonly table: string; readonly stale: boolean }[] =>
  db
    .prepare('select scope_no, tbl, stale from satchel_scopes where scope = ?')
    .all([scope])
    .map((row) => ({ number: row.scope_no as number, table: row.tbl as string, stale: row.stale === 1 }));
