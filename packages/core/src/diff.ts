import { type Change, InvariantError, type Op, type Value, type Values } from '@satchel/protocol';
import type { Columns } from './column.ts';
import { equalValues } from './equal-values.ts';

/**
 * The columns of `after` whose value differs from that in `before`. A column that
 * `after` does not have did not change.
 */
export const diffValues = (columns: Columns, before: Values, after: Values): Values => {
  const changed: Record<string, Value> = {};
  for (const name of Object.keys(columns)) {
    const value = after[name];
    if (value !== undefined && !equalValues(columns[name]!, before[name], value)) changed[name] = value;
  }
  return changed;
};

/** A row before and after something; null where it is not there. */
export interface Images {
  readonly before: Values | null;
  readonly after: Values | null;
}

/** What two images amount to; `undefined` when there is no row in either. */
export const opOf = ({ before, after }: Images): Op | undefined => {
  if (before === null) return after === null ? undefined : 'insert';
  return after === null ? 'delete' : 'update';
};

/**
 * Two successive effects on one row of one local transaction as one (rule 58): a
 * delete and an insert are an update on the first base, an insert and a delete nothing.
 */
export const foldImages = (first: Images, second: Images): Images | 'vanishes' => {
  if ((first.after === null) !== (second.before === null)) {
    throw new InvariantError('effects on one row do not follow one another');
  }
  const folded = { before: first.before, after: second.after };
  return opOf(folded) === undefined ? 'vanishes' : folded;
};

type ChangeParts = Pick<Change, 'confirmed' | 'seen' | 'after'>;

/**
 * What was seen of a row's columns by two edits that become one: the first look at a
 * column stands. One that only the second touches may stand on an earlier mutation: a
 * counter's increment counts from what was seen there, or it would be made twice.
 */
export const foldSeen = (
  touched: Values,
  first: Change['seen'] | null,
  second: Change['seen'] | null,
): NonNullable<Change['seen']> => {
  const seen = { ...second, ...first };
  for (const column of Object.keys(touched)) {
    if (!(first && Object.hasOwn(first, column))) delete seen[column];
  }
  return seen;
};

/** First base: what the earlier change says of a column stands. */
const firstBase = (first: Change, second: Change): ChangeParts => {
  const values = { ...second.confirmed?.values, ...first.confirmed?.values };
  // A column that only the second one touches may have been confirmed anew in between.
  const confirmed = first.confirmed && { version: first.confirmed.version, values };
  const seen = foldSeen(first.values ?? {}, first.seen, second.seen);
  return {
    ...(confirmed && { confirmed }),
    ...(Object.keys(seen).length > 0 && { seen }),
    ...(first.after !== undefined && { after: first.after }),
  };
};

/**
 * Two successive changes of one row as one that says the same, on the first base: for
 * an edit that is folded into the row's last mutation, which was never sent (rule 15).
 * `vanishes` when an insert is taken back.
 */
export const foldChanges = (first: Change, second: Change): Change | 'vanishes' => {
  if (first.table !== second.table || first.key !== second.key) {
    throw new InvariantError('only changes of one row fold');
  }
  const { table, key } = first;
  switch (`${first.op}+${second.op}` as const) {
    case 'insert+update':
      return { ...first, values: { ...first.values, ...second.values } };
    case 'insert+delete':
      return 'vanishes';
    case 'update+update':
      return {
        table,
        op: 'update',
        key,
        values: { ...first.values, ...second.values },
        ...firstBase(first, second),
      };
    case 'update+delete':
      return { table, op: 'delete', key, ...firstBase(first, second) };
    case 'delete+insert':
      return { table, op: 'update', key, values: { ...second.values }, ...firstBase(first, second) };
    case 'insert+insert':
    case 'update+insert':
    case 'delete+update':
    case 'delete+delete':
      throw new InvariantError(`a ${second.op} cannot follow a ${first.op} of the same row`);
  }
};
