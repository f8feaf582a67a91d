import { type Change, unreachable, type Value, type Values } from '@satchel/protocol';
import { columnOf, isServerGiven } from './column.ts';
import { type ConflictDraft, type MergeTable, policySays } from './conflict-draft.ts';
import { equalValues } from './equal-values.ts';
import { mergeRow, type RowFacts } from './merge-row.ts';
import { seenValues } from './overlay.ts';
import { type RowVerdict, verdict } from './row-verdict.ts';

/** Columns in which the server's row is no longer what the user saw when deleting it. */
const editedColumns = (table: MergeTable, change: Change, row: Values, facts: RowFacts): string[] => {
  const known = { ...change.confirmed?.values, ...change.seen };
  return Object.keys(known).filter((name) => {
    const column = columnOf(table.columns, name);
    if (!column || isServerGiven(column)) return false;
    const seen = change.seen?.[name];
    const became = seen && facts.became?.(seen.mutationId, name);
    const candidates: (Value | undefined)[] = [change.confirmed?.values[name], seen?.value, became];
    return !candidates.some((value) => value !== undefined && equalValues(column, value, row[name]));
  });
};

const pickColumns = (values: Values, names: readonly string[]): Values =>
  Object.fromEntries(names.map((name) => [name, values[name] ?? null]));

/**
 * A delete of a row that is there. It clashes when somebody edited the row after the
 * user last saw it; then the table's delete policy decides.
 */
export const decideDelete = (table: MergeTable, change: Change, row: Values, facts: RowFacts): RowVerdict => {
  const sawNothing = change.confirmed === undefined && change.seen === undefined;
  const edited = sawNothing ? Object.keys(table.columns) : editedColumns(table, change, row, facts);
  if (edited.length === 0) return verdict('applied', 'delete');
  const policy = table.conflicts.delete;
  const draft = {
    kind: 'delete',
    columns: edited,
    base: sawNothing ? null : pickColumns(seenValues(change), edited),
    client: null,
    server: row,
    ...policySays(policy),
  } as const;
  switch (policy.kind) {
    case 'ask':
      return verdict('review', 'none', { conflict: { ...draft, state: 'open', result: row } });
    case 'delete-wins':
      return verdict('merged', 'delete', {
        conflict: { ...draft, state: 'settled', decision: 'accept-client', result: null },
      });
    case 'edit-wins':
      return verdict('superseded', 'none', {
        conflict: { ...draft, state: 'settled', decision: 'accept-server', result: row },
      });
    default:
      return unreachable(policy);
  }
};

/**
 * An update of a row that somebody deleted. `last` is the row as it last was; without
 * it nothing can be brought back, and a person decides.
 */
export const decideUpdateOfGone = (
  table: MergeTable,
  change: Change,
  last: Values | null,
  facts: RowFacts,
): RowVerdict => {
  const policy = table.conflicts.delete;
  const client = change.values ?? {};
  const columns = Object.keys(client);
  const draft = {
    kind: 'delete',
    columns,
    base: change.confirmed || change.seen ? pickColumns(seenValues(change), columns) : null,
    client,
    server: null,
    ...policySays(policy),
  } as const;
  const open: ConflictDraft = { ...draft, state: 'open', result: null };
  switch (policy.kind) {
    case 'ask':
      return verdict('review', 'none', { conflict: open });
    case 'delete-wins':
      return verdict('superseded', 'none', {
        conflict: { ...draft, state: 'settled', decision: 'accept-server', result: null },
      });
    case 'edit-wins': {
      if (!last) return verdict('review', 'none', { conflict: open });
      const merged = mergeRow(table, change, last, facts);
      if (merged.outcome === 'review' || merged.outcome === 'rejected') return merged;
      const row = { ...last, ...merged.write };
      const lost = merged.outcome === 'superseded';
      return verdict(lost ? 'superseded' : 'merged', 'insert', {
        write: row,
        took: merged.took,
        stamps: merged.stamps,
        conflict: {
          ...draft,
          state: 'settled',
          decision: lost ? 'merged' : 'accept-client',
          result: pickColumns(row, columns),
        },
      });
    }
    default:
      return unreachable(policy);
  }
};
