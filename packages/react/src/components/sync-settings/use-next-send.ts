import type { SyncStatus } from '@satchel/client';
import type { Words } from '../../texts/use-texts.ts';

/** What happens next with what waits, in one sentence. */
export const nextSend = (status: SyncStatus, { ago, t }: Words, now: number): string => {
  const n = status.pending;
  if (n === 0) return t('nextNothing');
  if (status.needsAuth !== null || status.locked)
    return t('nextWaits', { n, why: t(status.locked ? 'phaseLocked' : 'phaseNeedsAuth') });
  if (status.paused) return t('nextWaits', { n, why: t('phasePaused') });
  if (!status.online) return t('nextNetwork', { n });
  if (status.uploading) return t('nextNow', { n });
  switch (status.waitingFor) {
    case 'wifi':
      return t('nextWaits', { n, why: t('waitingWifi') });
    case 'budget':
      return t('nextWaits', { n, why: t('waitingBudget') });
    case 'busy':
      return t('nextWaits', { n, why: t('waitingBusy') });
    case 'review':
      return t('nextWaits', { n, why: t('waitingReview') });
    case 'leader':
      return t('nextWaits', { n, why: t('waitingLeader') });
    case 'schedule':
    case null:
      return status.nextRunAt === null
        ? t('nextWaits', { n, why: t('waitingSchedule') })
        : t('nextAt', { n, when: ago(status.nextRunAt, now) });
  }
};
