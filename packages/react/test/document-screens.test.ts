import { describe, expect, it } from 'vitest';
import { badgeOf } from '../src/components/record-badge/use-record-badge.ts';
import { indicatorOf } from '../src/components/sync-indicator/use-sync-indicator.ts';
import { FIVE_STATE_OF, type FiveState, type Preset, type Tone } from '../src/presets.ts';
import { enLocale } from '../src/texts/english.ts';
import { wordsIn } from '../src/texts/use-texts.ts';
import { inPhase } from './gallery/samples.ts';
import { calm, NOW } from './gallery/scene.ts';

const words = wordsIn({ labels: {}, locale: enLocale, preset: 'plain', now: () => NOW, timeZone: 'UTC' });

const shown = (preset: Preset, phase: FiveState) => {
  const { mayReport, mayRetry, mayReview, sign, state, text, tone } = indicatorOf(
    { ...calm, ...inPhase[phase], retry: { failures: 1, attempts: 3 } },
    preset,
    words,
    NOW,
    3,
  );
  return { state, sign, text, tone, mayReport, mayRetry, mayReview };
};

/** The states of the two documents, with their signs and words to the letter. */
const FARM: readonly (readonly [id: string, state: FiveState, sign: string, text: string])[] = [
  ['S0-65', 'syncing', '🔄', 'Syncing your data…'],
  ['S0-66', 'synced', '✅', 'All data up to date'],
  ['S0-67', 'offline', '📴', 'Working offline'],
  ['S0-69', 'error', '❌', 'Sync failed – Retrying (1/3)'],
  ['S0-71', 'conflict', '⚠️', 'Data conflict – Review needed'],
];
const SHOP: readonly (readonly [id: string, state: FiveState, sign: string, text: string, tone: Tone])[] = [
  ['S1-115', 'synced', '●', 'Online & Synced', 'good'],
  ['S1-116', 'syncing', '◐', 'Syncing...', 'busy'],
  ['S1-117', 'offline', '○', 'Offline Mode', 'neutral'],
  ['S1-118', 'conflict', '⚠', 'Sync Conflicts', 'warning'],
  ['S1-119', 'error', '✗', 'Sync Failed', 'bad'],
];
const BADGES = [
  ['S1-120', 'synced', '✓', 'Synced'],
  ['S1-121', 'pending', '⏳', 'Pending'],
  ['S1-122', 'conflict', '⚠', 'Conflict'],
  ['S1-123', 'failed', '✗', 'Failed'],
] as const;

describe('what the documents show of sync', () => {
  it.each(FARM)('[%s] %s: %s %s', (_id, state, sign, text) => {
    expect(shown('farm', state)).toMatchObject({ state, sign, text });
  });

  it('[S0-68] [S0-70] [S0-72] offline offers to retry, an error to report, a conflict to review', () => {
    expect(shown('farm', 'offline')).toMatchObject({ mayRetry: true, mayReport: false, mayReview: false });
    expect(shown('farm', 'error')).toMatchObject({ mayRetry: true, mayReport: true, mayReview: false });
    expect(shown('farm', 'conflict')).toMatchObject({ mayRetry: false, mayReview: true });
  });

  it('[REACT-35] whatever the words, an error says what happened and which attempt it is', () => {
    const said = (['plain', 'farm', 'shop'] as const).map((preset) => {
      const status = { ...calm, ...inPhase.error, retry: { failures: 2, attempts: 3 } };
      const { detail, text } = indicatorOf(status, preset, words, NOW, 3);
      return `${text} ${detail}`;
    });
    for (const one of said) expect(one).toMatch(/Something went wrong on the server/);
    for (const one of said) expect(one.match(/2\/3/g)).toHaveLength(1);
  });

  it('[REACT-35] bytes are counted in the words of the language', () => {
    expect([0, 1, 999, 1_500, 2_000_000].map(words.bytes)).toEqual([
      '0 bytes',
      '1 byte',
      '999 bytes',
      '1.5 kB',
      '2 MB',
    ]);
  });

  it('[S0-73] [S3-106] has five states, and each of the nine phases falls onto one', () => {
    expect(new Set(Object.values(FIVE_STATE_OF))).toEqual(
      new Set(['syncing', 'synced', 'offline', 'error', 'conflict']),
    );
  });

  it.each(SHOP)('[%s] %s: %s %s in its colour', (_id, state, sign, text, tone) => {
    expect(shown('shop', state)).toMatchObject({ state, sign, text, tone });
  });

  it.each(BADGES)('[%s] a record that is %s: %s %s', (_id, state, sign, text) => {
    const badge = badgeOf(state, 'shop');
    expect([badge.sign, words.t(badge.text)]).toEqual([sign, text]);
  });
});
