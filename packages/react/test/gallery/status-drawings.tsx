import { PHASES, WAITING_FOR } from '@satchel/core';
import { type ReactElement, useEffect } from 'react';
import {
  BADGE_STATES,
  ICON_NAMES,
  Icon,
  OfflineBanner,
  PRESETS,
  PullToRefresh,
  RecordBadge,
  ReportButton,
  RetryConnection,
  StaleBanner,
  SyncIndicator,
  TONES,
  Toaster,
  type Tone,
  useToasts,
} from '../../src/index.ts';
import { type Drawing, type Drawings, draw, drawEach, press } from './drawings.tsx';
import { inPhase } from './samples.ts';
import { NOW } from './scene.ts';

const HOUR = 3_600_000;
const DAY = 86_400_000;
const nothing = (): void => {};

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

/** A finger that comes down, and pulls. */
const pull =
  (way: number) =>
  (root: HTMLElement): void => {
    const list = root.querySelector('.satchel-pull');
    const finger = (type: string, clientY: number): void => {
      list?.dispatchEvent(
        new PointerEvent(type, {
          bubbles: true,
          isPrimary: true,
          pointerId: 1,
          pointerType: 'touch',
          clientY,
        }),
      );
    };
    finger('pointerdown', 100);
    finger('pointermove', 100 + way);
  };

const prices = (
  <PullToRefresh label="Prices">
    <ul className="sample-list">
      <li>
        Maize <b>32.50</b>
      </li>
      <li>
        Beans <b>88.00</b>
      </li>
    </ul>
  </PullToRefresh>
);

const pulled = (more: Partial<Drawing>, over: Parameters<typeof draw>[1] = {}): Drawing => ({
  ...draw(prices, over),
  ...more,
});
const refresh = press('.satchel-pull .satchel-button');

export const statusDrawings: Pick<
  Drawings,
  | 'Icon'
  | 'OfflineBanner'
  | 'PullToRefresh'
  | 'RecordBadge'
  | 'ReportButton'
  | 'RetryConnection'
  | 'StaleBanner'
  | 'SyncIndicator'
  | 'Toaster'
> = {
  Icon: {
    all: draw(
      <ul className="satchel sample-icons">
        {ICON_NAMES.map((name) => (
          <li key={name}>
            <Icon name={name} /> {name}
          </li>
        ))}
      </ul>,
    ),
  },
  OfflineBanner: {
    'nothing-waits': draw(<OfflineBanner />, { status: { ...inPhase.offline, pending: 0 } }),
    'work-waits': draw(<OfflineBanner />, { status: inPhase.offline }),
  },
  PullToRefresh: {
    idle: pulled({}),
    pulling: pulled({ act: pull(60) }),
    ready: pulled({ act: pull(200) }),
    refreshing: pulled({ act: refresh }),
    done: pulled({ act: refresh }, { runEnds: 'done' }),
    failed: pulled({ act: refresh }, { runEnds: 'failed' }),
  },
  RecordBadge: Object.assign(
    {},
    ...PRESETS.map((preset) =>
      drawEach(
        BADGE_STATES,
        (state) => `${preset}-${state}` as const,
        (state) =>
          draw(
            <p className="satchel">
              Sale #001{' '}
              <RecordBadge
                table="products"
                recordKey="1"
                {...(state === 'sending' ? { mediaProgress: 0.4 } : {})}
              />
            </p>,
            {
              rowState: state === 'sending' ? 'pending' : state,
              status: { uploading: state === 'sending' },
            },
            { preset },
          ),
      ),
    ),
  ) as Drawings['RecordBadge'],
  ReportButton: { idle: draw(<ReportButton onReport={nothing} />, { status: inPhase.error }) },
  RetryConnection: {
    idle: draw(<RetryConnection />, { status: inPhase.offline }),
    connecting: draw(
      <RetryConnection />,
      { status: inPhase.offline, runEnds: 'never' },
      { act: press('button') },
    ),
  },
  StaleBanner: {
    stale: draw(<StaleBanner table="prices" />, {
      status: { ...inPhase.offline, checkpointAt: NOW - 9 * HOUR, lastRun: null },
    }),
    never: draw(<StaleBanner table="prices" />, { status: { ...inPhase.unknown, checkpointAt: null } }),
  },
  SyncIndicator: {
    ...(Object.assign(
      {},
      ...PRESETS.map((preset) =>
        drawEach(
          PHASES,
          (phase) => `${preset}-${phase}` as const,
          (phase) => draw(<SyncIndicator onReview={nothing} />, { status: inPhase[phase] }, { preset }),
        ),
      ),
    ) as Pick<Drawings['SyncIndicator'], `${(typeof PRESETS)[number]}-${(typeof PHASES)[number]}`>),
    ...drawEach(
      WAITING_FOR,
      (why) => `waits-for-${why}` as const,
      (waitingFor) => draw(<SyncIndicator />, { status: { ...inPhase.pending, waitingFor } }),
    ),
    ...drawEach(
      ['2', '3'],
      (k) => `attempt-${k}-of-3` as const,
      (k) =>
        draw(
          <SyncIndicator />,
          { status: { ...inPhase.error, retry: { failures: Number(k), attempts: 3 } } },
          { preset: 'farm' },
        ),
    ),
    facts: draw(<SyncIndicator open />, { status: { ...inPhase.offline, quarantined: 1 } }),
    incomplete: draw(<SyncIndicator />, { status: { phase: 'pending', complete: false } }),
    'leader-silent': draw(<SyncIndicator open />, {
      status: {
        ...inPhase.pending,
        waitingFor: 'leader',
        tab: { role: 'follower', leaderSilent: true, saved: 5, refused: 0 },
      },
    }),
    locked: draw(<SyncIndicator onSignIn={nothing} />, { status: { phase: 'needs-auth', locked: true } }),
    overdue: draw(<SyncIndicator />, {
      status: { ...inPhase.offline, checkpointAt: NOW - 5 * DAY, lastRun: null },
    }),
    'sign-in': draw(<SyncIndicator open onSignIn={nothing} />, { status: inPhase['needs-auth'] }),
  },
  Toaster: drawEach(
    TONES,
    (tone) => tone,
    (tone) => draw(<Saying tone={tone} />),
  ),
};
