import type { OutboxState } from '@satchel/client';
import { PHASES } from '@satchel/core';
import { type ReactElement, type ReactNode, useEffect } from 'react';
import {
  BADGE_STATES,
  ClearCache,
  ConflictDialog,
  ConflictInbox,
  ConflictResolver,
  DataUsage,
  Diagnostics,
  OfflineBanner,
  PendingChanges,
  PRESETS,
  type Preset,
  PullToRefresh,
  Quarantine,
  RecordBadge,
  ReportButton,
  RetryConnection,
  StaleBanner,
  SyncHistory,
  SyncIndicator,
  SyncSettings,
  Toaster,
  type Tone,
  useToasts,
} from '../../src/index.ts';
import {
  conflict,
  deviceDeleted,
  entry,
  history,
  inPhase,
  listConflict,
  metered,
  refused,
  serverDeleted,
  settled,
  softConflict,
  uniqueConflict,
  waiting,
  waits,
} from './samples.ts';
import { NOW, type Scene, scene, settings } from './scene.ts';

export interface Shown {
  readonly component: string;
  readonly state: string;
  readonly scene: Scene;
  readonly preset: Preset;
  readonly element: ReactNode;
}

const HOUR = 3_600_000;
const DAY = 86_400_000;
const nothing = (): void => {};

const show = (
  component: string,
  state: string,
  element: ReactNode,
  over: Parameters<typeof scene>[0] = {},
  preset: Preset = 'plain',
): Shown => ({ component, state, scene: scene(over), preset, element });

const indicators = PRESETS.flatMap((preset) =>
  PHASES.map((phase) =>
    show(
      'SyncIndicator',
      `${preset}-${phase}`,
      <SyncIndicator onReview={nothing} />,
      { status: inPhase[phase] },
      preset,
    ),
  ),
);

const attempts = [2, 3].map((failures) =>
  show(
    'SyncIndicator',
    `farm-error-${failures}-of-3`,
    <SyncIndicator />,
    { status: { ...inPhase.error, retry: { failures, attempts: 3 } } },
    'farm',
  ),
);

const waitings = waits.map((waitingFor) =>
  show('SyncIndicator', `waits-for-${waitingFor}`, <SyncIndicator />, {
    status: { ...inPhase.pending, waitingFor },
  }),
);

const badges = PRESETS.filter((preset) => preset !== 'farm').flatMap((preset) =>
  BADGE_STATES.map((state) =>
    show(
      'RecordBadge',
      `${preset}-${state}`,
      <p>
        Sale #001{' '}
        <RecordBadge
          table="products"
          recordKey="1"
          {...(state === 'sending' ? { mediaProgress: 0.4 } : {})}
        />
      </p>,
      { rowState: state === 'sending' ? 'pending' : state, status: { uploading: state === 'sending' } },
      preset,
    ),
  ),
);

const TONES: readonly Tone[] = ['good', 'busy', 'neutral', 'warning', 'bad'];
const SAID: Readonly<Record<Tone, string>> = {
  good: 'Report created! Will sync when online.',
  busy: 'Syncing your data…',
  neutral: 'Tea 250 g saved on this device',
  warning: 'Something needs your attention',
  bad: 'The server cannot be reached.',
};
const Saying = ({ tone }: { readonly tone: Tone }): ReactElement => {
  const { dismiss, say, shown } = useToasts();
  useEffect(() => {
    if (shown.length === 0) say(SAID[tone], tone);
  }, [say, shown, tone]);
  useEffect(() => () => dismiss(1), [dismiss]);
  return <Toaster />;
};

const OUTBOX_STATES: readonly OutboxState[] = ['queued', 'in-flight', 'blocked', 'review', 'failed'];

const resolvers = (
  [
    ['same-field', conflict('update')],
    ['lists', listConflict],
    ['other-fields', softConflict],
    ['deleted-on-server', serverDeleted],
    ['deleted-here', deviceDeleted],
    ['unique', uniqueConflict],
    ['insert', conflict('insert', { base: null })],
    ['schema', conflict('schema')],
    ['escalated', conflict('update', { state: 'escalated', decision: 'escalated' })],
    ['settled', settled],
  ] as const
).map(([state, one]) =>
  show('ConflictResolver', state, <ConflictResolver conflict={one} />, {
    conflicts: [one],
    status: inPhase.conflict,
  }),
);

