import { canonicalize, columnToSql } from '@satchel/core';
import { SatchelError, type Value, type Values } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import { fromRecord, readExpression, recordType } from '../columns.ts';
import type { Transaction } from '../database.ts';
import { keyExpression, keyMatch } from '../key-columns.ts';
import { quote } from '../quote.ts';
import type { SplitRows } from './app-plan.ts';

/** Rows read and written at a time. */
const PAGE = 1_000;

/** Runs the app's function over every row, page by page of a cursor, which does not see what is written meanwhile. */
export const splitRows = async (tx: Transaction, split: SplitRows): Promise<void> => {
  const table = { name: split.table, columns: split.columns, primaryKey: split.primaryKey } as Table;
  const reference = (name: string): string => `t.${quote(columnToSql(name))}`;
  const old = split.from.map((name) => readExpression(split.columns[name]!, reference(name)));
  await tx.query(
    `declare satchel_split no scroll cursor for
     select ${keyExpression(table, reference)} as key, json_build_array(${old.join(', ')}) as old
     from ${split.relation} t`,
  );
  for (;;) {
    const { rows } = await tx.query<{ key: string; old: Value[] }>(`fetch ${PAGE} from satchel_split`);
    if (rows.length === 0) break;
    const records = rows.map((row) => ({ key: row.key, values: raise(split, row.key, row.old) }));
    await write(tx, split, table, reference, records);
  }
  await tx.query('close satchel_split');
};

const raise = (split: SplitRows, key: string, old: readonly Value[]): Values => {
  const refuse = (detail: string, cause?: unknown): SatchelError =>
    new SatchelError(
      'migration_conflict',
      {
        table: split.table,
        detail: `the split of ${split.from.join(', ')} fails for row ${key}: ${detail}`,
        remedy: 'Correct the function in the history; nothing was changed.',
      },
      { cause },
    );
  let made: Values;
  try {
    made = split.up(Object.fromEntries(split.from.map((name, place) => [name, old[place]!])));
  } catch (error) {
    throw refuse(String(error), error);
  }
  return Object.fromEntries(
    split.to.map((name) => {
      const canonical = canonicalize(split.columns[name]!, made[name]);
      if (!canonical.ok) throw refuse(`${name}: ${canonical.problem.code}`);
      return [name, canonical.value];
    }),
  );
};

const write = async (
  tx: Transaction,
  split: SplitRows,
  table: Table,
  reference: (name: string) => string,
  records: readonly { readonly key: string; readonly values: Values }[],
): Promise<void> => {
  const fields = split.to.map((name, place) => `c${place} ${recordType(split.columns[name]!)}`);
  const set = split.to.map(
    (name, place) => `${quote(columnToSql(name))} = ${fromRecord(split.columns[name]!, `r.c${place}`)}`,
  );
  await tx.query(
    `update ${split.relation} t set ${set.join(', ')}
     from json_to_recordset($1) as r(key text, ${fields.join(', ')})
     where ${keyMatch(table, reference, 'r.key')}`,
    [
      JSON.stringify(
        records.map(({ key, values }) => ({
          key,
          ...Object.fromEntries(split.to.map((name, place) => [`c${place}`, values[name]])),
        })),
      ),
    ],
  );
};
