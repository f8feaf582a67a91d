import type { Value } from '@satchel/protocol';
import { equalJson } from './canonical-json.ts';
import type { Column, ColumnType } from './column.ts';
import { normalizeDecimal } from './decimal.ts';
import { setMembers } from './set-merge.ts';

/**
 * Whether two values of a column are the same, by their canonical form: sets whatever
 * their order, JSON by value, decimals by number. A value that is not there is null.
 */
export const equalValues = (
  column: Column | ColumnType,
  a: Value | undefined,
  b: Value | undefined,
): boolean => {
  const [left, right] = [a ?? null, b ?? null];
  if (left === right) return true;
  if (left === null || right === null) return false;
  switch (typeof column === 'string' ? column : column.type) {
    case 'json':
    case 'media':
      return equalJson(left, right);
    case 'set':
      return equalJson(setMembers(left), setMembers(right));
    case 'decimal':
    case 'bigint':
      return (
        typeof left === 'string' &&
        typeof right === 'string' &&
        normalizeDecimal(left) !== undefined &&
        normalizeDecimal(left) === normalizeDecimal(right)
      );
    default:
      return false;
  }
};
