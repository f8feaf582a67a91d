import type { Value } from '@satchel/protocol';

/**
 * Column types. Each has one canonical form, see `Value` in `@satchel/protocol`;
 * how it is stored in SQLite and in PostgreSQL is decided in one place on each side.
 */
export const COLUMN_TYPES = [
  'id',
  'ref',
  'text',
  'integer',
  'bigint',
  'real',
  'decimal',
  'boolean',
  'date',
  'timestamp',
  'json',
  'serverId',
  'modifiedAt',
  'counter',
  'set',
  'media',
  'document',
] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

/** How a key (or a reference to it) is stored in PostgreSQL; on the wire it is always text. */
export type KeyType = 'text' | 'uuid' | 'integer' | 'bigint';

/** One column of a table, after `defineApp` has filled in every default. Plain data. */
export interface Column {
  /** camelCase; its SQL name is `columnToSql(name)`. */
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** Only for `id` and `ref`. */
  readonly keyType?: KeyType;
  /** Only for `ref`: the table it points to. */
  readonly references?: string;
  /** What happens to this row in PostgreSQL when the row it points to is deleted. */
  readonly onDelete?: 'restrict' | 'cascade' | 'set-null';
  /** Largest text in UTF-8 bytes; falls to the app's `limits.maxTextBytes`. */
  readonly maxBytes?: number;
  /** Constant default in canonical form, for inserts that leave the column out. */
  readonly defaultValue?: Value;
  /** Named validators of the app, run at the local write and on the server. */
  readonly validators?: readonly string[];
}

/** Columns by name, in the order of their declaration. */
export type Columns = Readonly<Record<string, Column>>;

/** Columns that the server gives: null on the device, or only a guess, until it has. */
export const isServerGiven = (column: Column): boolean =>
  column.type === 'serverId' || column.type === 'modifiedAt';

/** The column of that name, which may come from the wire: `constructor` is not one. */
export const columnOf = (columns: Columns, name: string): Column | undefined =>
  Object.hasOwn(columns, name) ? columns[name] : undefined;
