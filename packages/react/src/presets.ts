import type { Phase } from '@satchel/core';
import type { IconName } from './icons.tsx';
import type { TextName } from './texts/text.ts';

/** `plain`: nine phases in plain words. `farm` and `shop`: five states with texts of their own. */
export const PRESETS = ['plain', 'farm', 'shop'] as const;
export type Preset = (typeof PRESETS)[number];

export const FIVE_STATES = ['syncing', 'synced', 'offline', 'error', 'conflict'] as const;
export type FiveState = (typeof FIVE_STATES)[number];

/** How a state is drawn: its colour, and a shape that is another for each. */
export const TONES = ['good', 'busy', 'neutral', 'warning', 'bad'] as const;
export type Tone = (typeof TONES)[number];

/** Onto which of five states each phase falls. Work that waits, or a first check that is still to come, is no success. */
export const FIVE_STATE_OF: Readonly<Record<Phase, FiveState>> = {
  'needs-auth': 'error',
  error: 'error',
  conflict: 'conflict',
  paused: 'offline',
  offline: 'offline',
  syncing: 'syncing',
  pending: 'syncing',
  unknown: 'offline',
  synced: 'synced',
};

interface Look {
  readonly tone: Tone;
  readonly icon: IconName;
}

export const LOOK_OF: Readonly<Record<Phase, Look>> = {
  'needs-auth': { tone: 'bad', icon: 'lock' },
  error: { tone: 'bad', icon: 'error' },
  conflict: { tone: 'warning', icon: 'conflict' },
  paused: { tone: 'neutral', icon: 'paused' },
  offline: { tone: 'neutral', icon: 'offline' },
  syncing: { tone: 'busy', icon: 'syncing' },
  pending: { tone: 'busy', icon: 'pending' },
  unknown: { tone: 'neutral', icon: 'unknown' },
  synced: { tone: 'good', icon: 'synced' },
};

const PLAIN_TEXT: Readonly<Record<Phase, TextName>> = {
  'needs-auth': 'phaseNeedsAuth',
  error: 'phaseError',
  conflict: 'phaseConflict',
  paused: 'phasePaused',
  offline: 'phaseOffline',
  syncing: 'phaseSyncing',
  pending: 'phasePending',
  unknown: 'phaseUnknown',
  synced: 'phaseSynced',
};

interface PresetWords {
  /** Texts of the five states; a phase that only falls onto one of them keeps its plain words. */
  readonly states: Readonly<Record<FiveState, TextName>>;
  /** The signs of the document, where it has its own. */
  readonly signs: Readonly<Record<FiveState, string>>;
  readonly conflictTitle: TextName;
  readonly conflictBody: TextName;
  readonly keepLocal: TextName;
  readonly useServer: TextName;
  readonly merge: TextName;
}

export const PRESET_WORDS: Readonly<Record<Exclude<Preset, 'plain'>, PresetWords>> = {
  farm: {
    states: {
      syncing: 'farmSyncing',
      synced: 'farmSynced',
      offline: 'farmOffline',
      error: 'farmError',
      conflict: 'farmConflict',
    },
    signs: { syncing: '🔄', synced: '✅', offline: '📴', error: '❌', conflict: '⚠️' },
    conflictTitle: 'farmConflictTitle',
    conflictBody: 'farmConflictBody',
    keepLocal: 'keepLocal',
    useServer: 'useServer',
    merge: 'merge',
  },
  shop: {
    states: {
      syncing: 'shopSyncing',
      synced: 'shopSynced',
      offline: 'shopOffline',
      error: 'shopError',
      conflict: 'shopConflict',
    },
    signs: { syncing: '◐', synced: '●', offline: '○', error: '✗', conflict: '⚠' },
    conflictTitle: 'shopConflictTitle',
    conflictBody: 'shopConflictBody',
    keepLocal: 'shopKeepLocal',
    useServer: 'shopUseServer',
    merge: 'shopMerge',
  },
};

/** The text and the sign of a phase under a preset; the sign is null where the icon speaks. */
export const wordsOf = (
  preset: Preset,
  phase: Phase,
): { readonly text: TextName; readonly sign: string | null; readonly state: FiveState } => {
  const state = FIVE_STATE_OF[phase];
  if (preset === 'plain') return { text: PLAIN_TEXT[phase], sign: null, state };
  const { states, signs } = PRESET_WORDS[preset];
  return phase === state
    ? { text: states[state], sign: signs[state], state }
    : { text: PLAIN_TEXT[phase], sign: null, state };
};
