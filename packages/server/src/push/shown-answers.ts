import type { Outcome, PushAnswer } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { readerView } from '../pull/reader-view.ts';
import { scopesFor } from '../pull/scopes.ts';
import { shownOutcome } from '../pull/shown-outcome.ts';

/**
 * Answers as their receiver may see them at this moment (rule 66). Fresh ones tell rows
 * that its scopes held a moment ago; those of a repeat are looked up again.
 */
export const showAnswers = async (
  ctx: ServerContext,
  principal: Principal,
  schemaVersion: number,
  answers: readonly PushAnswer[],
): Promise<PushAnswer[]> => {
  const view = readerView(ctx, { principal, subscription: undefined, schemaVersion });
  const hidden = await rowsOutOfSight(ctx, principal, answers);
  return answers.map((answer) =>
    answer.kind === 'outcome'
      ? { ...answer, outcome: shownOutcome(withoutRows(answer.outcome, hidden), view) }
      : answer,
  );
};

const placeOf = ({ table, key, newKey }: Outcome['changes'][number]): string => `${table}\n${newKey ?? key}`;

const withoutRows = (outcome: Outcome, hidden: ReadonlySet<string>): Outcome =>
  outcome.repeat !== true || hidden.size === 0
    ? outcome
    : {
        ...outcome,
        changes: outcome.changes.map((change) => {
          const { row, ...rest } = change;
          return row && hidden.has(placeOf(change)) ? rest : change;
        }),
      };

const rowsOutOfSight = async (
  ctx: ServerContext,
  principal: Principal,
  answers: readonly PushAnswer[],
): Promise<ReadonlySet<string>> => {
  const told = answers.flatMap((answer) =>
    answer.kind === 'outcome' && answer.outcome.repeat === true
      ? answer.outcome.changes.filter(({ row }) => row !== undefined && row !== null)
      : [],
  );
  if (told.length === 0) return new Set();
  const scopes = await scopesFor(ctx, ctx.db, principal);
  const { rows } = await ctx.db.query<{ place: number }>(
    `select k.place::int as place
       from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
      where not exists (select from satchel.entries e
                         where e.table_id = k.table_id and e.key = k.key and e.present and e.scope = any($3::text[]))`,
    [told.map(({ table }) => ctx.tableIds.get(table)), told.map(({ key, newKey }) => newKey ?? key), scopes],
    'push_out_of_sight',
  );
  return new Set(rows.map(({ place }) => placeOf(told[place - 1]!)));
};
