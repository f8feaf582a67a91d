import type { ScopeLine, SweptLine } from '@satchel/protocol';
import { HOLD_COLUMN, keyExpression, type LocalTable } from '../database/local-table.ts';
import type { EngineContext } from '../engine-context.ts';
import { forgetNumber, holdsOfScope, makeStale } from './holds.ts';
import type { LeavingReason, LeavingRows } from './leaving.ts';
import { dropHidden } from './stage.ts';
import { release } from './take-rows.ts';

/** A scope begins to be copied, is copied anew, or goes. */
export const takeScope = (context: EngineContext, line: ScopeLine, leaving: LeavingRows): void => {
  dropHidden(context, line.scope);
  switch (line.action) {
    case 'left':
      releaseScope(context, line.scope, line.tables, 'left', leaving, false);
      return;
    // A copy of what is held already is a copy anew (and of what is not held, a first one).
    case 'backfill':
    case 'reset':
      for (const { table } of numbersOf(context, line.scope, line.tables))
        makeStale(context, line.scope, table);
  }
};

/** The copy is complete: what was held before it and did not come again goes. */
export const takeSwept = (context: EngineContext, line: SweptLine, leaving: LeavingRows): void =>
  releaseScope(context, line.scope, line.tables, 'swept', leaving, true);

/** A page that starts over names all scopes of the client. */
export const releaseScopesBut = (
  context: EngineContext,
  named: ReadonlySet<string>,
  leaving: LeavingRows,
): void => {
  const held = context.db.prepare('select distinct scope from satchel_scopes').all();
  for (const { scope } of held) {
    if (!named.has(scope as string))
      releaseScope(context, scope as string, undefined, 'left', leaving, false);
  }
};

const numbersOf = (context: EngineContext, scope: string, tables: readonly string[] | undefined) =>
  holdsOfScope(context, scope).filter(({ table }) => !tables || tables.includes(table));

const releaseScope = (
  context: EngineContext,
  scope: string,
  tables: readonly string[] | undefined,
  reason: LeavingReason,
  leaving: LeavingRows,
  staleOnly: boolean,
): void => {
  for (const { number, table, stale } of numbersOf(context, scope, tables)) {
    if (staleOnly && !stale) continue;
    const local = context.tables.get(table);
    if (local) {
      for (const key of keysHeld(context, local, number)) {
        release(context, local, key, [number]);
        leaving.add({ table, key, reason, version: null });
      }
    }
    forgetNumber(context, number, scope, table);
  }
};

/** Keys of the rows that have the number among their holds. */
const keysHeld = ({ db }: EngineContext, local: LocalTable, number: number): string[] =>
  // A row whose base is not written down is on screen, with its hold.
  db
    .prepare(
      `select ${keyExpression(local, 't')} as key from ${local.quoted} t where t.${HOLD_COLUMN} = ? ` +
        'union select key from satchel_holds where scope_no = ? union select key from satchel_base where tbl = ? and hold = ?',
    )
    .all([number, number, local.name, number])
    .map(({ key }) => String(key));
