import { PHASES, WAITING_FOR } from '@satchel/core';
import { conflictKindSchema } from '@satchel/protocol';
import { PENDING_STATES } from './components/pending-changes/pending-changes.tsx';
import { PULL_STATES } from './components/pull-to-refresh/use-pull-to-refresh.ts';
import { BADGE_STATES } from './components/record-badge/use-record-badge.ts';
import { PRESETS, TONES } from './presets.ts';

/** Why a merge is offered or not: one state each. */
const MERGES = ['fields', 'lists', 'same-field', 'one-side-gone'] as const;
const DECIDED = ['accept-client', 'accept-server', 'merged', 'escalated'] as const;

/**
 * The states that each component can show, by its name: made from the unions that they
 * are switched on, so that a new member is a new state. For a catalogue of an app's
 * own; Satchel's draws, checks and photographs every one of them.
 */
export const COMPONENT_STATES = {
  ClearCache: ['closed', 'nothing-unsent', 'work-unsent'],
  ConflictDialog: ['open'],
  ConflictInbox: ['empty', 'some'],
  ConflictResolver: [
    ...PRESETS.map((preset) => `preset-${preset}` as const),
    ...conflictKindSchema.options.map((kind) => `kind-${kind}` as const),
    ...MERGES.map((merge) => `merge-${merge}` as const),
    ...DECIDED.map((decision) => `decided-${decision}` as const),
    'chosen',
    'deleted-here',
    'of-another-device',
    'offline',
  ],
  DataUsage: ['nothing', 'some', 'cap-reached', 'compresses-images'],
  Diagnostics: ['calm', 'failed'],
  Icon: ['all'],
  OfflineBanner: ['nothing-waits', 'work-waits'],
  PendingChanges: [...PENDING_STATES, 'empty', 'some'],
  PullToRefresh: PULL_STATES,
  Quarantine: ['empty', 'some', 'editing', 'saved-beside'],
  RecordBadge: PRESETS.flatMap((preset) => BADGE_STATES.map((state) => `${preset}-${state}` as const)),
  RefusedWrites: ['some'],
  ReportButton: ['idle'],
  RetryConnection: ['idle', 'connecting'],
  StaleBanner: ['stale', 'never'],
  SyncHistory: ['empty', 'runs'],
  SyncIndicator: [
    ...PRESETS.flatMap((preset) => PHASES.map((phase) => `${preset}-${phase}` as const)),
    ...WAITING_FOR.map((why) => `waits-for-${why}` as const),
    'attempt-2-of-3',
    'attempt-3-of-3',
    'facts',
    'incomplete',
    'leader-silent',
    'locked',
    'overdue',
    'sign-in',
  ],
  SyncSettings: ['calm', 'work-waits', 'paused', 'failed', 'asks-for-data', 'network-unknown'],
  Toaster: TONES,
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ComponentName = keyof typeof COMPONENT_STATES;
export type StateOf<C extends ComponentName> = (typeof COMPONENT_STATES)[C][number];
