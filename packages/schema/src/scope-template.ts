import { type Columns, type ColumnType, parseScopeTemplate } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import type { ScopeTemplate } from './app.ts';
import { mistake } from './mistake.ts';
import { checkColumn } from './names.ts';

/** Column types whose value can name a scope. */
const NAMING: readonly ColumnType[] = ['id', 'ref', 'text', 'integer', 'bigint', 'boolean', 'date'];

/**
 * Parses `store:{storeId}`, with the place of the definition in its mistakes. A scope
 * begins with a word of the app: no value of a row can make it one of the server's own,
 * which begin with `~`.
 */
export const parseTemplate = (where: string, text: unknown): ScopeTemplate => {
  if (typeof text !== 'string' || text === '') {
    throw mistake(where, 'a scope is a text', "Write for example 'store:{storeId}'.");
  }
  let template: ScopeTemplate;
  try {
    template = parseScopeTemplate(text);
  } catch (error) {
    if (!(error instanceof SatchelError)) throw error;
    throw mistake(where, `the scope "${text}": ${error.params.mistake}`, String(error.params.remedy));
  }
  if ('column' in template.parts[0]!) {
    throw mistake(
      where,
      `the scope "${text}" begins with a value`,
      "Begin with a word of your own, for example 'store:{storeId}'.",
    );
  }
  for (const part of template.parts) {
    if ('literal' in part && /[^A-Za-z0-9_.:/-]/.test(part.literal)) {
      throw mistake(
        where,
        `"${part.literal}" holds a character that a scope cannot have`,
        'Use letters, digits and _ . : / - around the columns in braces.',
      );
    }
  }
  return template;
};

/** Checks that the columns of a template exist and can name a scope. */
export const checkTemplate = (
  where: string,
  table: string,
  template: ScopeTemplate,
  columns: Columns,
): void => {
  for (const part of template.parts) {
    if (!('column' in part)) continue;
    checkColumn(where, table, part.column, columns);
    const { name, type } = columns[part.column]!;
    if (!NAMING.includes(type)) {
      throw mistake(
        where,
        `${table}.${name} is a ${type} column and cannot name a scope`,
        `Use a column of type ${NAMING.join(', ')}.`,
      );
    }
  }
};
