import { type ChangeOutcome, invariant, type Outcome } from '@satchel/protocol';
import type { SqlRow } from '../database/driver.ts';
import { keyParameters } from '../database/rows.ts';
import type { EngineContext } from '../engine-context.ts';
import { deleteBase, HOLDS_BASE } from '../pages/base.ts';
import { freeBlockedBy } from './blocked.ts';
import { type Standing, standingsOfBatch } from './entry.ts';
import { forgetRange, joinedRanges } from './pending.ts';

/** An answer that says of every change that it went through as it was sent, and nothing else. */
export const isPlain = ({ outcome, problem, changes }: Outcome): boolean =>
  outcome === 'applied' && problem === undefined && changes.length > 0 && changes.every(isPlainChange);

const isPlainChange = (became: ChangeOutcome): boolean =>
  became.outcome === 'applied' &&
  became.version !== undefined &&
  became.row === undefined &&
  became.columns === undefined &&
  became.newKey === undefined;

/** What becomes of a pending change whose answer is plain, as one statement reads it for many. */
interface Pending {
  readonly changeId: number;
  readonly table: string;
  readonly op: string;
  readonly key: string;
  /** One is written down. */
  readonly hasBase: boolean;
  /** The row on screen is what the server has now: nothing else lies on it, and no newer base. */
  mayBe(version: number): boolean;
}

/**
 * Settles plain answers of a batch, a few statements for all and two for each: what is
 * on screen is the confirmed row, and only its version is news. Returns the outcomes
 * that it left, in their order: rows with more pending on them, or with a newer base.
 *
 * One by one (`settleOutcome`) an answer costs nine statements; of ten thousand it took
 * twice the time.
 */
export const settlePlain = (
  context: EngineContext,
  batchId: string,
  outcomes: readonly Outcome[],
): readonly Outcome[] => {
  const standings = standingsOfBatch(context, batchId);
  const changes = pendingChanges(
    context,
    outcomes.flatMap(({ mutationId }) => standings.get(mutationId) ?? []),
  );
  const left: Outcome[] = [];
  const settled: { readonly standing: Standing; readonly outcome: Outcome }[] = [];
  for (const outcome of outcomes) {
    const standing = standings.get(outcome.mutationId);
    if (standing?.range && settleRows(context, standing, outcome, changes))
      settled.push({ standing, outcome });
    else left.push(outcome);
  }
  for (const range of joinedRanges(settled.flatMap(({ standing }) => standing.range ?? [])))
    forgetRange(context, range);
  const settle = context.db.prepare(
    "update satchel_outbox set state = 'settled', outcome = ?, problem = null, settled_at = ?, acked = 0, " +
      'first_change = null, last_change = null, batch_id = null, next_at = null, blocked_by = null, ' +
      'held_until = null where position = ?',
  );
  const now = context.clock.now();
  for (const { standing, outcome } of settled) settle.run([JSON.stringify(outcome), now, standing.position]);
  freeBlockedBy(context, new Set(settled.map(({ standing }) => standing.mutationId)));
  return left;
};

/** By id, with what lies on their rows besides. */
const pendingChanges = (
  { db }: EngineContext,
  standings: readonly Standing[],
): ReadonlyMap<number, Pending> => {
  const read = db.prepare(
    `select c.change_id, c.tbl, c.op, c.key, coalesce(b.version, iif(${HOLDS_BASE}, c.version, null)) as base, ` +
      'b.version is not null as kept, b.gone as gone, exists (select 1 from satchel_changes p ' +
      'where p.tbl = c.tbl and p.key = c.key and p.change_id <> c.change_id) as more ' +
      'from satchel_changes c left join satchel_base b on b.tbl = c.tbl and b.key = c.key ' +
      'where c.change_id between ? and ?',
  );
  const changes = new Map<number, Pending>();
  for (const { first, last } of joinedRanges(standings.flatMap(({ range }) => range ?? [])))
    for (const row of read.all([first, last])) {
      const change = pendingOf(row);
      changes.set(change.changeId, change);
    }
  return changes;
};

const pendingOf = (row: SqlRow): Pending => {
  const op = row.op as string;
  const base = row.base as number | null;
  return {
    changeId: row.change_id as number,
    table: row.tbl as string,
    op,
    key: row.key as string,
    hasBase: row.kept === 1,
    mayBe: (version) =>
      op !== 'delete' &&
      row.more === 0 &&
      (base === null ? op === 'insert' : row.gone === null && base < version),
  };
};

/** Gives the rows of one mutation their versions; false when one of them is not as it was sent. */
const settleRows = (
  context: EngineContext,
  { range }: Standing,
  { changes: told }: Outcome,
  changes: ReadonlyMap<number, Pending>,
): boolean => {
  invariant(range, 'what is in flight has its changes');
  if (range.last - range.first + 1 !== told.length) return false;
  const news: { readonly change: Pending; readonly version: number }[] = [];
  for (const [index, { version }] of told.entries()) {
    const change = changes.get(range.first + index);
    if (!change || version === undefined || !change.mayBe(version)) return false;
    news.push({ change, version });
  }
  for (const { change, version } of news) {
    const local = context.tables.get(change.table);
    if (!local) return false;
    // Set again by whoever looks at the mutation one by one, when a later row is not there.
    const set = context.db.prepare(local.sql.setVersion).run([version, ...keyParameters(local, change.key)]);
    if (set === 0) return false;
  }
  for (const { change } of news) if (change.hasBase) deleteBase(context, change.table, change.key);
  return true;
};
