import type { SyncStatus } from '@satchel/client';
import type { Phase } from '@satchel/core';
import { useNow } from '../../hooks/use-now.ts';
import { useSyncStatus } from '../../hooks/use-sync-status.ts';
import type { IconName } from '../../icons.tsx';
import { type FiveState, LOOK_OF, type Preset, type Tone, wordsOf } from '../../presets.ts';
import { useSettingsOfProvider } from '../../provider.tsx';
import { useTexts, type Words } from '../../texts/use-texts.ts';

const DAY = 86_400_000;

export interface IndicatorModel {
  readonly phase: Phase;
  readonly state: FiveState;
  readonly tone: Tone;
  readonly icon: IconName;
  /** The sign of a preset, in place of the icon. */
  readonly sign: string | null;
  readonly text: string;
  /** A second line: progress, what it waits for, or the attempt. */
  readonly detail: string | null;
  /** 0 to 1 while it is known how much is to come. */
  readonly progress: number | null;
  /** Always told on demand: what is only here, the last full success, what was not taken. */
  readonly facts: readonly string[];
  /** Days without success, when they are too many. */
  readonly overdue: string | null;
  readonly mayRetry: boolean;
  readonly mayReport: boolean;
  readonly mayReview: boolean;
  /** The token is missing, wrong or over: signing in again helps. */
  readonly maySignIn: boolean;
}

const detailOf = (status: SyncStatus, preset: Preset, { t, problem }: Words): string | null => {
  const { phase, progress, retry } = status;
  switch (phase) {
    case 'syncing': {
      if (progress.rowsTaken === 0) return null;
      return progress.rowsRemaining === null
        ? t('progressDone', { done: progress.rowsTaken })
        : t('progressOf', { done: progress.rowsTaken, all: progress.rowsTaken + progress.rowsRemaining });
    }
    case 'pending':
      switch (status.waitingFor) {
        case 'wifi':
          return t('waitingWifi');
        case 'budget':
          return t('waitingBudget');
        case 'busy':
          return t('waitingBusy');
        case 'review':
          return t('waitingReview');
        case 'leader':
          return t('waitingLeader');
        case 'schedule':
        case null:
          return t('waitingSchedule');
      }
      break;
    case 'error': {
      const said = [
        ...(status.problem ? [problem(status.problem)] : []),
        // The farm's own words say which attempt it is.
        ...(preset === 'farm' ? [] : [t('retrying', attemptOf(retry))]),
      ];
      return said.length === 0 ? null : said.join(' ');
    }
    case 'offline':
    case 'paused':
      return status.pending > 0 ? t('onlyHere', { n: status.pending }) : null;
    default:
      return null;
  }
  return null;
};

/** "(1/3)": never past the last attempt. */
const attemptOf = ({ failures, attempts }: SyncStatus['retry']) => ({
  k: Math.max(1, Math.min(failures, attempts)),
  max: attempts,
});

const textOf = (status: SyncStatus, preset: Preset, { t }: Words): string => {
  if (status.locked) return t('phaseLocked');
  if (status.phase === 'pending' && status.pending === 0) return t('phaseIncomplete');
  const n = status.phase === 'conflict' ? status.openConflicts : status.pending;
  return t(wordsOf(preset, status.phase).text, { n, ...attemptOf(status.retry) });
};

/** The last moment at which this device was known to hold all that the server had for it. */
export const lastSuccessOf = (status: SyncStatus): number | null => {
  const run = status.lastRun && !status.lastRun.problem ? status.lastRun.endedAt : null;
  return status.checkpointAt === null ? null : Math.max(status.checkpointAt, run ?? 0);
};

export const indicatorOf = (
  status: SyncStatus,
  preset: Preset,
  words: Words,
  now: number,
  overdueAfterDays: number,
): IndicatorModel => {
  const { t } = words;
  const look = LOOK_OF[status.phase];
  const { sign, state } = wordsOf(preset, status.phase);
  const success = lastSuccessOf(status);
  const days = success === null ? 0 : Math.floor((now - success) / DAY);
  const { rowsTaken, rowsRemaining } = status.progress;
  const failing = status.phase === 'error';
  const notTaken = status.quarantined + (status.tab?.refused ?? 0);
  return {
    phase: status.phase,
    state,
    ...look,
    sign,
    text: textOf(status, preset, words),
    detail: detailOf(status, preset, words),
    progress:
      status.phase === 'syncing' && rowsRemaining !== null && rowsTaken + rowsRemaining > 0
        ? rowsTaken / (rowsTaken + rowsRemaining)
        : null,
    facts: [
      ...(status.tab?.leaderSilent ? [t('leaderSilent')] : []),
      t('onlyHere', { n: status.pending }),
      success === null
        ? t('lastSuccessNever')
        : t('lastSuccess', { when: words.time(success), ago: words.ago(success, now) }),
      ...(notTaken > 0 ? [t('needAttention', { n: notTaken })] : []),
      ...(status.needsAuth !== null ? [words.advice({ code: status.needsAuth, params: {} })] : []),
      ...(failing && status.problem ? [words.advice(status.problem)] : []),
    ],
    overdue: success !== null && days >= overdueAfterDays ? t('noSuccessFor', { n: days }) : null,
    mayRetry: !status.online || failing,
    mayReport: failing,
    mayReview: status.openConflicts > 0,
    maySignIn: status.needsAuth !== null && !status.locked,
  };
};

/** What the indicator shows; undefined until the status was told. */
export const useSyncIndicator = (overdueAfterDays = 3): IndicatorModel | undefined => {
  const status = useSyncStatus();
  const { preset } = useSettingsOfProvider();
  const words = useTexts();
  const now = useNow();
  return status && indicatorOf(status, preset, words, now, overdueAfterDays);
};
