import type {
  App,
  DocumentMerger,
  DocumentViews,
  Limits,
  LocalDatabase,
  LocalFunction,
  OnApplied,
  Resolver,
  Table,
  Validator,
} from './app.ts';
import { type AlertsInput, defineAlerts } from './define-alerts.ts';
import { defineColumns } from './define-columns.ts';
import { defineDocumentViews } from './define-document-views.ts';
import { defineHistory } from './define-history.ts';
import { defineHttp, type HttpInput } from './define-http.ts';
import { defineLimits } from './define-limits.ts';
import { definePrimaryKey } from './define-primary-key.ts';
import { defineForeignKeys, type KeyedTable, orderTables, resolveKeyTypes } from './define-references.ts';
import { defineSync, type SyncInput } from './define-sync.ts';
import { checkVia, defineTable, TABLE_SETTINGS, type TableSurroundings } from './define-table.ts';
import type { AnyColumn, HistoryStepInput } from './history.ts';
import { checkKnown, checkSettings, checkTexts, checkWhole, checkWord, mistake } from './mistake.ts';
import { checkLabel, checkName } from './names.ts';
import { defineScopesOf, type ScopesOfInput } from './scopes-of.ts';
import type { TableBuilder } from './table-builder.ts';
import type { DefinedApp } from './types.ts';

export type AnyTable = TableBuilder<Readonly<Record<string, AnyColumn>>, readonly string[]>;
/** A local function as an app writes it, with arguments of its own type. */
export type AnyFunction = (db: LocalDatabase, args: never) => ReturnType<LocalFunction>;

/** An app as it is written. */
export interface AppInput<
  Tables extends Readonly<Record<string, AnyTable>>,
  Functions extends Readonly<Record<string, AnyFunction>>,
> {
  /** Lower case, with hyphens. Names the database on the device. */
  readonly name: string;
  /** Rises by one with each step of `history`. Default 1. */
  readonly schemaVersion?: number;
  readonly tables: Tables;
  /** Which scopes a user may hold: a function of the token, `sql(…)` or `membershipScopes(…)`. */
  readonly scopesOf: ScopesOfInput;
  readonly sync?: SyncInput;
  readonly limits?: Partial<Limits>;
  /** How the schema came to be; needed while clients of older versions are about. */
  readonly history?: readonly HistoryStepInput[];
  /** Roles that may see all clients and conflicts. Default `['admin']`. */
  readonly administrators?: readonly string[];
  /** Every role that rules may name. When given, a slip in a role's name is refused. */
  readonly roles?: readonly string[];
  /** From the most urgent to the least. Default `['urgent', 'high', 'medium', 'low']`. */
  readonly lanes?: readonly string[];
  /** Local functions, `db.run(name, args)`. */
  readonly functions?: Functions;
  readonly validators?: Readonly<Record<string, Validator>>;
  readonly resolvers?: Readonly<Record<string, Resolver>>;
  /** Server functions after commit, by table. */
  readonly onApplied?: { readonly [table in keyof Tables]?: OnApplied | readonly OnApplied[] };
  /** Needed by `textDocument()` columns; see `yjsDocuments`. */
  readonly documents?: DocumentMerger;
  /** What a revoked device does with its rows. Default `lock`. */
  readonly onRevoke?: 'lock' | 'wipe';
  /** HTTP contracts of older clients, `http: { dialects: ['tables'] }`. Default none. */
  readonly http?: HttpInput;
  /** The source documents' tables as views; `true`: on the server and on the device. Default none. */
  readonly documentViews?: boolean | Partial<DocumentViews>;
  /** When operators are alerted; see `AlertSettings`. */
  readonly alerts?: AlertsInput;
}

type AnyInput = AppInput<Readonly<Record<string, AnyTable>>, Readonly<Record<string, AnyFunction>>>;

const SETTINGS: readonly (keyof AnyInput)[] = [
  'name',
  'schemaVersion',
  'tables',
  'scopesOf',
  'sync',
  'limits',
  'history',
  'administrators',
  'roles',
  'lanes',
  'functions',
  'validators',
  'resolvers',
  'onApplied',
  'documents',
  'onRevoke',
  'http',
  'documentViews',
  'alerts',
];

