import type { Column } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import type { Words } from '../../texts/use-texts.ts';

/** A value as people read it. */
export const valueText = (
  value: Json | undefined,
  column: Column | undefined,
  { list, number, t, time }: Pick<Words, 'list' | 'number' | 't' | 'time'>,
): string => {
  if (value === null || value === undefined || value === '') return t('emptyValue');
  if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
  if (typeof value === 'number')
    return column?.type === 'timestamp' || column?.type === 'modifiedAt' ? time(value) : number(value);
  if (typeof value === 'string') return value;
  if (Array.isArray(value))
    return value.length === 0
      ? t('emptyValue')
      : list(value.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))));
  return JSON.stringify(value);
};

/** Words, and what is between them. */
const wordsOf = (text: string): readonly string[] => text.match(/\s+|\S+/g) ?? [];

/** The words of `text` that differ from `before`, for a mark: the ends that are alike are left out. */
export const differing = (
  before: string,
  text: string,
): { readonly start: string; readonly mark: string; readonly end: string } => {
  if (before === text) return { start: text, mark: '', end: '' };
  const [a, b] = [wordsOf(before), wordsOf(text)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return {
    start: b.slice(0, start).join(''),
    mark: b.slice(start, b.length - end).join(''),
    end: b.slice(b.length - end).join(''),
  };
};

/** How a value is typed in. */
export const inputKind = (
  column: Column | undefined,
  value: Json | undefined,
): 'text' | 'number' | 'date' | 'boolean' | 'list' | 'none' => {
  if (column?.type === 'boolean' || typeof value === 'boolean') return 'boolean';
  if (column?.type === 'set' || Array.isArray(value)) return 'list';
  switch (column?.type) {
    case 'integer':
    case 'counter':
    case 'real':
    case 'decimal':
    case 'bigint':
      return 'number';
    case 'date':
      return 'date';
    case undefined:
    case 'text':
      return typeof value === 'object' && value !== null ? 'none' : 'text';
    default:
      return 'none';
  }
};

/** What is in the field of input for a value. */
export const typedText = (value: Json | undefined): string =>
  value === null || value === undefined
    ? ''
    : Array.isArray(value)
      ? value.map(String).join(', ')
      : String(value);

/** The value that was typed, or undefined while it is none of the column's kind. */
export const typedValue = (text: string, column: Column | undefined): Json | undefined => {
  const trimmed = text.trim();
  if (trimmed === '' && (column?.nullable ?? true)) return null;
  switch (column?.type) {
    case 'integer':
    case 'counter':
      return /^-?\d+$/.test(trimmed) ? Number(trimmed) : undefined;
    case 'real': {
      const number = Number(trimmed);
      return trimmed !== '' && Number.isFinite(number) ? number : undefined;
    }
    case 'decimal':
      return /^-?\d+(\.\d+)?$/.test(trimmed) ? trimmed : undefined;
    case 'bigint':
      return /^-?\d+$/.test(trimmed) ? trimmed : undefined;
    case 'set':
      return trimmed
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
    case 'date':
      return /^\d{4}-\d{2}-\d{2}$/.test(trimmed) ? trimmed : undefined;
    default:
      return text;
  }
};
