import type { App, LocalDatabase, Table } from './app.ts';
import type { ModeOf, ValueOf } from './column-builders.ts';
import type { AnyFunction, AnyTable } from './define-app.ts';
import type { TableBuilder } from './table-builder.ts';

declare const appTypes: unique symbol;

/** An `App` that remembers the types of its tables and functions. */
export type DefinedApp<
  Tables extends Readonly<Record<string, AnyTable>>,
  Functions extends Readonly<Record<string, AnyFunction>>,
> = App & {
  readonly tables: { readonly [name in keyof Tables]: Table };
  /** Of types only; never there at run time. */
  readonly [appTypes]?: { readonly tables: Tables; readonly functions: Functions };
};

type TypesOf<A> = A extends { readonly [appTypes]?: infer Types } ? NonNullable<Types> : never;
type TablesOf<A> = TypesOf<A> extends { readonly tables: infer Tables } ? Tables : never;
type FunctionsOf<A> = TypesOf<A> extends { readonly functions: infer Functions } ? Functions : never;
type ColumnsOf<T> = T extends TableBuilder<infer Columns, readonly string[]> ? Columns : never;
/** Names in `primaryKey`, where it was given: only then is its type a tuple. */
type KeyOf<T> = T extends { readonly key?: infer Key }
  ? NonNullable<Key> extends readonly (infer Name)[]
    ? number extends NonNullable<Key>['length']
      ? never
      : Name
    : never
  : never;

/** Names of an app's tables. */
export type TableName<A> = keyof TablesOf<A> & string;

type Columns<A, T extends TableName<A>> = ColumnsOf<TablesOf<A>[T]>;
type ColumnName<A, T extends TableName<A>> = keyof Columns<A, T>;
type Named<A, T extends TableName<A>, Mode> = {
  [C in ColumnName<A, T>]: ModeOf<Columns<A, T>[C]> extends Mode ? C : never;
}[ColumnName<A, T>];
type Shown<T> = { [Name in keyof T]: T[Name] };

/**
 * A row in canonical values: booleans are booleans, json and sets are parsed, times
 * are UTC milliseconds, bigints and decimals are text.
 *
 * @example
 * ```ts
 * type Product = Row<typeof app, 'products'>; // { id: string; name: string; stock: number; … }
 * ```
 */
export type Row<A, T extends TableName<A>> = Shown<{
  -readonly [C in ColumnName<A, T>]: ValueOf<Columns<A, T>[C]>;
}>;

type Required<A, T extends TableName<A>> = Named<A, T, 'key' | 'required'>;
/** Columns that an update may set: not those of the key. */
type Updatable<A, T extends TableName<A>> = Exclude<
  Named<A, T, 'required' | 'optional'>,
  KeyOf<TablesOf<A>[T]>
>;

/** What an insert gives: columns with a default, and nullable ones, may be left out; what the server gives cannot be given. */
export type InsertRow<A, T extends TableName<A>> = Shown<
  { -readonly [C in Required<A, T>]: ValueOf<Columns<A, T>[C]> } & {
    -readonly [C in Named<A, T, 'optional'>]?: ValueOf<Columns<A, T>[C]>;
  }
>;

/** What an update may set: not the key, not what the server gives. */
export type UpdateRow<A, T extends TableName<A>> = Shown<{
  -readonly [C in Updatable<A, T>]?: ValueOf<Columns<A, T>[C]>;
}>;

/** Kysely's `ColumnType`, written out so that Kysely stays the app's own dependency. */
interface KyselyColumn<Select, Insert, Update> {
  readonly __select__: Select;
  readonly __insert__: Insert;
  readonly __update__: Update;
}

/**
 * The app's tables for `Kysely<KyselyDatabase<typeof app>>`: camelCase names and
 * canonical values, to and from which the client's dialect converts. In raw SQL the
 * names are snake_case and the values SQLite's: booleans 0 and 1, json and sets text.
 */
export type KyselyDatabase<A> = {
  [T in TableName<A>]: {
    [C in ColumnName<A, T>]: KyselyColumn<
      ValueOf<Columns<A, T>[C]>,
      C extends Required<A, T>
        ? ValueOf<Columns<A, T>[C]>
        : C extends Named<A, T, 'optional'>
          ? ValueOf<Columns<A, T>[C]> | undefined
          : never,
      C extends Updatable<A, T> ? ValueOf<Columns<A, T>[C]> : never
    >;
  };
};

/** Names of an app's local functions; none when it defines none. */
export type FunctionName<A> = string extends keyof FunctionsOf<A> ? never : keyof FunctionsOf<A> & string;
/** What `db.run(name, args)` takes. */
export type FunctionArgs<A, N extends FunctionName<A>> = FunctionsOf<A>[N] extends (
  db: LocalDatabase,
  args: infer Args,
) => unknown
  ? Args
  : never;
/** What `db.run(name, args)` gives. */
export type FunctionResult<A, N extends FunctionName<A>> = FunctionsOf<A>[N] extends (
  ...args: never[]
) => infer Result
  ? Result
  : never;
