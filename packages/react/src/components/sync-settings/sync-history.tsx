import type { SyncRun } from '@satchel/client';
import { type ReactElement, useState } from 'react';
import { useHistory } from '../../hooks/use-history.ts';
import { Icon } from '../../icons.tsx';
import type { TextName } from '../../texts/text.ts';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { copyText } from '../parts/give-text.ts';
import { useWork } from '../parts/use-work.ts';
import { plainRun } from '../sync-indicator/report.ts';

const SHOWN = 10;

const TRIGGERS: Readonly<Record<string, TextName>> = {
  start: 'triggerStart',
  network: 'triggerNetwork',
  foreground: 'triggerForeground',
  schedule: 'triggerSchedule',
  write: 'triggerWrite',
  poke: 'triggerPoke',
  retry: 'triggerRetry',
  live: 'triggerLive',
  conflict: 'triggerConflict',
  token: 'triggerToken',
  hand: 'triggerHand',
};

const FILTERS = ['all', 'errors', 'conflicts'] as const;
type Filter = (typeof FILTERS)[number];
const FILTER_TEXT: Readonly<Record<Filter, TextName>> = {
  all: 'historyAll',
  errors: 'historyErrors',
  conflicts: 'historyConflicts',
};

const passes = (run: SyncRun, filter: Filter): boolean =>
  filter === 'all' ||
  (filter === 'errors'
    ? run.problem !== undefined
    : (run.outcomes.review ?? 0) + (run.outcomes.merged ?? 0) > 0);

/** The last ten runs: when, why, how long, how much, and how it ended. */
export const SyncHistory = (): ReactElement => {
  const runs = useHistory(SHOWN);
  const words = useTexts();
  const { t } = words;
  const [filter, setFilter] = useState<Filter>('all');
  const copying = useWork(() => copyText('history.json', JSON.stringify(runs.map(plainRun), null, 2)));
  const shown = runs.filter((run) => passes(run, filter));
  return (
    <section
      className="satchel satchel-card satchel-history"
      aria-label={t('historyTitle', { n: SHOWN })}
      {...words.root}
    >
      <header className="satchel-row">
        <h3>{t('historyTitle', { n: SHOWN })}</h3>
        <fieldset className="satchel-segments">
          <legend className="satchel-unseen">{t('viewHistory')}</legend>
          {FILTERS.map((one) => (
            <button key={one} type="button" aria-pressed={filter === one} onClick={() => setFilter(one)}>
              {t(FILTER_TEXT[one])}
            </button>
          ))}
        </fieldset>
      </header>
      {shown.length === 0 ? (
        <p className="satchel-empty">{t('historyEmpty')}</p>
      ) : (
        <ol className="satchel-runs">
          {shown.map((run) => (
            <li key={`${run.startedAt} ${run.endedAt}`} data-failed={run.problem !== undefined || undefined}>
              <Icon name={run.problem ? 'failed' : 'check'} />
              <div>
                <strong>{run.problem ? words.problem(run.problem) : t('historyDone')}</strong>
                <span>{words.time(run.startedAt)}</span>
              </div>
              <dl>
                <div>
                  <dt>{t('historyWhy')}</dt>
                  <dd>{t(TRIGGERS[run.trigger] ?? 'triggerSchedule')}</dd>
                </div>
                <div>
                  <dt>{t('historyTook')}</dt>
                  <dd>{words.duration(run.endedAt - run.startedAt)}</dd>
                </div>
                <div>
                  <dt>{t('historySent')}</dt>
                  <dd>{`${words.number(run.mutationsUp)} · ${words.bytes(run.sent)}`}</dd>
                </div>
                <div>
                  <dt>{t('historyReceived')}</dt>
                  <dd>{`${words.number(run.rowsDown)} · ${words.bytes(run.received)}`}</dd>
                </div>
              </dl>
            </li>
          ))}
        </ol>
      )}
      <Button look="quiet" icon="download" busy={copying.busy} onClick={() => copying.start()}>
        {t('historyCopy')}
      </Button>
      <p role="status" className="satchel-said">
        {copying.done ? t('historyCopied') : ''}
      </p>
    </section>
  );
};
