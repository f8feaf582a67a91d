import type { OutboxEntry } from '@satchel/client';
import type { Change } from '@satchel/protocol';
import type { ReactElement } from 'react';
import { useNow } from '../../hooks/use-now.ts';
import { useOutbox } from '../../hooks/use-outbox.ts';
import { Icon, type IconName } from '../../icons.tsx';
import type { Tone } from '../../presets.ts';
import type { TextName } from '../../texts/text.ts';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { ChangeText } from '../parts/change-text.tsx';
import { giveFile } from '../parts/give-text.ts';
import { useWork } from '../parts/use-work.ts';

const LOOKS: Readonly<
  Record<OutboxEntry['state'], { readonly text: TextName; readonly tone: Tone; readonly icon: IconName }>
> = {
  queued: { text: 'stateQueued', tone: 'neutral', icon: 'pending' },
  'in-flight': { text: 'stateInFlight', tone: 'busy', icon: 'up' },
  blocked: { text: 'stateBlocked', tone: 'warning', icon: 'paused' },
  review: { text: 'stateReview', tone: 'warning', icon: 'conflict' },
  failed: { text: 'stateFailed', tone: 'bad', icon: 'failed' },
  settled: { text: 'stateSettled', tone: 'good', icon: 'check' },
  quarantined: { text: 'stateQuarantined', tone: 'bad', icon: 'lock' },
};

export interface PendingChangesProps {
  /** Opens the record of a change in the app, to edit it there; without it there is no button. */
  readonly onEdit?: (change: Change) => void;
}

/** What waits on this device, in the order of writing, and why. */
export const PendingChanges = ({ onEdit }: PendingChangesProps): ReactElement => {
  const { entries, exportAll, retry } = useOutbox();
  const { t, root } = useTexts();
  const exporting = useWork(async () => giveFile('unsent.json', await exportAll()));
  const shown = entries.filter(({ state }) => state !== 'quarantined');
  return (
    <section className="satchel satchel-pending" aria-label={t('pendingTitle')} {...root}>
      <header className="satchel-row satchel-section-head">
        <h2>{t('pendingTitle')}</h2>
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
  retry,
  onEdit,
}: {
  readonly entry: OutboxEntry;
  readonly retry: () => Promise<unknown>;
  readonly onEdit?: (change: Change) => void;
}): ReactElement => {
  const words = useTexts();
  const now = useNow();
  const { t } = words;
  const { attempts, changes, createdAt, nextAt, problem, state } = entry;
  const look = LOOKS[state];
  const trying = useWork(retry);
  const [first] = changes;
  return (
    <li className="satchel-entry" data-state={state}>
      <span className={`satchel-badge satchel-tone-${look.tone}`}>
        <Icon name={look.icon} />
        <span>{t(look.text)}</span>
      </span>
      <div className="satchel-entry-text">
        {changes.map((change) => (
          <ChangeText key={`${change.table} ${change.key}`} change={change} />
        ))}
        <p className="satchel-detail">
          {[
            words.ago(createdAt, now),
            attempts > 0 ? t('attempts', { n: attempts }) : null,
            nextAt !== null && attempts > 0 ? t('nextTry', { when: words.ago(nextAt, now) }) : null,
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
        {problem ? <p className="satchel-detail">{words.problem(problem)}</p> : null}
      </div>
      <div className="satchel-row">
        {state === 'failed' ? (
          <Button icon="refresh" busy={trying.busy} onClick={() => trying.start()}>
            {t('retry')}
          </Button>
        ) : null}
        {onEdit && first && first.op !== 'delete' ? (
          <Button look="quiet" icon="edit" onClick={() => onEdit(first)}>
            {t('edit')}
          </Button>
        ) : null}
      </div>
    </li>
  );
};
