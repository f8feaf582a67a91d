import { unreachable } from '@satchel/protocol';
import { type RecordName, type RecordState, useRecordState } from '../../hooks/use-record-state.ts';
import { useSyncStatus } from '../../hooks/use-sync-status.ts';
import type { IconName } from '../../icons.tsx';
import type { Preset, Tone } from '../../presets.ts';
import { useSettingsOfProvider } from '../../provider.tsx';
import type { TextName } from '../../texts/text.ts';

export const BADGE_STATES = ['synced', 'pending', 'sending', 'conflict', 'failed'] as const;
export type BadgeState = (typeof BADGE_STATES)[number];

export interface BadgeModel {
  readonly text: TextName;
  readonly tone: Tone;
  readonly icon: IconName;
  readonly sign: string | null;
}

const PLAIN: Readonly<Record<BadgeState, BadgeModel>> = {
  synced: { text: 'recordSynced', tone: 'good', icon: 'check', sign: null },
  pending: { text: 'recordPending', tone: 'neutral', icon: 'device', sign: null },
  sending: { text: 'recordSending', tone: 'busy', icon: 'up', sign: null },
  conflict: { text: 'recordConflict', tone: 'warning', icon: 'conflict', sign: null },
  failed: { text: 'recordFailed', tone: 'bad', icon: 'failed', sign: null },
};

export const badgeOf = (state: BadgeState, preset: Preset): BadgeModel => {
  const plain = PLAIN[state];
  if (preset !== 'shop') return plain;
  switch (state) {
    case 'synced':
      return { ...plain, text: 'shopRecordSynced', sign: '✓' };
    case 'pending':
      return { ...plain, text: 'shopRecordPending', sign: '⏳' };
    case 'conflict':
      return { ...plain, text: 'shopRecordConflict', sign: '⚠' };
    case 'failed':
      return { ...plain, text: 'shopRecordFailed', sign: '✗' };
    case 'sending':
      return plain;
    default:
      return unreachable(state);
  }
};

const badgeState = (state: RecordState, uploading: boolean): BadgeState =>
  state === 'pending' && uploading ? 'sending' : state;

/** The badge of one record, or the gravest of several: a parent with its children. */
export const useRecordBadge = (...records: readonly RecordName[]): BadgeModel | undefined => {
  const state = useRecordState(...records);
  const uploading = useSyncStatus()?.uploading ?? false;
  const { preset } = useSettingsOfProvider();
  return state && badgeOf(badgeState(state, uploading), preset);
};
