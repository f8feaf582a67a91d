import { type Column, canonicalize } from '@satchel/core';
import { fillTemplate, type Value } from '@satchel/protocol';
import { mistake } from './mistake.ts';

/** A constant for a column, in its canonical form. Throws `app_invalid` when the column cannot hold it. */
export const checkConstant = (where: string, column: Column, given: unknown): Value => {
  const canonical = canonicalize(column, given);
  if (canonical.ok) return canonical.value;
  const { code, params } = canonical.problem;
  const expected = fillTemplate(params.expected === undefined ? code : 'expected {expected}', params);
  throw mistake(
    where,
    `${JSON.stringify(given) ?? 'undefined'} does not fit a ${column.type} column (${expected})`,
    `Write a value of type ${column.type}${column.nullable ? ' or null' : ''}.`,
  );
};
