import type { Change, Json } from '@satchel/protocol';
import { unreachable } from '@satchel/protocol';
import type { ReactElement } from 'react';
import { useSatchel } from '../../provider.tsx';
import type { TextName } from '../../texts/text.ts';
import { useTexts } from '../../texts/use-texts.ts';
import { valueText } from '../conflict-resolver/value-text.ts';

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

/** One change as a person would tell it: "Changed · Products: Price 12, Stock 4". */
export const ChangeText = ({ change }: { readonly change: Change }): ReactElement => {
  const words = useTexts();
  const table = useSatchel().app.tables[change.table];
  const hidden = Object.values(table?.columns ?? {})
    .filter(({ type }) => type === 'id' || type === 'ref' || type === 'modifiedAt' || type === 'serverId')
    .map(({ name }) => name);
  const values = Object.entries(change.values ?? {}).filter(
    ([name, value]) => !hidden.includes(name) && value !== null,
  );
  return (
    <p className="satchel-change">
      <strong>{`${words.t(opText(change.op))} · ${words.table(change.table)}`}</strong>
      {values.slice(0, SHOWN).map(([name, value]) => (
        <span key={name}>
          <span className="satchel-detail">{words.field(change.table, name)}</span>{' '}
          {valueText(value as Json, table?.columns[name], words)}
        </span>
      ))}
    </p>
  );
};
