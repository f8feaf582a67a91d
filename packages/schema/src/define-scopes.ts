import type { Columns } from '@satchel/core';
import type { ForeignKey, ScopeRule } from './app.ts';
import { checkSettings, checkTexts, mistake } from './mistake.ts';
import { checkColumn } from './names.ts';
import { suggestName } from './near-name.ts';
import { checkTemplate, parseTemplate } from './scope-template.ts';
import type { ScopeInput } from './table-builder.ts';

/** What the scopes of a table are checked against. */
export interface ScopeSurroundings {
  readonly tables: Readonly<Record<string, Columns>>;
  readonly foreignKeys: Readonly<Record<string, readonly ForeignKey[]>>;
}

const defineVia = (
  where: string,
  table: string,
  given: readonly string[],
  { tables, foreignKeys }: ScopeSurroundings,
): ScopeRule => {
  checkTexts(where, given);
  const columns = tables[table]!;
  for (const name of given) checkColumn(where, table, name, columns);
  const key = foreignKeys[table]!.find(
    (candidate) =>
      candidate.columns.length === given.length && candidate.columns.every((name, at) => name === given[at]),
  );
  if (key === undefined) {
    throw mistake(
      where,
      given.length === 1
        ? `${table}.${given[0]} is a ${columns[given[0]!]!.type} column, not a reference`
        : `${given.join(', ')} are no foreign key of ${table}`,
      given.length === 1
        ? "Declare it ref('parents'), or use a template."
        : 'Name them in foreignKeys of the table, in the same order.',
    );
  }
  for (const name of given) {
    if (columns[name]!.nullable) {
      throw mistake(
        where,
        `${table}.${name} may be null: such a row would have no parent to take its scopes from`,
        'Leave nullable out, or use a template over columns of the table itself.',
      );
    }
  }
  return { kind: 'via', columns: [...given], table: key.references };
};

const defineMembership = (
  where: string,
  table: string,
  given: Extract<ScopeInput, { readonly kind: 'membership' }>,
  { tables, foreignKeys }: ScopeSurroundings,
): ScopeRule => {
  checkSettings(where, given, ['kind', 'table', 'column', 'scope', 'plain']);
  const template = parseTemplate(`${where}.scope`, given.scope);
  const plain = given.plain ?? false;
  const member = Object.hasOwn(tables, given.table) ? tables[given.table] : undefined;
  if (!plain) {
    if (member === undefined) {
      throw mistake(
        `${where}.table`,
        `the app has no table "${given.table}"`,
        `${suggestName(given.table, Object.keys(tables))} Or write plain: true for a table of PostgreSQL alone.`,
      );
    }
    checkColumn(`${where}.column`, given.table, given.column, member);
    const names = foreignKeys[given.table]!.some(
      (key) => key.references === table && key.columns.length === 1 && key.columns[0] === given.column,
    );
    if (!names) {
      throw mistake(
        `${where}.column`,
        `${given.table}.${given.column} does not point to ${table}`,
        `Declare it ref('${table}').`,
      );
    }
    checkTemplate(`${where}.scope`, given.table, template, member);
  } else if (member !== undefined) {
    throw mistake(`${where}.plain`, `${given.table} is a table of the app`, 'Leave plain out.');
  }
  return { kind: 'membership', table: given.table, column: given.column, template, plain };
};

/** The scope rules of one table. */
export const defineScopes = (
  where: string,
  table: string,
  given: ScopeInput | readonly ScopeInput[] | undefined,
  surroundings: ScopeSurroundings,
): readonly ScopeRule[] => {
  const several = Array.isArray(given);
  const inputs = (several ? given : given === undefined ? [] : [given]) as readonly ScopeInput[];
  if (inputs.length === 0) {
    throw mistake(
      where,
      'the table has no scope: nobody could hold its rows',
      "Add scope: 'store:{storeId}', or scope: 'all' for rows that everybody may hold.",
    );
  }
  return inputs.map((input, at) => {
    const here = several ? `${where}[${at}]` : where;
    if (typeof input === 'string') {
      const template = parseTemplate(here, input);
      checkTemplate(here, table, template, surroundings.tables[table]!);
      return { kind: 'template', template };
    }
    if (typeof input === 'object' && input !== null && input.kind === 'via') {
      return defineVia(here, table, input.columns, surroundings);
    }
    if (typeof input === 'object' && input !== null && input.kind === 'membership') {
      return defineMembership(here, table, input, surroundings);
    }
    throw mistake(here, 'this is not a scope', "Write a template, via('column') or membership({ … }).");
  });
};
