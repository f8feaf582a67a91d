import { hlcFromText } from '@satchel/core';
import type { Change, ChangeOutcome, Mutation, PushAnswer, PushRequest } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';

/** Changes of one device and second that went alike. */
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

/** By node; what is not written down when a node dies is missing in figures, nowhere else. */
const waiting = new WeakMap<ServerContext, Map<string, Sum>>();

const SECOND = 1_000;

/**
 * Counts the changes of a push that got their outcome with it, in memory: pushes do not
 * wait for figures. Repeats are not counted again.
 */
export const countReceived = (
  ctx: ServerContext,
  { clientId, mutations }: PushRequest,
  answers: readonly PushAnswer[],
): void => {
  const now = ctx.clock.now();
  const sums = waiting.get(ctx) ?? new Map<string, Sum>();
  waiting.set(ctx, sums);
  const count = (
    table: string,
    column: string | null,
    outcome: string,
    problem: string | null,
    waited: number,
  ) => {
    const tableId = ctx.tableIds.get(table);
    if (tableId === undefined) return;
    const second = now - (now % SECOND);
    const name = `${second} ${clientId} ${tableId} ${column ?? ''} ${outcome} ${problem ?? ''}`;
    const sum = sums.get(name);
    if (sum === undefined) {
      sums.set(name, {
        a: second,
        c: clientId,
        t: tableId,
        n: column,
        o: outcome,
        p: problem,
        w: waited,
        k: 1,
      });
      return;
    }
    sum.w = Math.max(sum.w, waited);
    sum.k += 1;
  };
  answers.forEach((answer, place) => {
    if (answer.kind !== 'outcome' || answer.outcome.repeat === true) return;
    const mutation = mutations[place]!;
    const waited = waitedOf(mutation, now);
    mutation.changes.forEach((change, at) => {
      const told = answer.outcome.changes[at];
      const outcome = told?.outcome ?? answer.outcome.outcome;
      const problem =
        outcome === 'rejected' ? ((told?.problem ?? answer.outcome.problem)?.code ?? 'rejected') : null;
      count(change.table, null, outcome, problem, waited);
      for (const column of columnsOf(change, told)) count(change.table, column, outcome, null, waited);
    });
  });
};

/** Of an update that was taken in, the columns that it wrote to: conflicts of a column are compared with these. */
const columnsOf = ({ op, values }: Change, told: ChangeOutcome | undefined): readonly string[] =>
  op === 'update' && values !== undefined && told?.outcome !== 'rejected' ? Object.keys(values) : [];

const waitedOf = ({ hlc }: Mutation, now: number): number => Math.max(0, now - hlcFromText(hlc).millis);

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
