import type { Value, Values } from '@satchel/protocol';
import { canonicalJson } from './canonical-json.ts';
import type { Column, Columns } from './column.ts';
import { setMembers } from './set-merge.ts';

const digestForm = (column: Column, value: Value): Value =>
  column.type === 'set' && value !== null ? setMembers(value) : value;

/**
 * The line of a row in a deep digest: its values as a JSON object, columns sorted by
 * name. A column that is not there is null. Both sides give the columns of the
 * receiver's view and nothing else.
 */
export const rowText = (columns: Columns, values: Values): string => {
  const members = Object.keys(columns)
    .sort()
    .map(
      (name) => `${JSON.stringify(name)}:${canonicalJson(digestForm(columns[name]!, values[name] ?? null))}`,
    );
  return `{${members.join(',')}}`;
};
