import type { OperatorAlert } from '@satchel/protocol';
import type { AlertSettings, Table, UnacknowledgedRows } from '@satchel/schema';
import { relationOf } from '../../capture/relation.ts';
import type { ServerContext } from '../../context.ts';
import { canonicalText } from '../../postgres/columns.ts';
import { keyExpression } from '../../postgres/key-columns.ts';

/** Something that operators are to know of as long as it lasts. */
export interface Found {
  readonly kind: OperatorAlert['kind'];
  readonly subject: string;
  /** Numbers and names of tables: nothing of a row, its key neither. */
  readonly facts: OperatorAlert['facts'];
}

/** What a look at the database found. */
export interface Look {
  readonly found: readonly Found[];
  /** Whether an alert was looked for, so that its absence says that it has fallen. */
  readonly covers: (kind: OperatorAlert['kind'], subject: string) => boolean;
}

/** Rows of one rule that are looked at; beyond it none is taken for acknowledged. */
const MOST_ROWS = 10_000;
const WHOLE = 'all';

export const lookAround = async (ctx: ServerContext): Promise<Look> => {
  const { conflictRate, unacknowledged } = ctx.app.alerts;
  const looks = [await lookAtConflicts(ctx, conflictRate)];
  for (const rule of unacknowledged) looks.push(await lookAtRows(ctx, rule));
  return {
    found: looks.flatMap(({ found }) => found),
    covers: (kind, subject) => looks.some(({ covers }) => covers(kind, subject)),
  };
};

const lookAtConflicts = async (
  ctx: ServerContext,
  { above, within, from }: AlertSettings['conflictRate'],
): Promise<Look> => {
  const since = ctx.clock.now() - within;
  const { rows } = await ctx.db.query<{ changes: number; conflicts: number }>(
    `select coalesce((select sum(changes) from satchel.received where at > $1 and column_name is null), 0)::int as changes,
            (select count(*) from satchel.conflicts where created_at > $1)::int as conflicts`,
    [since],
    'alerts_conflict_rate',
  );
  const { changes, conflicts } = rows[0]!;
  const isHigh = changes >= from && conflicts > above * changes;
  return {
    found: isHigh
      ? [{ kind: 'conflict-rate', subject: WHOLE, facts: { conflicts, changes, above, withinMs: within } }]
      : [],
    covers: (kind) => kind === 'conflict-rate',
  };
};

const lookAtRows = async (ctx: ServerContext, rule: UnacknowledgedRows): Promise<Look> => {
  const table = ctx.app.tables[rule.table]!;
  const now = ctx.clock.now();
  const { rows } = await ctx.db.query<{ key: string; made: number }>(
    `select r.key, r.made from (${lateRows(table, rule)}) r where r.made <= $1 order by r.made limit ${MOST_ROWS}`,
    [now - rule.after, ...(rule.made === undefined ? [ctx.tableIds.get(rule.table)] : [])],
  );
  const subjectOf = (key: string): string => `${rule.table}/${key}`;
  return {
    found: rows.map(({ key, made }) => ({
      kind: 'unacknowledged',
      subject: subjectOf(key),
      facts: { table: rule.table, madeAt: made, waitedMs: now - made, afterMs: rule.after },
    })),
    covers: (kind, subject) =>
      kind === 'unacknowledged' && subject.startsWith(subjectOf('')) && rows.length < MOST_ROWS,
  };
};

/** Rows that nobody has acknowledged, with the time they were made. */
const lateRows = (table: Table, rule: UnacknowledgedRows): string => {
  const { sql, column } = relationOf(table);
  const key = keyExpression(table, (name) => column('t', name));
  const made =
    rule.made === undefined
      ? `(select min(a.at) from satchel.audit a where a.table_id = $2 and a.key = ${key})`
      : `(${canonicalText(table.columns[rule.made]!, column('t', rule.made))})::bigint`;
  return `select ${key} as key, ${made} as made from ${sql} t where ${column('t', rule.column)} is null`;
};
