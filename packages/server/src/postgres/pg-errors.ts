import { SatchelError } from '@satchel/protocol';
import pg from 'pg';

/** A constraint as the catalogue knows it; names are PostgreSQL's. */
export interface Constraint {
  readonly kind: 'primary-key' | 'unique' | 'foreign-key' | 'check' | 'exclusion';
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** Of a foreign key: where it points to. */
  readonly references?: {
    readonly schema: string;
    readonly table: string;
    readonly columns: readonly string[];
  };
}

/**
 * What PostgreSQL refused, from SQLSTATE and the names that come with it, never from
 * the text. Names are PostgreSQL's. `columns` is empty where the constraint is not in
 * the list that was given.
 */
export type DatabaseFact =
  /**
   * A row refers to one that is not there. PostgreSQL names the referring table both
   * when a reference was written and when its target was deleted: which of the two it
   * was is known to the caller, by what it did.
   */
  | {
      readonly kind: 'foreign-key';
      readonly table: string;
      readonly constraint: string;
      readonly columns: readonly string[];
      readonly parentTable?: string;
    }
  /** Also for a primary key and for a unique index. */
  | {
      readonly kind: 'unique';
      readonly table: string;
      readonly constraint: string;
      readonly columns: readonly string[];
    }
  | { readonly kind: 'check'; readonly table: string | undefined; readonly constraint: string }
  | { readonly kind: 'not-null'; readonly table: string; readonly column: string }
  /** A value that its type cannot hold: class 22. */
  | { readonly kind: 'value'; readonly state: string; readonly column: string | undefined }
  /** Try the transaction again. */
  | { readonly kind: 'serialization' }
  | { readonly kind: 'deadlock' }
  /** Somebody else held a lock for too long, or the statement took too long. */
  | { readonly kind: 'timeout'; readonly state: string }
  /** It is not known whether the last commit took place. */
  | { readonly kind: 'connection-lost' }
  | { readonly kind: 'no-room' }
  | { readonly kind: 'denied' }
  /** Raised by a trigger or function of the app itself: `raise exception`, or a class of its own. */
  | { readonly kind: 'raised'; readonly state: string; readonly table: string | undefined }
  | { readonly kind: 'other'; readonly state: string };

/** The server's own word; `undefined` for what is no error of PostgreSQL. */
export const databaseFact = (
  error: unknown,
  constraints: readonly Constraint[] = [],
): DatabaseFact | undefined => {
  if (isConnectionLost(error)) return { kind: 'connection-lost' };
  if (!(error instanceof pg.DatabaseError)) return undefined;
  const state = error.code ?? '';
  const { table, constraint } = error;
  const known = constraints.find(
    (one) => one.name === constraint && one.table === table && one.schema === error.schema,
  );
  switch (state) {
    case '23503':
    case '23001':
      return {
        kind: 'foreign-key',
        table: table ?? '',
        constraint: constraint ?? '',
        columns: known?.columns ?? [],
        ...(known?.references ? { parentTable: known.references.table } : {}),
      };
    case '23505':
    case '23P01':
      return {
        kind: 'unique',
        table: table ?? '',
        constraint: constraint ?? '',
        columns: known?.columns ?? [],
      };
    case '23514':
      return { kind: 'check', table, constraint: constraint ?? '' };
    case '23502':
      return { kind: 'not-null', table: table ?? '', column: error.column ?? '' };
    case '40001':
      return { kind: 'serialization' };
    case '40P01':
      return { kind: 'deadlock' };
    case '55P03':
    case '57014':
      return { kind: 'timeout', state };
    case '42501':
      return { kind: 'denied' };
    case '53100':
    case '53200':
    case '54000':
      return { kind: 'no-room' };
    case 'P0001':
      return { kind: 'raised', state, table };
  }
  if (state.startsWith('22')) return { kind: 'value', state, column: error.column };
  // Classes from I to Z are left to applications, but for PL/pgSQL's own and internal errors.
  if (/^[I-Z]/.test(state) && !/^(P0|XX)/.test(state)) return { kind: 'raised', state, table };
  return { kind: 'other', state };
};

/** Whether the same transaction may succeed when it is simply run again. */
export const isRetryable = (error: unknown): boolean => {
  const kind = databaseFact(error)?.kind;
  return kind === 'serialization' || kind === 'deadlock';
};

const NETWORK_CODES: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * Whether the connection is gone: by the server's word (shutting down, crashed, timed
 * out), by the network's, or because `PgDatabase` found it so.
 */
export const isConnectionLost = (error: unknown): boolean => {
  if (error instanceof SatchelError) return error.code === 'database_unavailable';
  if (error instanceof pg.DatabaseError) return isLostState(error.code ?? '', error.severity);
  return error instanceof Error && NETWORK_CODES.has((error as NodeJS.ErrnoException).code);
};

/**
 * Class 08; shutdown, crash, starting up, database dropped, idle too long; too many
 * connections. 08P01 is a word against our own message, a bug, unless it ends the
 * connection: poolers say so when theirs is gone.
 */
const isLostState = (state: string, severity: string | undefined): boolean =>
  state === '08P01'
    ? severity === 'FATAL'
    : state.startsWith('08') || /^(57P0[1-5]|25P0[34]|53300)$/.test(state);
