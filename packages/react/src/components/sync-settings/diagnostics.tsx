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

const keepingText = ({ storage }: SyncStatus, { t }: Words): string =>
  storage.kind === 'memory'
    ? t('storageMemory')
    : storage.keeping === 'best-effort'
      ? t('storageBestEffort')
      : t('storageSafe');

const storageText = (status: SyncStatus, words: Words): string => {
  const { limitBytes, quotaBytes, usedBytes } = status.storage;
  const most = limitBytes ?? quotaBytes ?? null;
  const keeping = keepingText(status, words);
  return usedBytes === null || usedBytes === undefined || most === null
    ? keeping
    : `${keeping} (${words.t('capUsed', { used: words.bytes(usedBytes), cap: words.bytes(most) })})`;
};

/** "5", or "5 (high 3, low 2)": the lanes are the app's categories. */
const queueText = ({ pending, pendingByLane }: SyncStatus, { list, number }: Words): string => {
  const lanes = Object.entries(pendingByLane).filter(([, n]) => n > 0);
  return lanes.length < 2
    ? number(pending)
    : `${number(pending)} (${list(lanes.map(([lane, n]) => `${lane} ${number(n)}`))})`;
};

const nextText = (status: SyncStatus, { ago, t }: Words, now: number): string => {
  if (status.paused) return t('phasePaused');
  if (!status.online) return t('offlineTitle');
  return status.nextRunAt === null ? t('unknownValue') : ago(status.nextRunAt, now);
};

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
    [t('queueLength'), queueText(status, words)],
    [t('lastFailure'), problem === null ? t('none') : `${words.problem(problem)} (${problem.code})`],
    [
      t('oldestWaiting'),
      status.oldestPendingAt === null ? t('none') : words.ago(status.oldestPendingAt, now),
    ],
    [t('nextSync'), nextText(status, words, now)],
    [
      t('clockDifference'),
      status.clockOffset === null ? t('unknownValue') : words.duration(Math.abs(status.clockOffset)),
    ],
    [t('storage'), storageText(status, words)],
    [t('appVersion'), `${db.app.name} ${words.number(db.app.schemaVersion)}`],
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
