import type { Values } from '@satchel/protocol';
import type { SqlValue } from '../database/driver.ts';
import {
  HOLD_COLUMN,
  imageOf,
  keyExpression,
  type LocalTable,
  VERSION_COLUMN,
} from '../database/local-table.ts';
import { inTransaction } from '../database/transaction.ts';
import type { EngineContext } from '../engine-context.ts';
import { keepBases } from '../pages/base.ts';

/** A row of a scope as the server confirmed it, whatever is pending on it. */
export interface HeldRow {
  readonly key: string;
  readonly version: number;
  /** `null` unless values were asked for. */
  readonly values: Values | null;
}

/** Rows read at once. */
const PAGE = 5_000;

/** Rows that the hold with this number covers, in the order of keys that PostgreSQL calls "C". */
export function* heldRows(
  context: EngineContext,
  local: LocalTable,
  number: number,
  options: { readonly values: boolean; readonly afterKey?: string | null; readonly upToKey?: string | null },
): Generator<HeldRow> {
  // Versions and holds are those of the rows on screen where no base is written down; values are not.
  if (options.values) inTransaction(context, 'normal', () => keepBases(context));
  const statement = context.db.prepare(heldSql(local, options.values));
  let after = options.afterKey ?? '';
  const upTo = options.upToKey ?? null;
  for (;;) {
    const parameters: SqlValue[] = [number, local.name, number, local.name, local.name, number, number];
    const rows = statement.all([...parameters, after, upTo, upTo, PAGE]);
    for (const row of rows) {
      yield {
        key: String(row.key),
        version: row.version as number,
        values: typeof row.image === 'string' ? (JSON.parse(row.image) as Values) : null,
      };
    }
    if (rows.length < PAGE) return;
    after = String(rows.at(-1)!.key);
  }
}

const heldSql = (local: LocalTable, values: boolean): string => {
  const key = keyExpression(local, 't');
  const further = (name: string) =>
    `exists (select 1 from satchel_holds h where h.tbl = ? and h.key = ${name} and h.scope_no = ?)`;
  return (
    'select key, version, image from (' +
    `select cast(${key} as text) as key, t.${VERSION_COLUMN} as version, ${values ? imageOf(local, 't') : 'null'} as image ` +
    `from ${local.quoted} t where t.${VERSION_COLUMN} is not null and (t.${HOLD_COLUMN} = ? or ${further(key)}) ` +
    `and not exists (select 1 from satchel_base b where b.tbl = ? and b.key = ${key}) ` +
    `union all select b.key, b.version, ${values ? 'b.row' : 'null'} from satchel_base b ` +
    `where b.tbl = ? and b.row is not null and (b.hold = ? or exists (select 1 from satchel_holds h ` +
    'where h.tbl = b.tbl and h.key = b.key and h.scope_no = ?))' +
    ') where key > ? and (? is null or key <= ?) order by key limit ?'
  );
};