/** Every component in every state. A component that is exported and not here fails the test of this list. */
export const catalogue: readonly Shown[] = [
  ...indicators,
  ...attempts,
  ...waitings,
  show('SyncIndicator', 'facts', <SyncIndicator open />, { status: { ...inPhase.offline, quarantined: 1 } }),
  show('SyncIndicator', 'overdue', <SyncIndicator />, {
    status: { ...inPhase.offline, checkpointAt: NOW - 5 * DAY, lastRun: null },
  }),
  show('SyncIndicator', 'locked', <SyncIndicator />, { status: { phase: 'needs-auth', locked: true } }),
  show('SyncIndicator', 'incomplete', <SyncIndicator />, { status: { phase: 'pending', complete: false } }),
  show('SyncIndicator', 'leader-silent', <SyncIndicator open />, {
    status: {
      ...inPhase.pending,
      waitingFor: 'leader',
      tab: { role: 'follower', leaderSilent: true, saved: 5, refused: 0 },
    },
  }),
  show('RetryConnection', 'idle', <RetryConnection />, { status: inPhase.offline }),
  show('ReportButton', 'idle', <ReportButton onReport={nothing} />, { status: inPhase.error }),
  show('OfflineBanner', 'nothing-waits', <OfflineBanner />, { status: { ...inPhase.offline, pending: 0 } }),
  show('OfflineBanner', 'work-waits', <OfflineBanner />, { status: inPhase.offline }),
  ...badges,
  show('StaleBanner', 'stale', <StaleBanner table="prices" />, {
    status: { ...inPhase.offline, checkpointAt: NOW - 9 * HOUR, lastRun: null },
  }),
  show('StaleBanner', 'never', <StaleBanner table="prices" />, {
    status: { ...inPhase.unknown, checkpointAt: null },
  }),
  show(
    'PullToRefresh',
    'idle',
    <PullToRefresh label="Prices">
      <ul>
        <li>Maize 32.50</li>
        <li>Beans 88.00</li>
      </ul>
    </PullToRefresh>,
  ),
  ...TONES.map((tone) => show('Toaster', tone, <Saying tone={tone} />)),
  show('SyncSettings', 'calm', <SyncSettings />, { runs: history }),
  show('SyncSettings', 'work-waits', <SyncSettings choosesTables historyOpen />, {
    status: { ...inPhase.pending, waitingFor: 'schedule', problem: null },
    settings: { ...settings, wifiOnly: true, mobileData: false },
    runs: history,
  }),
  show('SyncSettings', 'paused', <SyncSettings />, { status: inPhase.paused }),
  show('SyncSettings', 'failed', <SyncSettings />, {
    status: {
      ...inPhase.error,
      storage: { kind: 'indexeddb', durability: 'mirrored', keeping: 'best-effort' },
    },
    runs: history,
  }),
  show('SyncHistory', 'empty', <SyncHistory />),
  show('SyncHistory', 'runs', <SyncHistory />, { runs: history }),
  show('Diagnostics', 'calm', <Diagnostics />),
  show('Diagnostics', 'failed', <Diagnostics />, {
    status: {
      ...inPhase.error,
      storage: { kind: 'memory', durability: 'memory' },
      oldestPendingAt: NOW - HOUR,
    },
  }),
  show('ClearCache', 'closed', <ClearCache />),
  show('ClearCache', 'nothing-unsent', <ClearCache open />),
  show('ClearCache', 'three-unsent', <ClearCache open />, { status: { ...inPhase.offline, pending: 3 } }),
  ...resolvers,
  ...PRESETS.map((preset) =>
    show(
      'ConflictResolver',
      `preset-${preset}`,
      <ConflictResolver conflict={conflict('update')} />,
      { conflicts: [conflict('update')], status: inPhase.conflict },
      preset,
    ),
  ),
  show('ConflictResolver', 'offline', <ConflictResolver conflict={conflict('update')} />, {
    conflicts: [conflict('update')],
    status: inPhase.offline,
  }),
  show('ConflictDialog', 'open', <ConflictDialog conflict={conflict('update')} close={nothing} />, {
    conflicts: [conflict('update')],
    status: inPhase.conflict,
  }),
  show('ConflictInbox', 'empty', <ConflictInbox />),
  show('ConflictInbox', 'some', <ConflictInbox />, {
    conflicts: [
      conflict('update'),
      { ...uniqueConflict, conflictId: '2' },
      { ...serverDeleted, conflictId: '3', state: 'escalated' },
      { ...settled, conflictId: '4' },
    ],
    status: inPhase.conflict,
  }),
  show('PendingChanges', 'empty', <PendingChanges />),
  show('PendingChanges', 'some', <PendingChanges onEdit={nothing} />, {
    outbox: waiting,
    status: inPhase.pending,
  }),
  ...OUTBOX_STATES.map((state) =>
    show('PendingChanges', state, <PendingChanges onEdit={nothing} />, {
      outbox: [entry(state, 1, state === 'failed' ? { attempts: 3 } : {})],
      status: inPhase.pending,
    }),
  ),
  show('Quarantine', 'empty', <Quarantine />),
  show('Quarantine', 'some', <Quarantine />, { quarantine: refused, status: { quarantined: 2 } }),
  show('DataUsage', 'nothing', <DataUsage />, { status: { bytesToday: 0, bytesThisMonth: 0 } }),
  show('DataUsage', 'some', <DataUsage />, { usage: metered }),
  show('DataUsage', 'cap-reached', <DataUsage />, {
    usage: metered,
    status: { bytesToday: 5_400_000 },
    settings: { ...settings, dailyBytes: 5_000_000, compressImages: false },
  }),
];
