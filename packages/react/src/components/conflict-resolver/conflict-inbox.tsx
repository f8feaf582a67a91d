import type { Conflict } from '@satchel/protocol';
import { type ReactElement, useRef, useState } from 'react';
import { useConflicts } from '../../hooks/use-conflicts.ts';
import { useNow } from '../../hooks/use-now.ts';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { Dialog } from '../parts/dialog.tsx';
import { ConflictResolver } from './conflict-resolver.tsx';
import { useRecordText } from './use-record-text.ts';

/** Decided conflicts that are still shown, for who wants to undo. */
const SETTLED_SHOWN = 5;

/** All conflicts that wait for this person, and the last decisions; each opens the resolver. */
export const ConflictInbox = (): ReactElement => {
  const { open, settled } = useConflicts();
  const { t, root } = useTexts();
  const [shown, setShown] = useState<Conflict | null>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  return (
    <section className="satchel satchel-inbox" aria-label={t('conflictsTitle', { n: open.length })} {...root}>
      <h2 ref={heading} tabIndex={-1}>
        {t('conflictsTitle', { n: open.length })}
      </h2>
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
      {shown === null ? null : (
        <ConflictDialog conflict={shown} close={() => setShown(null)} home={heading} />
      )}
    </section>
  );
};

/** The resolver in a dialog: focus moves in, Escape goes back. */
export const ConflictDialog = ({
  conflict,
  close,
  home,
}: {
  readonly conflict: Conflict;
  readonly close: () => void;
  /** Gets the focus when what opened the dialog is no longer there. */
  readonly home?: { readonly current: HTMLElement | null };
}): ReactElement => {
  const title = useRecordText(conflict);
  return (
    <Dialog title={title} close={close} size="large" {...(home ? { home } : {})}>
      <ConflictResolver conflict={conflict} />
    </Dialog>
  );
};

const InboxItem = ({
  conflict,
  show,
}: {
  readonly conflict: Conflict;
  readonly show: () => void;
}): ReactElement => {
  const words = useTexts();
  const now = useNow();
  const { t } = words;
  const record = useRecordText(conflict);
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
          <strong>{record}</strong>
          <span>{`${t('madeBy', { who: words.person(conflict.author) })}, ${words.ago(conflict.createdAt, now)}`}</span>
        </span>
        <Icon name="next" />
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
