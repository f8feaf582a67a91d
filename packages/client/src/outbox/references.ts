import { rowName } from '@satchel/core';
import type { Values } from '@satchel/protocol';
import type { LocalTable } from '../database/local-table.ts';

/** The key that the columns of a foreign key hold; `undefined` when one of them is null. */
export const referredKey = (columns: readonly string[], image: Values): string | undefined => {
  const parts = columns.map((name) => image[name] ?? null);
  if (parts.includes(null)) return undefined;
  return parts.length === 1 ? String(parts[0]) : JSON.stringify(parts);
};

/** Rows that an image of a row refers to. */
export const referencesOf = (local: LocalTable, image: Values): string[] =>
  local.table.foreignKeys.flatMap(({ columns, references }) => {
    const key = referredKey(columns, image);
    return key === undefined ? [] : [rowName(references, key)];
  });
