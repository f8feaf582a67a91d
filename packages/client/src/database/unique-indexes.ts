import { SatchelError } from '@satchel/protocol';
import type { EngineContext } from '../engine-context.ts';
import type { LocalTable } from './local-table.ts';
import { localIndexes } from './tables.ts';

/**
 * The app's unique values hold for local writes. What comes from the server, and what
 * a page brings between two pending edits, is laid down in any case: while two rows on
 * the screen have one value, the table goes without its unique indexes, and they come
 * back with the first transaction after which they hold again.
 */
const isUniqueClash = (error: unknown): boolean =>
  error instanceof SatchelError && error.params.sqlite === 'SQLITE_CONSTRAINT_UNIQUE';

/** Runs a statement on the table; when a unique value is in its way, again without the indexes. */
export const despiteUnique = <T>(context: EngineContext, local: LocalTable, statement: () => T): T => {
  try {
    return statement();
  } catch (error) {
    if (!isUniqueClash(error) || local.table.unique.length === 0) throw error;
    for (const { name, unique } of localIndexes(local)) {
      if (unique) context.db.exec(`drop index if exists "${name}"`);
    }
    return statement();
  }
};

/** Puts unique indexes back where they hold. */
export const restoreUnique = (context: EngineContext): void => {
  const missing = missingUnique(context);
  if (missing.length === 0) return;
  for (const { sql } of missing) {
    try {
      context.db.exec(sql);
    } catch (error) {
      if (!isUniqueClash(error)) throw error;
    }
  }
};

const missingUnique = ({ db, tables }: EngineContext): { readonly sql: string }[] => {
  const wanted = [...tables.values()].flatMap((local) => localIndexes(local)).filter(({ unique }) => unique);
  if (wanted.length === 0) return [];
  const there = new Set(
    db
      .prepare(
        "select name from sqlite_schema where type = 'index' and name like 'satchel\\_unique\\_%' escape '\\'",
      )
      .all()
      .map(({ name }) => name as string),
  );
  return wanted.filter(({ name }) => !there.has(name));
};