/** Functions by name, each of them a function. */
const defineFunctions = <F>(
  where: string,
  given: Readonly<Record<string, F>>,
): Readonly<Record<string, F>> => {
  checkSettings(where, given, Object.keys(given));
  for (const [name, value] of Object.entries(given)) {
    checkName(`${where}.${name}`, 'function', name);
    if (typeof value !== 'function') throw mistake(`${where}.${name}`, 'not a function', 'Give a function.');
  }
  return { ...given };
};

const defineLabels = (where: string, kind: string, given: readonly string[]): readonly string[] => {
  checkTexts(where, given);
  if (given.length === 0) throw mistake(where, `there is no ${kind}`, `Name at least one ${kind}.`);
  given.forEach((label, at) => {
    checkLabel(`${where}[${at}]`, kind, label);
    if (given.indexOf(label) !== at)
      throw mistake(`${where}[${at}]`, `"${label}" is there twice`, 'Name it once.');
  });
  return [...given];
};

const defineOnApplied = (
  where: string,
  given: Readonly<Record<string, OnApplied | readonly OnApplied[] | undefined>>,
  tables: readonly string[],
): App['onApplied'] => {
  checkSettings(where, given, Object.keys(given));
  const byTable: Record<string, readonly OnApplied[]> = {};
  for (const [table, functions] of Object.entries(given)) {
    const here = `${where}.${table}`;
    checkKnown(here, 'table', table, tables);
    const list = (typeof functions === 'function' ? [functions] : functions) as readonly OnApplied[];
    if (!Array.isArray(list) || list.some((one) => typeof one !== 'function')) {
      throw mistake(here, 'not a function', 'Give a function or a list of functions.');
    }
    byTable[table] = [...list];
  }
  return byTable;
};

const checkDocuments = (tables: Readonly<Record<string, KeyedTable>>, documents: unknown): void => {
  if (typeof (documents as DocumentMerger | undefined)?.merge === 'function') return;
  if (documents !== undefined) {
    throw mistake('documents', 'it has no function merge', 'Write documents: yjsDocuments(Y).');
  }
  for (const table of Object.values(tables)) {
    const column = Object.values(table.columns).find(({ type }) => type === 'document');
    if (column !== undefined) {
      throw mistake(
        `tables.${table.name}.columns.${column.name}`,
        'a text document needs a merger',
        'Add documents: yjsDocuments(Y) to the app.',
      );
    }
  }
};

/** Columns and keys of all tables, references resolved. */
const defineKeyed = (
  given: Readonly<Record<string, AnyTable>>,
  validators: readonly string[],
): Readonly<Record<string, KeyedTable>> => {
  checkSettings('tables', given, Object.keys(given ?? {}));
  if (Object.keys(given).length === 0) {
    throw mistake('tables', 'there are no tables', 'Write tables: { products: table({ … }, { … }) }.');
  }
  const keyed: Record<string, KeyedTable> = {};
  for (const [name, built] of Object.entries(given)) {
    const where = `tables.${name}`;
    checkName(where, 'table', name);
    if (typeof built !== 'object' || built === null || !('columns' in built)) {
      throw mistake(where, 'this is not a table', 'Write table({ … }, { scope: … }).');
    }
    const columns = defineColumns(where, built.columns, validators);
    checkSettings(where, built.options ?? {}, TABLE_SETTINGS);
    keyed[name] = {
      name,
      columns,
      primaryKey: definePrimaryKey(where, name, columns, built.options?.primaryKey),
    };
  }
  return resolveKeyTypes(keyed);
};

/** Nothing can change an app once it is defined. Classes and functions are left as they are. */
const freeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && !Array.isArray(value)) return value;
  for (const part of Object.values(value)) freeze(part);
  return Object.freeze(value);
};

