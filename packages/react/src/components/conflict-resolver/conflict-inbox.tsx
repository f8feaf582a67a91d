import type { Conflict } from '@satchel/protocol';
import { type ReactElement, useState } from 'react';
import { useConflicts } from '../../hooks/use-conflicts.ts';
import { useNow } from '../../hooks/use-now.ts';
import { Icon } from '../../icons.tsx';
import { useSatchel } from '../../provider.tsx';
import { useTexts, type Words } from '../../texts/use-texts.ts';
import { Dialog } from '../parts/dialog.tsx';
import { ConflictResolver } from './conflict-resolver.tsx';
import { fieldsOf } from './resolution.ts';
import { valueText } from './value-text.ts';

/** Decided conflicts that are still shown, for who wants to undo. */
const SETTLED_SHOWN = 5;

/** All conflicts that wait for this person, and the last decisions; each opens the resolver. */
export const ConflictInbox = (): ReactElement => {
  const { open, settled } = useConflicts();
  const { t, root } = useTexts();
  const [shown, setShown] = useState<Conflict | null>(null);
  return (
    <section className="satchel satchel-inbox" {...root}>
      <h2>{t('conflictsTitle', { n: open.length })}</h2>
      {open.length === 0 ? (
        <p className="satchel-empty">
          <Icon name="check" />
          <span>{t('conflictsEmpty')}</span>
        </p>
      ) : null}
      <ul className="satchel-list">
        {[...open, ...settled.slice(0, SETTLED_SHOWN)].map((conflict) => (
          <InboxItem key={conflict.conflictId} conflict={conflict} show={() => setShown(conflict)} />
        ))}
      </ul>
      {shown === null ? null : <ConflictDialog conflict={shown} close={() => setShown(null)} />}
    </section>
  );
};

/** The resolver in a dialog: focus moves in, Escape goes back. */
export const ConflictDialog = ({
  conflict,
  close,
}: {
  readonly conflict: Conflict;
  readonly close: () => void;
}): ReactElement => {
  const { table } = useTexts();
  return (
    <Dialog title={table(conflict.table)} close={close} size="large">
      <ConflictResolver conflict={conflict} />
    </Dialog>
  );
};

/** A few words by which a person knows the record. */
const recordText = (conflict: Conflict, words: Words, app: ReturnType<typeof useSatchel>['app']): string => {
  const { base, client, server } = conflict;
  const values = { ...base, ...server, ...client };
  const columns = Object.values(app.tables[conflict.table]?.columns ?? {});
  const name = columns.find((column) => column.type === 'text' && typeof values[column.name] === 'string');
  if (name) return String(values[name.name]);
  const [first] = fieldsOf(conflict, app.tables[conflict.table]);
  return first ? valueText(first.client ?? first.server, first.column, words) : conflict.key;
};

const InboxItem = ({
  conflict,
  show,
}: {
  readonly conflict: Conflict;
  readonly show: () => void;
}): ReactElement => {
  const words = useTexts();
  const { app } = useSatchel();
  const now = useNow();
  const { t } = words;
  const settled = conflict.state === 'settled';
  const state = settled
    ? 'decidedMerged'
    : conflict.state === 'escalated'
      ? 'decidedEscalated'
      : 'recordConflict';
  const tone = settled ? 'good' : conflict.state === 'escalated' ? 'neutral' : 'warning';
  return (
    <li>
      <button type="button" className="satchel-item" onClick={show}>
        <span className={`satchel-badge satchel-tone-${tone}`}>
          <Icon name={settled ? 'check' : conflict.state === 'escalated' ? 'support' : 'conflict'} />
          <span>{t(settled ? decisionText(conflict) : state)}</span>
        </span>
        <span className="satchel-item-text">
          <strong>{`${words.table(conflict.table)}: ${recordText(conflict, words, app)}`}</strong>
          <span>{`${t('madeBy', { who: words.person(conflict.author) })}, ${words.ago(conflict.createdAt, now)}`}</span>
        </span>
        <Icon name="edit" />
      </button>
    </li>
  );
};

const decisionText = ({ decision }: Conflict) =>
  decision === 'accept-client'
    ? 'decidedClient'
    : decision === 'accept-server'
      ? 'decidedServer'
      : 'decidedMerged';
