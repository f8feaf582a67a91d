import { MAX_SCOPE_LENGTH, SatchelError, type Values } from '@satchel/protocol';
import { isName } from './names.ts';
import { isStorableText } from './utf8.ts';

/** `store:{storeId}` as parts. Plain data; the schema's `ScopeTemplate` is the same. */
export interface ScopeTemplateParts {
  readonly text: string;
  readonly parts: readonly ({ readonly literal: string } | { readonly column: string })[];
}

const mistaken = (text: string, mistake: string, remedy: string): SatchelError =>
  new SatchelError('app_invalid', { where: `scope ${JSON.stringify(text)}`, mistake, remedy });

/** Has a character that an encoded value cannot hold, so it ends the value before it. */
const endsValue = (literal: string): boolean => /[^0-9A-Za-z_.~%-]/.test(literal);

/**
 * Reads a scope template. Throws `app_invalid` for one that two rows with different
 * values could fill in to the same name.
 *
 * @example parseScopeTemplate('store:{storeId}').parts // [{ literal: 'store:' }, { column: 'storeId' }]
 */
export const parseScopeTemplate = (text: string): ScopeTemplateParts => {
  const parts: ({ literal: string } | { column: string })[] = [];
  for (const piece of text.split(/(\{[^{}]*\})/)) {
    if (piece === '') continue;
    if (/^\{[^{}]*\}$/.test(piece)) {
      const column = piece.slice(1, -1);
      if (!isName(column)) throw mistaken(text, `${piece} is not a column`, 'Write {columnName}.');
      parts.push({ column });
    } else if (/[{}]/.test(piece)) {
      throw mistaken(text, 'a brace is open', 'Write {columnName}.');
    } else {
      parts.push({ literal: piece });
    }
  }
  if (parts.length === 0) throw mistaken(text, 'it is empty', 'Write a name such as store:{storeId}.');
  parts.forEach((part, index) => {
    if (!('column' in part) || index === 0) return;
    const before = parts[index - 1]!;
    const values = parts.slice(0, index).some((earlier) => 'column' in earlier);
    if (values && ('column' in before || !endsValue(before.literal))) {
      throw mistaken(text, 'two values run into each other', 'Put a colon between them.');
    }
  });
  return { text, parts };
};

const encodeReserved = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/**
 * A value inside a scope name: letters, digits and `-_.~` stay, every other byte of its
 * UTF-8 is `%XX` in capitals. `null` for text that no column can hold.
 */
export const encodeScopeValue = (value: string): string | null =>
  isStorableText(value) ? encodeURIComponent(value).replace(/[!'()*]/g, encodeReserved) : null;

/**
 * The scope that a row's values give; `null` (no scope) when a value is null, is not
 * there, or makes the name too long.
 */
export const fillScope = (template: ScopeTemplateParts, values: Values): string | null => {
  let scope = '';
  for (const part of template.parts) {
    if ('literal' in part) {
      scope += part.literal;
      continue;
    }
    const value = values[part.column] ?? null;
    if (value === null) return null;
    const encoded = encodeScopeValue(typeof value === 'string' ? value : JSON.stringify(value));
    if (encoded === null) return null;
    scope += encoded;
  }
  return scope.length <= MAX_SCOPE_LENGTH ? scope : null;
};