const normalise = (input: AnyInput): App => {
  checkSettings('app', input, SETTINGS);
  checkLabel('name', 'app', input.name);
  const schemaVersion = input.schemaVersion ?? 1;
  checkWhole('schemaVersion', schemaVersion, 1, 'versions');
  const lanes = defineLabels('lanes', 'lane', input.lanes ?? ['urgent', 'high', 'medium', 'low']);
  const roles = input.roles === undefined ? undefined : defineLabels('roles', 'role', input.roles);
  const checkRole = (where: string, role: unknown): void => {
    checkLabel(where, 'role', role);
    if (roles !== undefined) checkKnown(where, 'role', role as string, roles);
  };
  const administrators = defineLabels('administrators', 'role', input.administrators ?? ['admin']);
  if (input.administrators !== undefined)
    for (const role of administrators) checkRole('administrators', role);
  const validators = defineFunctions('validators', input.validators ?? {});
  const resolvers = defineFunctions('resolvers', input.resolvers ?? {});
  const functions = defineFunctions('functions', input.functions ?? {}) as App['functions'];
  const sync = defineSync('sync', input.sync ?? {}, lanes);

  const keyed = defineKeyed(input.tables, Object.keys(validators));
  checkDocuments(keyed, input.documents);
  const names = Object.keys(keyed);
  const foreignKeys = Object.fromEntries(
    Object.values(keyed).map((table) => [
      table.name,
      defineForeignKeys(keyed, table, input.tables[table.name]!.options.foreignKeys ?? []),
    ]),
  );
  const surroundings: TableSurroundings = {
    tables: Object.fromEntries(Object.values(keyed).map(({ name, columns }) => [name, columns])),
    foreignKeys,
    lanes,
    sync,
    resolvers: Object.keys(resolvers),
    checkRole,
  };
  const tables: Readonly<Record<string, Table>> = Object.fromEntries(
    Object.values(keyed).map((table) => [
      table.name,
      defineTable(table, input.tables[table.name]!.options, foreignKeys[table.name]!, surroundings),
    ]),
  );
  checkVia(tables);
  const documentViews = defineDocumentViews('documentViews', input.documentViews ?? false, tables);
  const onRevoke = input.onRevoke ?? 'lock';
  checkWord('onRevoke', onRevoke, ['lock', 'wipe']);
  return {
    name: input.name,
    schemaVersion,
    tables,
    tableOrder: orderTables(names, foreignKeys),
    scopesOf: defineScopesOf('scopesOf', input.scopesOf, tables),
    sync,
    limits: defineLimits('limits', input.limits ?? {}),
    history: defineHistory('history', input.history ?? [], schemaVersion, tables),
    administrators,
    lanes,
    functions,
    validators,
    resolvers,
    onApplied: defineOnApplied('onApplied', input.onApplied ?? {}, names),
    onRevoke,
    http: defineHttp('http', input.http ?? {}, tables, documentViews.server || documentViews.device),
    documentViews,
    alerts: defineAlerts('alerts', input.alerts ?? {}, tables),
    ...(roles === undefined ? {} : { roles }),
    ...(input.documents === undefined ? {} : { documents: input.documents }),
  };
};

/**
 * The one description of an app: it types the client, makes and migrates the tables in
 * SQLite and PostgreSQL, and configures the server. Every default is filled in and
 * every name checked; the result is frozen.
 *
 * Throws `app_invalid` for a mistake, with `where` (`tables.products.lane`), what is
 * wrong and what to do.
 *
 * @example
 * ```ts
 * const app = defineApp({
 *   name: 'shop',
 *   tables: {
 *     products: table(
 *       { id: id(), storeId: text(), name: text(), price: decimal(), stock: counter() },
 *       { scope: 'store:{storeId}', conflicts: { update: 'server-wins', delete: 'ask' } },
 *     ),
 *   },
 *   scopesOf: ({ claims }) => [`store:${claims.storeId}`],
 * });
 * app.tables.products.lane; // 'medium'
 * ```
 */
export const defineApp = <
  const Tables extends Readonly<Record<string, AnyTable>>,
  const Functions extends Readonly<Record<string, AnyFunction>> = Readonly<Record<string, AnyFunction>>,
>(
  input: AppInput<Tables, Functions>,
): DefinedApp<Tables, Functions> =>
  freeze(normalise(input as unknown as AnyInput)) as DefinedApp<Tables, Functions>;
