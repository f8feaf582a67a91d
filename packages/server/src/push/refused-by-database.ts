import { type Change, type Problem, SatchelError, unreachable } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { relationOf } from '../capture/relation.ts';
import { databaseFact } from '../postgres/pg-errors.ts';

/** What an error of the database means for the batch in which it came. */
export type Refusal =
  /** Nobody's fault: the same again. */
  | 'again'
  /** Some mutation broke a rule of the database. */
  | 'mutation'
  /** The server's trouble. */
  | 'server';

export const refusalOf = (error: unknown): Refusal => {
  const fact = databaseFact(error);
  switch (fact?.kind) {
    case 'serialization':
    case 'deadlock':
      return 'again';
    case 'foreign-key':
    case 'unique':
    case 'check':
    case 'not-null':
    case 'value':
    case 'raised':
      return 'mutation';
    case 'timeout':
    case 'connection-lost':
    case 'no-room':
    case 'denied':
    case 'other':
    case undefined:
      return 'server';
    default:
      return unreachable(fact);
  }
};

/** The reason for a mutation that the database refuses by itself, from the names that came with the error. */
export const problemOf = (
  app: App,
  error: unknown,
  submitted: { readonly changes: readonly Pick<Change, 'table' | 'key' | 'op'>[] },
): Problem => {
  const fact = databaseFact(error);
  const named = fact !== undefined && 'table' in fact ? fact.table : undefined;
  const change =
    submitted.changes.find(({ table }) => {
      const known = app.tables[table];
      return known !== undefined && relationOf(known).name === named;
    }) ?? submitted.changes[0];
  const at = { table: change?.table ?? '', key: change?.key ?? '' };
  switch (fact?.kind) {
    case 'foreign-key': {
      // References of ours are looked up beforehand: what is left is a delete that others refer to.
      const parent = submitted.changes.find(({ op }) => op === 'delete') ?? change;
      const childTable = nameOf(app, fact.table) ?? fact.table;
      return new SatchelError('reference_restricted', {
        table: parent?.table ?? '',
        key: parent?.key ?? '',
        childTable,
      }).toProblem();
    }
    case 'unique':
      return new SatchelError('unique_taken', {
        table: at.table,
        columns: fact.columns,
        holder: '',
      }).toProblem();
    case 'not-null':
      return new SatchelError('value_required', { ...at, column: fact.column }).toProblem();
    case 'check':
      return new SatchelError('check_failed', { ...at, constraint: fact.constraint }).toProblem();
    default:
      return new SatchelError('check_failed', {
        ...at,
        constraint: fact !== undefined && 'state' in fact ? fact.state : '',
      }).toProblem();
  }
};

const nameOf = (app: App, relation: string): string | undefined =>
  Object.values(app.tables).find((table) => relationOf(table).name === relation)?.name;
