import { type Problem, SatchelError, unreachable, type Values } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import { type RowAddress, rowAddress } from '../push/row-address.ts';
import type { Item } from './items.ts';
import type { ItemResult, Received } from './receive.ts';
import { versionsOf } from './row-versions.ts';

interface Taken {
  readonly item: Item;
  /** Under which the row is now. */
  readonly key: string;
  /** The row's version, where the outcome says it. */
  readonly version: number | undefined;
  readonly conflictId: string | undefined;
  /** The row as it is now, in the device's view: told where the device cannot know it. `null`: gone. */
  readonly row: Values | null | undefined;
}

/** What became of an item, in the words that all dialects share. */
export type ItemAnswer =
  | ({ readonly kind: 'done' } & Taken)
  | ({ readonly kind: 'conflict' } & Taken & {
        /** Why, where no rule or person decides it. */
        readonly problem: Problem | undefined;
      })
  | { readonly kind: 'waiting'; readonly item: Item; readonly problem: Problem }
  | { readonly kind: 'failed'; readonly item: Item | undefined; readonly problem: Problem };

/** Refusals that a clash with what is there already causes. */
const CLASHES: ReadonlySet<string> = new Set(['row_exists', 'unique_taken']);

const answerOf = (result: ItemResult): ItemAnswer => {
  switch (result.kind) {
    case 'bad':
      return { kind: 'failed', item: undefined, problem: result.problem };
    case 'held':
      return {
        kind: 'waiting',
        item: result.item,
        problem: new SatchelError('parent_awaited', {
          table: result.item.table.name,
          key: result.item.key,
          parentTable: result.parent.table,
          parentKey: result.parent.key,
        }).toProblem(),
      };
    case 'outcome': {
      const { item, outcome, change } = result;
      const kind = change?.outcome ?? outcome.outcome;
      const found = {
        item,
        key: change?.newKey ?? item.key,
        version: change?.version,
        conflictId: change?.conflictId,
        row: change?.row,
      };
      const problem =
        change?.problem ?? outcome.problem ?? outcome.changes.find((other) => other.problem)?.problem;
      // Refused or held back as a whole, whatever this change of it was.
      const whole = outcome.outcome === 'rejected' || outcome.outcome === 'review' ? outcome.outcome : kind;
      switch (whole) {
        case 'applied':
        case 'merged':
          return { kind: 'done', ...found };
        case 'superseded':
        case 'review':
          return { kind: 'conflict', ...found, problem: undefined };
        case 'rejected':
          if (problem !== undefined && CLASHES.has(problem.code))
            return { kind: 'conflict', ...found, problem };
          return { kind: 'failed', item, problem: problem ?? { code: 'server_error', params: {} } };
        default:
          return unreachable(whole);
      }
    }
    default:
      return unreachable(result);
  }
};

export const answersOf = ({ results }: Received): readonly ItemAnswer[] => results.map(answerOf);

/** Versions of the rows that conflicts are about, where their outcome does not say them. */
export const versionsOfClashes = (
  ctx: ServerContext,
  answers: readonly ItemAnswer[],
): Promise<ReadonlyMap<RowAddress, number>> =>
  versionsOf(
    ctx,
    answers.flatMap((answer) =>
      answer.kind === 'conflict' ? [{ table: answer.item.table, key: answer.item.key }] : [],
    ),
  );

export const addressOf = ({ table, key }: Item): RowAddress => rowAddress(table.name, key);

/** The conflicts that answers name. */
export const conflictIdsOf = (answers: readonly ItemAnswer[]): readonly string[] =>
  answers.flatMap((answer) =>
    (answer.kind === 'conflict' || answer.kind === 'done') && answer.conflictId !== undefined
      ? [answer.conflictId]
      : [],
  );
