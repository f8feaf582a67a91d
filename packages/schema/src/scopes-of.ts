import { columnToSql, quoteIdentifier } from '@satchel/core';
import type { Principal, ScopesOf, ScopeTemplate, Table } from './app.ts';
import { checkSettings, checkTexts, mistake } from './mistake.ts';
import { checkColumn } from './names.ts';
import { suggestName } from './near-name.ts';
import { checkTemplate, parseTemplate } from './scope-template.ts';

/** Which scopes a user may hold, as an app writes it. */
export type ScopesOfInput =
  | ((principal: Principal) => readonly string[])
  | { readonly kind: 'sql'; readonly text: string; readonly reads: readonly string[] }
  | ({ readonly kind: 'membership' } & MembershipScopesInput);

export interface MembershipScopesInput {
  /** The table with one row for each user and scope. */
  readonly table: string;
  /** Its column with the user's id. */
  readonly user: string;
  /** Template over its columns. */
  readonly scope: string;
  /** The table is an ordinary PostgreSQL table, `table` or `schema.table`, that the app does not define; its columns are still named in camelCase. */
  readonly plain?: boolean;
}

/**
 * SQL that gives a user's scopes, one text column; `$1` is the user id, `$2` the
 * claims (jsonb), `$3` the roles (text[]). `reads` names every table that it reads, so
 * that a change in one is felt at once.
 *
 * @example
 * ```ts
 * sql("select 'region:' || region_id from agents where user_id = $1", { reads: ['agents'] });
 * ```
 */
export const sql = (text: string, options: { readonly reads: readonly string[] }): ScopesOfInput => ({
  kind: 'sql',
  text,
  reads: options.reads,
});

/**
 * One scope for each row that names the user in a membership table.
 *
 * @example
 * ```ts
 * membershipScopes({ table: 'storeMembers', user: 'userId', scope: 'store:{storeId}' });
 * ```
 */
export const membershipScopes = (input: MembershipScopesInput): ScopesOfInput => ({
  kind: 'membership',
  ...input,
});

/** SQL for a value inside a scope name; the function is the capture's, and most values do not need it. */
const encodedValue = (reference: string): string => {
  const text = `${reference}::text`;
  return `case when ${text} ~ '^[0-9A-Za-z_.~-]*$' then ${text} else satchel.encode_scope_value(${text}) end`;
};

const literalText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const filled = (template: ScopeTemplate, column: (name: string) => string): string =>
  template.parts
    .map((part) => ('literal' in part ? literalText(part.literal) : encodedValue(column(part.column))))
    .join(' || ');

/** A table as SQL finds it: the app's own in `public`, an adopted or plain one where it is. */
const source = (table: Table | undefined, name: string): string => {
  const [schema, relation] =
    table === undefined
      ? name.includes('.')
        ? [name.slice(0, name.indexOf('.')), name.slice(name.indexOf('.') + 1)]
        : ['public', name]
      : [table.adopt?.schema ?? 'public', table.adopt?.table ?? columnToSql(name)];
  return `${quoteIdentifier(schema)}.${quoteIdentifier(relation)}`;
};

const membershipSql = (
  where: string,
  given: MembershipScopesInput,
  tables: Readonly<Record<string, Table>>,
): ScopesOf => {
  checkSettings(where, given, ['kind', 'table', 'user', 'scope', 'plain']);
  const template = parseTemplate(`${where}.scope`, given.scope);
  const table = Object.hasOwn(tables, given.table) ? tables[given.table] : undefined;
  if (given.plain === true && table !== undefined) {
    throw mistake(`${where}.plain`, `${given.table} is a table of the app`, 'Leave plain out.');
  }
  if (given.plain !== true && table === undefined) {
    throw mistake(
      `${where}.table`,
      `the app has no table "${given.table}"`,
      `${suggestName(given.table, Object.keys(tables))} Or write plain: true for a table of PostgreSQL alone.`,
    );
  }
  if (table !== undefined) {
    checkColumn(`${where}.user`, given.table, given.user, table.columns);
    checkTemplate(`${where}.scope`, given.table, template, table.columns);
  }
  const column = (name: string): string =>
    `m.${quoteIdentifier(table?.adopt?.columns[name] ?? columnToSql(name))}`;
  const user = table?.columns[given.user];
  // a text column is compared as it is, so that its index serves; others as text
  const isText = user?.type === 'text' || user?.keyType === 'text';
  const scope = filled(template, column);
  return {
    kind: 'sql',
    text: `select ${scope} as scope from ${source(table, given.table)} m where ${column(given.user)}${isText ? '' : '::text'} = $1`,
    reads: [given.table],
  };
};

/** `scopesOf`, checked; a membership becomes SQL. */
export const defineScopesOf = (
  where: string,
  given: ScopesOfInput,
  tables: Readonly<Record<string, Table>>,
): ScopesOf => {
  if (typeof given === 'function') return { kind: 'claims', scopes: given };
  if (typeof given === 'object' && given !== null && given.kind === 'membership') {
    return membershipSql(where, given, tables);
  }
  if (typeof given === 'object' && given !== null && given.kind === 'sql') {
    if (typeof given.text !== 'string' || given.text.trim() === '') {
      throw mistake(where, 'the SQL is empty', 'Write a select of one text column.');
    }
    checkTexts(`${where}.reads`, given.reads);
    if (given.reads.length === 0) {
      throw mistake(
        `${where}.reads`,
        'the tables that it reads are not named',
        'Name them: a change in one must change what its users hold.',
      );
    }
    return { kind: 'sql', text: given.text, reads: [...given.reads] };
  }
  throw mistake(
    where,
    'nothing says which scopes a user may hold',
    "Write scopesOf: ({ userId }) => ['user:' + userId], or membershipScopes({ … }).",
  );
};
