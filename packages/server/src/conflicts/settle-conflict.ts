import { type Problem, SatchelError, type Value, type Values } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Transaction } from '../postgres/database.ts';
import type { Source } from '../push/apply.ts';
import { writeDirectly } from '../push/direct-write.ts';
import { readRows } from '../push/read-rows.ts';
import { problemOf, refusalOf } from '../push/refused-by-database.ts';
import { type RowAddress, rowAddress } from '../push/row-address.ts';
import type { RowState } from '../push/row-state.ts';
import type { ConflictRow } from './conflict-row.ts';
import { lockReviewed, releaseReviewed } from './release-review.ts';
import type { Decided } from './ruling-of.ts';

/** Who settles a conflict, and how. */
export interface Settlement extends Decided {
  readonly principal: Principal;
  /** As the record names the decider: a user, or `policy`. */
  readonly decidedBy: string;
  readonly note?: string | undefined;
  readonly source: Source;
  /** An administrator, or a rule of the app: scopes of the mutation's author are not asked. */
  readonly isTrusted: boolean;
  /** Mutations that wait are refused with this reason. */
  readonly refused?: Problem;
}

/**
 * Settles a conflict that is locked, in its transaction. Mutations that waited for it
 * are taken up, on the same way as when they came; where none waits (a policy had
 * decided, the change was applied until then, or the decision was undone) the row
 * itself is written.
 */
export const settleConflict = async (
  ctx: ServerContext,
  tx: Transaction,
  row: ConflictRow,
  settlement: Settlement,
): Promise<void> => {
  await tx.query(
    `update satchel.conflicts
        set state = 'settled', decision = $2, fields = $3, decided_by = $4, note = coalesce($5, note),
            decided_at = satchel.now_ms()
      where conflict_id = $1`,
    [
      row.conflict_id,
      settlement.decision,
      Object.keys(settlement.fields).length === 0 ? null : JSON.stringify(settlement.fields),
      settlement.decidedBy,
      settlement.note ?? null,
    ],
    'conflicts_settle',
  );
  const address = rowAddress(row.table_name, row.key);
  const waiting = await lockReviewed(tx, row.conflict_id);
  const effect =
    waiting.length > 0
      ? (await releaseReviewed(ctx, tx, waiting, settlement)).get(address)
      : await writeDecision(ctx, tx, row, address, settlement);
  const now = await readRow(ctx, tx, address);
  await tx.query(
    'update satchel.conflicts set result = $2, undo = $3, version = $4 where conflict_id = $1',
    [
      row.conflict_id,
      now.values === null ? null : JSON.stringify(pick(now.values, row.columns)),
      asJson(effect ? effect.before : now.values),
      now.version || null,
    ],
    'conflicts_settled',
  );
};

const asJson = (values: Values | null): string | null => (values === null ? null : JSON.stringify(values));

/** Locks and reads one row. */
export const readRow = async (
  ctx: ServerContext,
  tx: Transaction,
  address: RowAddress,
): Promise<RowState> => {
  const rows = await readRows(ctx, tx, new Map([[address, { history: true }]]));
  return rows.get(address)!;
};

const pick = (values: Values, columns: readonly string[]): Values =>
  Object.fromEntries(columns.flatMap((name): [string, Value][] => [[name, values[name] ?? null]]));

const writeDecision = async (
  ctx: ServerContext,
  tx: Transaction,
  row: ConflictRow,
  address: RowAddress,
  settlement: Settlement,
): Promise<{ readonly before: Values | null; readonly after: Values | null } | undefined> => {
  const { values: before } = await readRow(ctx, tx, address);
  const after = await decidedRow(ctx, tx, row, before, settlement);
  if (after === before) return undefined;
  await writeOrThrow(ctx, tx, row, address, before, after, settlement);
  return { before, after };
};

/** @throws what the database has against it */
export const writeOrThrow = async (
  ctx: ServerContext,
  tx: Transaction,
  row: ConflictRow,
  address: RowAddress,
  before: Values | null,
  after: Values | null,
  writer: { readonly source: Source; readonly principal: Principal },
): Promise<number | undefined> => {
  try {
    return await writeDirectly(ctx, tx, writer, address, before, after);
  } catch (error) {
    if (refusalOf(error) !== 'mutation') throw error;
    const op = after === null ? 'delete' : before === null ? 'insert' : 'update';
    const { code, params } = problemOf(ctx.app, error, {
      changes: [{ table: row.table_name, key: row.key, op }],
    });
    throw new SatchelError(code as 'check_failed', params, { cause: error });
  }
};

/** The row as the decision wants it. The record holds both sides of the columns in question. */
const decidedRow = async (
  ctx: ServerContext,
  tx: Transaction,
  row: ConflictRow,
  now: Values | null,
  { decision, fields }: Decided,
): Promise<Values | null> => {
  // Both rows live, each under a key of its own.
  if (row.kind === 'insert' && row.policy === 'new-key') return now;
  const chosen: Record<string, Value> = {};
  const side = decision === 'accept-client' ? row.client : row.server;
  const table = ctx.app.tables[row.table_name];
  for (const name of row.columns) {
    if (table?.primaryKey.includes(name)) continue;
    const value = side?.[name];
    if (value !== undefined) chosen[name] = value;
  }
  for (const [name, field] of Object.entries(fields)) {
    const value = field.take === 'value' ? field.value : row[field.take]?.[name];
    if (value !== undefined) chosen[name] = value;
  }
  if (row.kind !== 'delete') {
    if (now === null) throw new SatchelError('row_missing', { table: row.table_name, key: row.key });
    return { ...now, ...chosen };
  }
  const deletedByClient = row.client === null;
  const keeps = decision === 'merged' || (decision === 'accept-client') !== deletedByClient;
  if (!keeps) return null;
  const known = now ?? row.server ?? row.undo ?? (await lastValues(ctx, tx, row));
  if (known === null) throw new SatchelError('row_missing', { table: row.table_name, key: row.key });
  return { ...known, ...chosen };
};

const lastValues = async (ctx: ServerContext, tx: Transaction, row: ConflictRow): Promise<Values | null> => {
  const { rows } = await tx.query<{ before: Values }>(
    `select before from satchel.audit
      where table_id = $1 and key = $2 and op = 'delete' and before is not null
      order by audit_id desc limit 1`,
    [ctx.tableIds.get(row.table_name), row.key],
    'conflicts_last_values',
  );
  return rows[0]?.before ?? null;
};
