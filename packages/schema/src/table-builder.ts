import type { BatchSettings, LocalTrigger, Operation, RetrySettings } from './app.ts';
import type { AnyColumn } from './history.ts';
import type { ConflictsInput } from './policies.ts';

/** A scope of a table as an app writes it: a template, or one of the functions below. */
export type ScopeInput =
  | string
  | { readonly kind: 'via'; readonly columns: readonly string[] }
  | ({ readonly kind: 'membership' } & MembershipInput);

export interface MembershipInput {
  /** The table whose rows name rows of this one. */
  readonly table: string;
  /** Its column that names them. */
  readonly column: string;
  /** Template over its columns. */
  readonly scope: string;
  /** The table is an ordinary PostgreSQL table, `table` or `schema.table`, that the app does not define; its columns are still named in camelCase. */
  readonly plain?: boolean;
}

/**
 * The row is in the scopes of the row that this reference points to, and moves with it.
 *
 * @example
 * ```ts
 * table({ id: id(), submissionId: ref('submissions'), answer: text() }, { scope: via('submissionId') });
 * ```
 */
export const via = (columns: string | readonly string[]): ScopeInput => ({
  kind: 'via',
  columns: typeof columns === 'string' ? [columns] : columns,
});

/**
 * The row is in one scope for each row of `table` that names it: an agent's farms,
 * a project's members.
 *
 * @example
 * ```ts
 * table({ id: id(), name: text() }, {
 *   scope: membership({ table: 'farmAgents', column: 'farmId', scope: 'agent:{agentId}' }),
 * });
 * ```
 */
export const membership = (input: MembershipInput): ScopeInput => ({ kind: 'membership', ...input });

export interface ForeignKeyInput {
  readonly columns: readonly string[];
  readonly references: string;
  readonly onDelete?: 'restrict' | 'cascade' | 'set-null';
}

/** A reference to a table whose primary key has several columns, given in that key's order. */
export const foreignKey = (
  columns: readonly string[],
  references: string,
  options: { readonly onDelete?: 'restrict' | 'cascade' | 'set-null' } = {},
): ForeignKeyInput => ({ columns, references, ...options });

/** One role or several; `'*'` is any signed-in user, an empty list nobody. */
export type RolesInput = string | readonly string[];

export interface AccessInput<Name extends string = string> {
  readonly read?: RolesInput;
  readonly insert?: RolesInput;
  readonly update?: RolesInput;
  readonly delete?: RolesInput;
  /** Insert, update and delete at once. */
  readonly write?: RolesInput;
  readonly columns?: {
    readonly [column in Name]?: { readonly read?: RolesInput; readonly write?: RolesInput };
  };
  /** What may be done by a channel; channels left out may do all. */
  readonly channels?: Readonly<Record<string, readonly Operation[]>>;
}

export interface AdoptInput<Name extends string = string> {
  /** Default `public`. */
  readonly schema?: string;
  /** Default the table's name in snake_case. */
  readonly table?: string;
  /** PostgreSQL names of columns whose name is not the snake_case one. */
  readonly columns?: { readonly [column in Name]?: string };
}

export interface TableOptions<Name extends string, Key extends readonly Name[]> {
  /** Which scopes hold a row; a row is in all that apply. */
  readonly scope: ScopeInput | readonly ScopeInput[];
  /** Default: the one `id()` column. */
  readonly primaryKey?: Key;
  /** Default `medium`. */
  readonly lane?: string;
  readonly conflicts?: ConflictsInput<Name>;
  /** Default: every signed-in user may do all. */
  readonly access?: AccessInput<Name>;
  readonly unique?: readonly (Name | readonly Name[])[];
  readonly indexes?: readonly (Name | readonly Name[])[];
  readonly foreignKeys?: readonly ForeignKeyInput[];
  /** Shows pages of a first copy as they arrive. Default true. */
  readonly partial?: boolean;
  /** Folds an edit into the row's last unsent mutation. Default true. */
  readonly coalesce?: boolean;
  /** Audits writers other than push. Default true. */
  readonly audit?: boolean;
  readonly retry?: Partial<RetrySettings>;
  readonly batch?: Partial<BatchSettings>;
  /** Cron text or seconds. Default: as the lane. */
  readonly schedule?: string | number;
  /** Milliseconds after which shown data counts as stale. Default never. */
  readonly staleAfter?: number;
  /** The app's own SQLite triggers, silent while server rows are applied. */
  readonly triggers?: readonly LocalTrigger[];
  /** Use a table that PostgreSQL already has: `true`, its name, or names in full. */
  readonly adopt?: true | string | AdoptInput<Name>;
}

/** A table as an app writes it, before `defineApp` has checked it. */
export interface TableBuilder<
  Columns extends Readonly<Record<string, AnyColumn>>,
  Key extends readonly string[],
> {
  readonly columns: Columns;
  readonly options: TableOptions<string, readonly string[]>;
  /** Of types only. */
  readonly key?: Key;
}

/**
 * One synced table.
 *
 * @example
 * ```ts
 * table(
 *   { id: id(), storeId: text(), name: text(), stock: counter() },
 *   { scope: 'store:{storeId}', lane: 'high', conflicts: { update: 'server-wins', delete: 'ask' } },
 * );
 * ```
 */
export const table = <
  const Columns extends Readonly<Record<string, AnyColumn>>,
  const Key extends readonly (keyof Columns & string)[] = readonly [],
>(
  columns: Columns,
  options: TableOptions<keyof Columns & string, Key>,
): TableBuilder<Columns, Key> => ({
  columns,
  options: options as TableOptions<string, readonly string[]>,
});
