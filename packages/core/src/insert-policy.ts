import { type Change, unreachable, type Value, type Values } from '@satchel/protocol';
import { columnOf, isServerGiven } from './column.ts';
import { type MergeTable, policySays } from './conflict-draft.ts';
import { equalValues } from './equal-values.ts';
import { derivedUuid } from './ids.ts';
import { mergeField } from './merge-field.ts';
import { type MergedField, type RowFacts, summarizeFields } from './merge-row.ts';
import { policyOf, type UpdatePolicy } from './policy.ts';
import { type RowVerdict, rejected, verdict } from './row-verdict.ts';
import { believedStamp, writerColumns } from './writer.ts';

/**
 * The key that a row gets instead, when its own is another row's. The same mutation
 * always gets the same one.
 */
export const newKeyFor = (mutationId: string, table: string, key: string): string =>
  derivedUuid(`new-key\n${mutationId}\n${table}\n${key}`);

/** Whether rows of the table can be given another key: a single one that may be a UUID. */
export const canRenameKeys = ({ columns, primaryKey }: MergeTable): boolean => {
  const [name, ...more] = primaryKey;
  const column = name === undefined ? undefined : columns[name];
  if (!column || more.length > 0 || column.type !== 'id') return false;
  return column.keyType === undefined || column.keyType === 'text' || column.keyType === 'uuid';
};

const allStamps = (table: MergeTable, values: Values, facts: RowFacts): RowVerdict['stamps'] =>
  Object.fromEntries(
    [...writerColumns(table.columns, table.conflicts)]
      .filter(([name]) => Object.hasOwn(values, name))
      .map(([name, wanted]) => [name, believedStamp(facts.hlc, facts.clock, wanted)]),
  );

const EMPTY_AMOUNTS: ReadonlySet<string> = new Set(['counter', 'set']);

/**
 * Merges a new row into one that is there already: a three-way merge on the empty row,
 * so a column that only one side filled takes that side's value, counters add up and
 * sets unite.
 */
export const mergeInsert = (
  table: MergeTable,
  change: Change,
  row: Values,
  then: UpdatePolicy,
  facts: RowFacts,
): RowVerdict => {
  const fields: MergedField[] = [];
  for (const [name, client] of Object.entries(change.values ?? {})) {
    const column = columnOf(table.columns, name);
    if (!column) return rejected('column_unknown', { table: table.name, column: name });
    if (table.primaryKey.includes(name)) continue;
    const policy = policyOf({ ...table.conflicts, update: then }, name);
    const base: Value = EMPTY_AMOUNTS.has(column.type) ? null : (column.defaultValue ?? null);
    const versions = { base, client, server: row[name] ?? null };
    const place = { table: table.name, key: change.key };
    fields.push({ name, policy, versions, merged: mergeField(column, versions, policy, facts, place) });
  }
  const merged = summarizeFields(table, change.key, 'insert', fields, facts);
  return merged.outcome === 'applied' ? { ...merged, outcome: 'merged' } : merged;
};

/** The table's insert policy on a key that another row has already. */
export const decideInsert = (
  table: MergeTable,
  change: Change,
  row: Values | null,
  facts: RowFacts,
): RowVerdict => {
  const values = change.values ?? {};
  const names = Object.keys(values);
  const unknown = names.find((name) => !Object.hasOwn(table.columns, name));
  if (unknown !== undefined) return rejected('column_unknown', { table: table.name, column: unknown });
  if (!row) {
    return verdict('applied', 'insert', {
      write: values,
      took: names,
      stamps: allStamps(table, values, facts),
    });
  }
  const differs = names.some((name) => {
    const column = table.columns[name]!;
    return !isServerGiven(column) && !equalValues(column, values[name], row[name]);
  });
  // Two people who write the same row agree.
  if (!differs) return verdict('applied', 'none', { took: names });
  const policy = table.conflicts.insert;
  switch (policy.kind) {
    case 'reject':
      return rejected('row_exists', { table: table.name, key: change.key });
    case 'merge':
      return mergeInsert(table, change, row, policy.then ?? { kind: 'server-wins' }, facts);
    case 'new-key': {
      const [keyColumn] = table.primaryKey;
      if (keyColumn === undefined || !canRenameKeys(table)) {
        return rejected('row_exists', { table: table.name, key: change.key });
      }
      const newKey = newKeyFor(facts.mutationId, table.name, change.key);
      const write = { ...values, [keyColumn]: newKey };
      return verdict('merged', 'insert', {
        write,
        newKey,
        took: names,
        stamps: allStamps(table, values, facts),
        conflict: {
          kind: 'insert',
          state: 'settled',
          columns: names,
          base: null,
          client: values,
          server: row,
          result: write,
          decision: 'merged',
          ...policySays(policy),
        },
      });
    }
    default:
      return unreachable(policy);
  }
};
