import { type Conflict, type ResolveRequest, SatchelError } from '@satchel/protocol';
import { isAdministrator, mayDo, type Principal, writableColumns } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { announce } from '../live/announce.ts';
import type { Transaction } from '../postgres/database.ts';
import { scopesFor } from '../pull/scopes.ts';
import { inTransaction } from '../push/run-job.ts';
import { type ConflictRow, readConflict } from './conflict-row.ts';
import { escalateConflict } from './escalate.ts';
import { showConflict } from './list.ts';
import { type Decided, decidedBy } from './ruling-of.ts';
import { settleConflict } from './settle-conflict.ts';
import { checkMayDecide, reachOf } from './sight.ts';

/**
 * Settles a conflict by a person's word, whole or column by column. The mutations that
 * waited for it get their final outcome, which their devices learn with the next page.
 *
 * @throws `conflict_unknown`, `conflict_settled`, `not_administrator`, `op_denied`, `column_denied`; `unique_taken`
 * and the like when the decision cannot be carried out: the conflict stays open
 */
export const resolveConflict = async (
  ctx: ServerContext,
  principal: Principal,
  conflictId: string,
  request: ResolveRequest,
): Promise<Conflict> => {
  if (request.decision === 'escalated') return escalateConflict(ctx, principal, conflictId, request.note);
  await inTransaction(ctx, async (tx) => {
    const row = await lockForDecision(ctx, tx, principal, conflictId);
    if (row.state === 'settled') throw new SatchelError('conflict_settled', { conflictId });
    const decided = decidedBy(ctx.app, row, request);
    checkMayWrite(ctx, principal, row, decided);
    await settleConflict(ctx, tx, row, {
      ...decided,
      principal,
      decidedBy: principal.userId,
      note: request.note,
      source: 'resolve',
      isTrusted: isAdministrator(ctx.app, principal),
    });
  });
  announce(ctx);
  return showConflict(ctx, principal, conflictId);
};

/**
 * Values that stand on neither side are the decider's own: he needs the right to write
 * them, else deciding about one column would give a hand on all. Values of a side were
 * judged when they came.
 *
 * @throws `op_denied`, `column_denied`
 */
const checkMayWrite = (
  { app }: ServerContext,
  principal: Principal,
  row: ConflictRow,
  { fields }: Decided,
): void => {
  const own = Object.entries(fields).filter(([, { take }]) => take === 'value');
  const table = app.tables[row.table_name];
  if (own.length === 0 || table === undefined || isAdministrator(app, principal)) return;
  if (!mayDo(table, 'update', principal.roles, principal.channel))
    throw new SatchelError('op_denied', { op: 'update', table: table.name });
  const writable = writableColumns(table, principal.roles);
  const denied = own.find(([name]) => !writable.includes(name));
  if (denied !== undefined) throw new SatchelError('column_denied', { table: table.name, column: denied[0] });
};

/** The conflict, locked, if the principal may decide about it. */
export const lockForDecision = async (
  ctx: ServerContext,
  tx: Transaction,
  principal: Principal,
  conflictId: string,
): Promise<ConflictRow> => {
  const row = await readConflict(tx, conflictId, true);
  if (row === undefined) throw new SatchelError('conflict_unknown', { conflictId });
  const [reach] = await reachOf(ctx, tx, [row], await scopesFor(ctx, tx, principal));
  checkMayDecide(ctx, principal, row, reach ?? { row: false, holder: false });
  return row;
};
