import type { OutboxEntry } from '@satchel/client';
import type { Change } from '@satchel/protocol';
import { type ReactElement, useRef } from 'react';
import { useNow } from '../../hooks/use-now.ts';
import { useOutbox } from '../../hooks/use-outbox.ts';
import { Icon, type IconName } from '../../icons.tsx';
import type { Tone } from '../../presets.ts';
import type { TextName } from '../../texts/text.ts';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { ChangeText } from '../parts/change-text.tsx';
import { giveFile } from '../parts/give-text.ts';
import { useKeptFocus } from '../parts/use-kept-focus.ts';
import { useRecordNames } from '../parts/use-record-names.ts';
import { useWork } from '../parts/use-work.ts';

export const PENDING_STATES = ['queued', 'in-flight', 'blocked', 'review', 'failed', 'settled'] as const;
/** What is in quarantine has a screen of its own. */
export type PendingState = Exclude<OutboxEntry['state'], 'quarantined'>;

interface Look {
  readonly text: TextName;
  readonly tone: Tone;
  readonly icon: IconName;
}

const LOOKS: Readonly<Record<PendingState, Look>> = {
  queued: { text: 'stateQueued', tone: 'neutral', icon: 'pending' },
  'in-flight': { text: 'stateInFlight', tone: 'busy', icon: 'up' },
  blocked: { text: 'stateBlocked', tone: 'warning', icon: 'paused' },
  review: { text: 'stateReview', tone: 'warning', icon: 'conflict' },
  failed: { text: 'stateFailed', tone: 'bad', icon: 'failed' },
  settled: { text: 'stateSettled', tone: 'good', icon: 'check' },
};

type PendingEntry = OutboxEntry & { readonly state: PendingState };
const isPending = (entry: OutboxEntry): entry is PendingEntry => entry.state !== 'quarantined';

export interface PendingChangesProps {
  /** Opens the record of a change in the app, to edit it there; without it there is no button. */
  readonly onEdit?: (change: Change) => void;
}

/** What waits on this device, in the order of writing, and why. */
export const PendingChanges = ({ onEdit }: PendingChangesProps): ReactElement => {
  const { entries, exportAll, retry } = useOutbox();
  const { t, root } = useTexts();
  const exporting = useWork(async () => giveFile('unsent.json', await exportAll()));
  const shown = entries.filter(isPending);
  const heading = useRef<HTMLHeadingElement>(null);
  const focus = useKeptFocus(heading, shown.length);
  const nameOf = useRecordNames(shown.flatMap(({ changes }) => changes));
  return (
    <section className="satchel satchel-pending" aria-label={t('pendingTitle')} {...root} {...focus}>
      <header className="satchel-row satchel-section-head">
        <h2 ref={heading} tabIndex={-1}>
          {t('pendingTitle')}
        </h2>
        {shown.length === 0 ? null : (
          <Button look="quiet" icon="download" busy={exporting.busy} onClick={() => exporting.start()}>
            {t('exportAll')}
          </Button>
        )}
      </header>
      {shown.length === 0 ? (
        <p className="satchel-empty">
          <Icon name="check" />
          <span>{t('pendingEmpty')}</span>
        </p>
      ) : (
        <ol className="satchel-list">
          {shown.map((entry) => (
            <PendingItem
              key={entry.mutationId}
              entry={entry}
              nameOf={nameOf}
              retry={() => retry(entry.mutationId)}
              {...(onEdit ? { onEdit } : {})}
            />
          ))}
        </ol>
      )}
    </section>
  );
};

const PendingItem = ({
  entry,
  nameOf,
  retry,
  onEdit,
}: {
  readonly entry: PendingEntry;
  readonly nameOf: ReturnType<typeof useRecordNames>;
  readonly retry: () => Promise<unknown>;
  readonly onEdit?: (change: Change) => void;
}): ReactElement => {
  const words = useTexts();
  const now = useNow();
  const { t } = words;
  const { attempts, changes, createdAt, nextAt, problem, state } = entry;
  const look = LOOKS[state];
  const trying = useWork(retry);
  const editable = onEdit && changes.find(({ op }) => op !== 'delete');
  const notes = [
    words.ago(createdAt, now),
    ...(attempts > 0 ? [t('attempts', { n: attempts })] : []),
    ...(nextAt !== null && attempts > 0 ? [t('nextTry', { when: words.ago(nextAt, now) })] : []),
    ...(problem ? [words.problem(problem)] : []),
  ];
  return (
    <li className="satchel-entry" data-state={state}>
      <span className={`satchel-badge satchel-tone-${look.tone}`}>
        <Icon name={look.icon} />
        <span>{t(look.text)}</span>
      </span>
      <div className="satchel-entry-body">
        <div className="satchel-entry-text">
          {changes.map((change) => (
            <ChangeText key={`${change.table} ${change.key}`} change={change} name={nameOf(change)} />
          ))}
          <p className="satchel-detail">{notes.join(' · ')}</p>
        </div>
        {state === 'failed' || editable ? (
          <div className="satchel-row">
            {state === 'failed' ? (
              <Button icon="refresh" busy={trying.busy} onClick={() => trying.start()}>
                {t('retry')}
              </Button>
            ) : null}
            {editable ? (
              <Button look="quiet" icon="edit" onClick={() => onEdit?.(editable)}>
                {t('edit')}
              </Button>
            ) : null}
          </div>
        ) : null}
      </div>
    </li>
  );
};
