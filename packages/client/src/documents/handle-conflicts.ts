import { type Conflict, SatchelError } from '@satchel/protocol';
import type { DocumentsContext } from './hooks.ts';
import { type DocumentRow, tableNamed, updateQuery } from './rows.ts';

/** A conflict as a push of the store forms tells it. */
export interface DocumentConflict {
  readonly table: string;
  readonly record_id: string;
  readonly client_data: DocumentRow;
  readonly server_data: DocumentRow;
}

export type ConflictRule = 'keep-client' | 'latest' | 'accept-server';

/** The store forms' rules by table; every other table takes the server's version. */
export const CONFLICT_RULES: Readonly<Record<string, ConflictRule>> = {
  forms: 'keep-client',
  templates: 'keep-client',
  form_templates: 'keep-client',
  settings: 'keep-client',
  submissions: 'latest',
  kpi_data: 'latest',
};

/** How the store forms' client deals with conflicts that a push told of. */
export const conflictHandlersOf = (context: DocumentsContext) => {
  const { db } = context;

  const openConflict = async ({ table, record_id }: DocumentConflict): Promise<Conflict | undefined> => {
    const { name } = tableNamed(db.app, table);
    const known = await db.conflicts.list({ refresh: true });
    return known.find((one) => one.table === name && one.key === record_id && one.state !== 'settled');
  };

  /** Settles it if it is open; `false` where a rule has settled it already. */
  const decide = async (
    conflict: DocumentConflict,
    decision: 'accept-client' | 'accept-server',
  ): Promise<boolean> => {
    const open = await openConflict(conflict);
    if (open === undefined) return false;
    try {
      await db.conflicts.resolve(open.conflictId, { decision });
    } catch (error) {
      // Somebody was quicker.
      if (!(error instanceof SatchelError && error.code === 'conflict_settled')) throw error;
      return false;
    }
    return true;
  };

  /** Writes the client's values again, as an edit of what the server has now; sent once. */
  const writeAgain = async ({ table, record_id, client_data }: DocumentConflict): Promise<void> => {
    await db.sync.now();
    const query = updateQuery(tableNamed(db.app, table), record_id, client_data);
    if (query !== undefined) await db.write([query]);
    await db.sync.now();
  };

  const keepClientVersion = async (conflict: DocumentConflict): Promise<void> => {
    if (!(await decide(conflict, 'accept-client'))) await writeAgain(conflict);
    await db.sync.now();
  };

  const retryPush = keepClientVersion;

  const acceptServerVersion = async (conflict: DocumentConflict): Promise<void> => {
    await decide(conflict, 'accept-server');
    await db.sync.now();
  };

  const handleConflicts = async (
    conflicts: readonly DocumentConflict[],
    rules: Readonly<Record<string, ConflictRule>> = CONFLICT_RULES,
  ): Promise<void> => {
    for (const conflict of conflicts) {
      switch (rules[conflict.table] ?? 'accept-server') {
        case 'keep-client':
          await keepClientVersion(conflict);
          break;
        case 'latest':
          if (updatedAt(conflict.client_data) > updatedAt(conflict.server_data)) await retryPush(conflict);
          else await acceptServerVersion(conflict);
          break;
        case 'accept-server':
          await acceptServerVersion(conflict);
          break;
      }
    }
  };

  return { handleConflicts, keepClientVersion, retryPush, acceptServerVersion };
};

/** UTC milliseconds; of a row that does not say, the beginning of time. */
const updatedAt = (row: DocumentRow): number => {
  const at = row.updated_at ?? row.updatedAt;
  const millis = typeof at === 'number' ? at : typeof at === 'string' ? Date.parse(at) : Number.NaN;
  return Number.isNaN(millis) ? Number.NEGATIVE_INFINITY : millis;
};
