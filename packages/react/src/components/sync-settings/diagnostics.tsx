import type { SyncStatus } from '@satchel/client';
import { type ReactElement, useState } from 'react';
import { useNow } from '../../hooks/use-now.ts';
import { useSyncStatus } from '../../hooks/use-sync-status.ts';
import { useSatchel } from '../../provider.tsx';
import { useTexts, type Words } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { useWork } from '../parts/use-work.ts';
import { ReportButton } from '../sync-indicator/report-button.tsx';

const storageText = ({ storage }: SyncStatus, { t }: Words): string =>
  storage.kind === 'memory'
    ? t('storageMemory')
    : storage.keeping === 'best-effort'
      ? t('storageBestEffort')
      : t('storageSafe');

/** Figures for who wants to know, or has to tell support. */
export const Diagnostics = (): ReactElement | null => {
  const db = useSatchel();
  const status = useSyncStatus();
  const words = useTexts();
  const now = useNow();
  const [repaired, setRepaired] = useState<number | null>(null);
  const verifying = useWork(async () => {
    const { equal, repairedRows } = await db.verify({ depth: 'quick', repair: true });
    setRepaired(equal ? repairedRows : null);
  });
  if (!status) return null;
  const { t } = words;
  const problem = status.problem ?? status.lastRun?.problem ?? null;
  const facts: readonly (readonly [string, string])[] = [
    [
      t('latency'),
      status.latencyMs === null ? t('unknownValue') : t('milliseconds', { n: Math.round(status.latencyMs) }),
    ],
    [t('queueLength'), words.number(status.pending)],
    [t('lastFailure'), problem === null ? t('none') : `${words.problem(problem)} (${problem.code})`],
    [
      t('oldestWaiting'),
      status.oldestPendingAt === null ? t('none') : words.ago(status.oldestPendingAt, now),
    ],
    [t('nextSync'), status.nextRunAt === null ? t('unknownValue') : words.ago(status.nextRunAt, now)],
    [
      t('clockDifference'),
      status.clockOffset === null ? t('unknownValue') : words.duration(Math.abs(status.clockOffset)),
    ],
    [t('storage'), storageText(status, words)],
  ];
  return (
    <section
      className="satchel satchel-card satchel-diagnostics"
      aria-label={t('diagnosticsTitle')}
      {...words.root}
    >
      <h3>{t('diagnosticsTitle')}</h3>
      <dl className="satchel-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className="satchel-row">
        <Button icon="check" busy={verifying.busy} onClick={() => verifying.start()}>
          {t(verifying.busy ? 'verifying' : 'verify')}
        </Button>
        <ReportButton />
      </div>
      <p role="status" className="satchel-said">
        {verifying.done && repaired !== null
          ? t(repaired === 0 ? 'verifiedEqual' : 'verifiedRepaired', { n: repaired })
          : ''}
      </p>
      {verifying.problem ? <ProblemNote problem={verifying.problem} /> : null}
    </section>
  );
};
