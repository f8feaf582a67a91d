import type { Conflict } from '@satchel/protocol';
import { useObserved } from '../../hooks/use-observed.ts';
import { observeRow } from '../../hooks/use-row.ts';
import { useSatchel } from '../../provider.tsx';
import { Observed } from '../../store/observed.ts';
import { useTexts } from '../../texts/use-texts.ts';
import { namingColumns } from '../parts/telling-columns.ts';
import { fieldsOf } from './resolution.ts';
import { valueText } from './value-text.ts';

/** Of a table that this version of the app does not know. */
const NO_ROWS: ReturnType<typeof observeRow> = new Observed(() => () => {});

/**
 * A few words by which a person knows the record: its table and its first text. They
 * come from the row on this device, or from what the conflict holds of it.
 */
export const useRecordText = (conflict: Conflict): string => {
  const words = useTexts();
  const db = useSatchel();
  const table = db.app.tables[conflict.table];
  const row = useObserved(table ? observeRow(db, table, conflict.key) : NO_ROWS).value?.rows[0];
  const values: Readonly<Record<string, unknown>> = {
    ...conflict.base,
    ...conflict.server,
    ...conflict.client,
    ...(row as object | undefined),
  };
  const name = (table ? namingColumns(table) : []).find((column) => typeof values[column.name] === 'string');
  const [first] = fieldsOf(conflict, table);
  const text = name
    ? String(values[name.name])
    : first
      ? valueText(first.client ?? first.server, first.column, words)
      : conflict.key;
  return `${words.table(conflict.table)}: ${text}`;
};
