import type { Cells } from './cells.ts';
import type { OracleChange } from './model.ts';

const without = (names: Readonly<Record<string, string>>, gone: Cells): Record<string, string> =>
  Object.fromEntries(Object.entries(names).filter(([name]) => !Object.hasOwn(gone, name)));

/**
 * Two edits of one row that go up as one: what the author had before the first of them
 * counts, and what he left with the last. Null: the row came and went unseen.
 */
export const folded = (first: OracleChange, second: OracleChange): OracleChange | null => {
  const { table, key } = first;
  const before = {
    saw: second.saw && first.op !== 'insert' ? { ...second.saw, ...pickSeen(first) } : first.saw,
    told: first.told && { ...second.told, ...pickTold(first) },
    toldAt: first.toldAt,
    unsettled: { ...without(second.unsettled, first.wrote), ...first.unsettled },
  };
  if (first.op === 'insert') {
    return second.op === 'delete' ? null : { ...first, wrote: { ...first.wrote, ...second.wrote } };
  }
  if (second.op === 'delete') return { table, key, op: 'delete', wrote: {}, ...before };
  if (first.op === 'delete') {
    return { ...first, op: 'update', wrote: second.wrote };
  }
  return { table, key, op: 'update', wrote: { ...first.wrote, ...second.wrote }, ...before };
};

const of = (cells: Cells | null, names: Cells): Cells =>
  cells === null
    ? {}
    : Object.fromEntries(Object.entries(cells).filter(([name]) => Object.hasOwn(names, name)));
const pickSeen = ({ saw, wrote }: OracleChange): Cells => of(saw, wrote);
const pickTold = ({ told, wrote }: OracleChange): Cells => of(told, wrote);
