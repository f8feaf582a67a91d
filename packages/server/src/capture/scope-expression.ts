import type { Column } from '@satchel/core';
import { MAX_SCOPE_LENGTH } from '@satchel/protocol';
import type { ScopeTemplate } from '@satchel/schema';
import { canonicalText } from '../postgres/columns.ts';
import { quoteText } from '../postgres/quote.ts';

/** Types whose text has only characters that a scope name takes as they are. */
const isPlainText = (column: Column | undefined): boolean => {
  switch (column?.type) {
    case 'integer':
    case 'bigint':
    case 'counter':
    case 'serverId':
    case 'boolean':
    case 'date':
    case 'timestamp':
    case 'modifiedAt':
      return true;
    case 'id':
    case 'ref':
      return column.keyType !== 'text';
    default:
      return false;
  }
};

/** Encodes what `fillScope` of core encodes; most values need nothing, and regular expressions are quick. */
const encoded = (text: string): string =>
  `case when ${text} ~ '^[0-9A-Za-z_.~-]*$' then ${text} else satchel.encode_scope_value(${text}) end`;

/**
 * The name that a row's columns fill in, null where one is null: the same as `fillScope`
 * of core, but for names that are too long, which `isScope` leaves out.
 * `reference` is the SQL of a column by its name.
 */
export const templateExpression = (
  template: ScopeTemplate,
  columnOf: (name: string) => Column | undefined,
  reference: (name: string) => string,
): string => {
  const parts = template.parts.map((part) => {
    if ('literal' in part) return quoteText(part.literal);
    const column = columnOf(part.column);
    const value = reference(part.column);
    const text = column === undefined ? `${value}::text` : canonicalText(column, value);
    return isPlainText(column) ? text : encoded(text);
  });
  return `(${parts.join(' || ')})`;
};

/** Condition that a filled-in name is a scope; not for null. */
export const isScope = (name: string): string => `length(${name}) <= ${MAX_SCOPE_LENGTH}`;
