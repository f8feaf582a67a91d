import type { Change, Json } from '@satchel/protocol';
import { unreachable } from '@satchel/protocol';
import type { ReactElement } from 'react';
import { useSatchel } from '../../provider.tsx';
import type { TextName } from '../../texts/text.ts';
import { useTexts } from '../../texts/use-texts.ts';
import { valueText } from '../conflict-resolver/value-text.ts';
import { isTelling } from './telling-columns.ts';

/** Fields that are named in one line. */
const SHOWN = 4;

const opText = (op: Change['op']): TextName => {
  switch (op) {
    case 'insert':
      return 'opInsert';
    case 'update':
      return 'opUpdate';
    case 'delete':
      return 'opDelete';
    default:
      return unreachable(op);
  }
};

/** One change as a person would tell it: "Changed · Products: Rice, Price 12, Stock 4". */
export const ChangeText = ({
  change,
  name,
}: {
  readonly change: Change;
  /** Of the record, where the change does not say it. */
  readonly name: string | undefined;
}): ReactElement => {
  const words = useTexts();
  const table = useSatchel().app.tables[change.table];
  const values = Object.entries(change.values ?? {}).filter(
    ([column, value]) => isTelling(table, column) && value !== null,
  );
  const what = `${words.t(opText(change.op))} · ${words.table(change.table)}`;
  const isTold = name === undefined || values.some(([, value]) => value === name);
  return (
    <p className="satchel-change">
      <strong>{isTold ? what : `${what}: ${name}`}</strong>
      {values.slice(0, SHOWN).map(([column, value]) => (
        <span key={column}>
          <span className="satchel-detail">{words.field(change.table, column)}</span>{' '}
          {valueText(value as Json, table?.columns[column], words)}
        </span>
      ))}
    </p>
  );
};
