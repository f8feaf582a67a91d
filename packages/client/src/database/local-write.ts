import { type Json, SatchelError } from '@satchel/protocol';
import type { LocalDatabase, Query } from '@satchel/schema';
import type { Written } from '../engine.ts';
import type { EngineContext } from '../engine-context.ts';
import { captureMark, sealWrite } from '../outbox/seal.ts';
import type { SqlRow, Statement } from './driver.ts';
import { HOLD_COLUMN, VERSION_COLUMN } from './local-table.ts';
import { boundParameters } from './parameters.ts';
import { restoreTriggers } from './schema-check.ts';
import { guardStatement, guardWrite } from './statement-guard.ts';
import { tablesOf } from './tables-read.ts';
import { inTransaction } from './transaction.ts';

/** An app's statement, looked at once. */
interface AppStatement {
  readonly statement: Statement;
  readonly ddl: boolean;
  /** Tables beside the synced ones that it writes: capture does not tell of them. */
  readonly localTables: readonly string[];
}

/** Statements looked at and kept; beyond it all are looked at again. */
const MAX_KNOWN = 1_000;

/**
 * The app's reads and writes. A local transaction reaches the engine whole: there are
 * none that stay open between calls (rule 8).
 */
export class LocalWrites {
  readonly #context: EngineContext;
  readonly #known = new Map<string, AppStatement>();

  constructor(context: EngineContext) {
    this.#context = context;
  }

  write(queries: readonly Query[], name?: string): Written {
    const tables = new Set<string>();
    return this.#transaction(name, tables, () => {
      for (const { sql, parameters } of queries) this.#runOne(sql, parameters, tables);
    });
  }

  run(name: string, args: Json): Written & { readonly result: Json | undefined } {
    const { functions } = this.#context.app;
    const work = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (!work) throw new SatchelError('function_unknown', { name });
    const tables = new Set<string>();
    let result: Json | undefined;
    const written = this.#transaction(name, tables, (now) => {
      result = work(this.#localDatabase(now, tables), args);
      if (result instanceof Promise) {
        // Its rejection is nobody's: the transaction has failed already.
        (result as Promise<unknown>).catch(() => undefined);
        throw new SatchelError('function_async', { name });
      }
    });
    return { ...written, result };
  }

  all(sql: string, parameters?: readonly unknown[]): SqlRow[] {
    const { statement } = this.#statement(sql);
    if (!statement.readonly) {
      throw new SatchelError('statement_refused', { reason: 'a read may not write; use write' });
    }
    return withoutHidden(sql, statement.all(boundParameters(parameters)));
  }

  #transaction(name: string | undefined, tables: Set<string>, work: (now: number) => void): Written {
    const context = this.#context;
    return inTransaction(context, context.durability, () => {
      const mark = captureMark(context);
      const now = context.clock.now();
      if (hasModifiedAt(context)) context.db.prepare('update satchel_txn set millis = ?').run([now]);
      work(now);
      const sealed = sealWrite(context, mark, name);
      for (const table of sealed.tables) tables.add(table);
      return { mutationId: sealed.mutationId, tables: [...tables], lanes: sealed.lanes };
    });
  }

  #runOne(sql: string, parameters: readonly unknown[] | undefined, tables: Set<string>): number {
    const { statement, ddl, localTables } = this.#statement(sql);
    const changed = statement.run(boundParameters(parameters));
    for (const table of localTables) tables.add(table);
    if (ddl) {
      this.#known.clear();
      restoreTriggers(this.#context);
    }
    return changed;
  }

  #localDatabase(now: number, tables: Set<string>): LocalDatabase {
    return {
      all: (sql, parameters) => this.all(sql, parameters),
      get: (sql, parameters) => this.all(sql, parameters)[0],
      run: (sql, parameters) => {
        this.#runOne(sql, parameters, tables);
      },
      newId: () => this.#context.ids.next(),
      now: () => now,
    };
  }

  #statement(sql: string): AppStatement {
    const known = this.#known.get(sql);
    if (known) return known;
    const { db, sqlNames, tables } = this.#context;
    const { ddl } = guardStatement(sql, sqlNames);
    const statement = db.prepare(sql);
    const writes = !statement.readonly && !ddl;
    if (writes) guardWrite(sql);
    const localTables = writes
      ? tablesOf(this.#context, sql, 'write').filter((table) => !tables.has(table))
      : [];
    const made = { statement, ddl, localTables };
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(sql, made);
    return made;
  }
}

const hasModifiedAt = ({ tables }: EngineContext): boolean => {
  for (const { modifiedAt } of tables.values()) if (modifiedAt.length > 0) return true;
  return false;
};

/** `select *` gives the app's columns; who wants the hidden ones names them. */
const withoutHidden = (sql: string, rows: SqlRow[]): SqlRow[] => {
  const first = rows[0];
  if (!first || !(VERSION_COLUMN in first || HOLD_COLUMN in first) || sql.includes('satchel_')) return rows;
  return rows.map(({ [VERSION_COLUMN]: _version, [HOLD_COLUMN]: _hold, ...row }) => row);
};
