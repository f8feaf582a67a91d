import type { Outcome } from '@satchel/protocol';
import { readMeta } from '../database/meta.ts';
import { readRowState, removeRow } from '../database/rows.ts';
import type { EngineContext } from '../engine-context.ts';
import { isPending, type RowAddress } from '../outbox/pending.ts';

/**
 * Rows of mutations that the server was told to be settled: no page brings their outcomes
 * again. One that the server has forgotten names none: they are those of the mutation
 * itself, by the keys under which it was offered.
 */
const toldRows = ({ db }: EngineContext): RowAddress[] =>
  db
    .prepare(
      "select distinct c.value ->> 'table' as tbl, coalesce(c.value ->> 'newKey', " +
        "o.offer ->> ('$.keys[' || c.key || ']'), c.value ->> 'key') as key " +
        "from satchel_outbox o, json_each(iif(o.outcome ->> 'forgotten', o.body, o.outcome), '$.changes') c " +
        "where o.acked = 2 and o.outcome ->> 'outcome' <> 'review'",
    )
    .all()
    .map((row) => ({ table: row.tbl as string, key: row.key as string }));

/**
 * A row that this device wrote and that no scope of its holds goes: with the outcome
 * comes a view in which it is not; with a refusal, too (an insert that was settled once,
 * offered to a restored server, may be refused there). The same counts for outcomes that
 * the server left out because they were acknowledged with the pull: their page was read
 * later still.
 * `readAt`: when the view was read, by the server's clock; `null` where it did not say.
 */
export const dropUnheld = (
  context: EngineContext,
  outcomes: readonly Outcome[],
  tables: Set<string>,
  readAt: number | null,
): void => {
  const brought = outcomes
    .filter(({ outcome }) => outcome !== 'review')
    .flatMap(({ changes }) => changes.map(({ table, key, newKey }) => ({ table, key: newKey ?? key })));
  for (const { table, key } of [...brought, ...toldRows(context)]) {
    const local = context.tables.get(table);
    if (!local) continue;
    const state = readRowState(context, local, key);
    if (!state || state.version === null || state.hold !== null || isPending(context, table, key)) continue;
    removeRow(context, local, key);
    tables.add(table);
  }
  dateTold(context, readAt);
};

/** Nothing is dated earlier than 1970: 0 to 2 say something else. */
const EARLIEST = 3;

/** From here on the told ones age by the server's clock, which no user turns. */
const dateTold = ({ db }: EngineContext, readAt: number | null): void => {
  if (readAt === null) db.prepare('update satchel_outbox set acked = 1 where acked = 2').run();
  else
    db.prepare('update satchel_outbox set acked = ? where acked = 1 or acked = 2').run([
      Math.max(EARLIEST, readAt),
    ]);
};

/**
 * That there is nothing after the cursor is a view as well, read after the outcomes that
 * were told with the pull: no page may ever come to drop what it does not hold.
 */
export const takeUnchanged = (context: EngineContext): string[] => {
  const tables = new Set<string>();
  if (readMeta(context.db, 'complete') === true) dropUnheld(context, [], tables, null);
  return [...tables];
};
