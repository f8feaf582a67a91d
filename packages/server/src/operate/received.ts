import { hlcFromText } from '@satchel/core';
import type { PushAnswer, PushRequest } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';

/** Changes of one device and second that went alike, as they are written down. */
interface Sum {
  readonly a: number;
  readonly c: string;
  readonly t: number;
  /** Column, for updates; `null` for the changes themselves. */
  readonly n: string | null;
  readonly o: string;
  readonly p: string | null;
  w: number;
  k: number;
}

/** Changes of one table and push that went alike. */
interface Tally {
  readonly outcome: string;
  readonly problem: string | null;
  waited: number;
  changes: number;
  readonly columns: Map<string, number>;
}

/** By node; what is not written down when a node dies is missing in figures, nowhere else. */
const waiting = new WeakMap<ServerContext, Map<string, Sum>>();

const SECOND = 1_000;

/**
 * Counts the changes of a push that got their outcome with it, in memory: pushes do not
 * wait for figures. Repeats are not counted again. (Summed up in the push first: 10,000
 * changes cost 2 ms; with a name made for each count they cost 12.)
 */
export const countReceived = (
  ctx: ServerContext,
  { clientId, mutations }: PushRequest,
  answers: readonly PushAnswer[],
): void => {
  const now = ctx.clock.now();
  const tallies = tallyPush(mutations, answers, now);
  if (tallies.size === 0) return;
  const sums = waiting.get(ctx) ?? new Map<string, Sum>();
  waiting.set(ctx, sums);
  const second = now - (now % SECOND);
  for (const [table, byFate] of tallies) {
    const tableId = ctx.tableIds.get(table);
    if (tableId === undefined) continue;
    const add = (tally: Tally, column: string | null, changes: number): void => {
      const { outcome, problem, waited } = tally;
      const name = `${second} ${clientId} ${tableId} ${column ?? ''} ${outcome} ${problem ?? ''}`;
      const sum = sums.get(name);
      if (sum === undefined) {
        const [a, c, t, n, o, p] = [second, clientId, tableId, column, outcome, problem];
        sums.set(name, { a, c, t, n, o, p, w: waited, k: changes });
        return;
      }
      sum.w = Math.max(sum.w, waited);
      sum.k += changes;
    };
    for (const tally of byFate.values()) {
      add(tally, null, tally.changes);
      for (const [column, changes] of tally.columns) add(tally, column, changes);
    }
  }
};

/** By table, and by what became of the changes. */
const tallyPush = (
  mutations: PushRequest['mutations'],
  answers: readonly PushAnswer[],
  now: number,
): ReadonlyMap<string, ReadonlyMap<string, Tally>> => {
  const tallies = new Map<string, Map<string, Tally>>();
  for (const [place, answer] of answers.entries()) {
    if (answer.kind !== 'outcome' || answer.outcome.repeat === true) continue;
    const { changes, hlc } = mutations[place]!;
    const waited = Math.max(0, now - hlcFromText(hlc).millis);
    for (const [at, change] of changes.entries()) {
      const told = answer.outcome.changes[at];
      const outcome = told?.outcome ?? answer.outcome.outcome;
      const problem =
        outcome === 'rejected' ? ((told?.problem ?? answer.outcome.problem)?.code ?? 'rejected') : null;
      let byFate = tallies.get(change.table);
      if (byFate === undefined) {
        byFate = new Map();
        tallies.set(change.table, byFate);
      }
      const fate = problem ?? outcome;
      let tally = byFate.get(fate);
      if (tally === undefined) {
        tally = { outcome, problem, waited, changes: 0, columns: new Map() };
        byFate.set(fate, tally);
      }
      tally.changes += 1;
      tally.waited = Math.max(tally.waited, waited);
      // Of an update that was taken in, the columns that it wrote to: conflicts of a column are compared with these.
      if (change.op !== 'update' || problem !== null) continue;
      for (const column in change.values) tally.columns.set(column, (tally.columns.get(column) ?? 0) + 1);
    }
  }
  return tallies;
};

/** Writes down what was counted since the last time. */
export const flushReceived = async (ctx: ServerContext): Promise<void> => {
  const sums = waiting.get(ctx);
  if (sums === undefined || sums.size === 0) return;
  waiting.delete(ctx);
  await ctx.db.query(
    `insert into satchel.received (at, client_id, table_id, column_name, outcome, problem, waited, changes)
     select r.a, r.c, r.t, r.n, r.o, r.p, r.w, r.k
       from json_to_recordset($1::json) as r(a bigint, c uuid, t smallint, n text, o text, p text, w bigint, k integer)`,
    [JSON.stringify([...sums.values()])],
    'operate_received',
  );
};
