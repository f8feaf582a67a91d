import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CONNECTION_EVENTS,
  CONNECTION_STATES,
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionKind,
  type ConnectionState,
  STOPPED,
  transitionConnection,
} from './connection-state.ts';

type Row = Partial<Record<ConnectionEvent, readonly [ConnectionKind, ...ConnectionEffect[]]>>;

/** Every step that does something; all others leave the state as it is. */
const TABLE: Record<ConnectionKind, Row> = {
  stopped: { start: ['connecting', 'open'] },
  offline: { stop: ['stopped'], 'network-regained': ['connecting', 'open'] },
  connecting: {
    stop: ['stopped', 'close'],
    'network-lost': ['offline', 'close'],
    opened: ['greeting', 'hello'],
    lost: ['waiting', 'wait'],
    'auth-failed': ['needs-auth', 'close', 'ask-token'],
    refused: ['refused', 'close'],
  },
  greeting: {
    stop: ['stopped', 'close'],
    'network-lost': ['offline', 'close'],
    ready: ['live', 'pull'],
    lost: ['waiting', 'wait'],
    behind: ['waiting', 'close', 'pull', 'wait'],
    'auth-failed': ['needs-auth', 'close', 'ask-token'],
    'token-changed': ['greeting', 'send-token'],
    refused: ['refused', 'close'],
  },
  live: {
    stop: ['stopped', 'close'],
    'network-lost': ['offline', 'close'],
    lost: ['waiting', 'wait'],
    behind: ['waiting', 'close', 'pull', 'wait'],
    'auth-failed': ['needs-auth', 'close', 'ask-token'],
    'token-changed': ['live', 'send-token'],
    refused: ['refused', 'close'],
  },
  waiting: {
    stop: ['stopped', 'cancel-wait'],
    'network-lost': ['offline', 'cancel-wait'],
    'network-regained': ['connecting', 'cancel-wait', 'open'],
    timer: ['connecting', 'open'],
  },
  'needs-auth': { stop: ['stopped'], 'token-changed': ['connecting', 'open'] },
  refused: { stop: ['stopped'], start: ['connecting', 'open'], 'token-changed': ['connecting', 'open'] },
};

describe.each(CONNECTION_STATES)('%s', (kind) => {
  test.each(CONNECTION_EVENTS)('[CORE-CONNECTION-01] %s', (event) => {
    const before: ConnectionState = { kind, attempt: 2 };
    const { state, effects } = transitionConnection(before, event);
    const [to = kind, ...expected] = TABLE[kind][event] ?? [];
    expect(state.kind).toBe(to);
    expect(effects).toEqual(expected);
    if (!TABLE[kind][event]) expect(state).toBe(before);
  });
});

test('[CORE-CONNECTION-02] failed tries are counted until one is live, or the network is another', () => {
  const run = (events: readonly ConnectionEvent[]): ConnectionState =>
    events.reduce((state, event) => transitionConnection(state, event).state, STOPPED);
  expect(run(['start', 'lost', 'timer', 'opened', 'lost']).attempt).toBe(2);
  expect(run(['start', 'lost', 'timer', 'opened', 'ready']).attempt).toBe(0);
  expect(run(['start', 'lost', 'timer', 'lost', 'network-regained']).attempt).toBe(0);
});

test('[CORE-CONNECTION-03] there is never more than one socket, nor more than one timer, and none is left behind', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...CONNECTION_EVENTS), { maxLength: 40 }), (events) => {
      let state = STOPPED;
      let isOpen = false;
      let isWaiting = false;
      for (const event of events) {
        // The shell only reports what can happen: a closed socket says nothing, a timer that is off does not ring.
        if (['opened', 'ready', 'lost', 'behind', 'auth-failed', 'refused'].includes(event) && !isOpen)
          continue;
        if (event === 'timer' && !isWaiting) continue;
        if (event === 'lost') isOpen = false;
        if (event === 'timer') isWaiting = false;
        const step = transitionConnection(state, event);
        state = step.state;
        for (const effect of step.effects) {
          if (effect === 'open') {
            expect(isOpen || isWaiting).toBe(false);
            isOpen = true;
          }
          if (effect === 'close') isOpen = false;
          if (effect === 'wait') {
            expect(isWaiting).toBe(false);
            isWaiting = true;
          }
          if (effect === 'cancel-wait') isWaiting = false;
          if (effect === 'hello' || effect === 'send-token') expect(isOpen).toBe(true);
        }
        expect(isOpen).toBe(['connecting', 'greeting', 'live'].includes(state.kind));
        expect(isWaiting).toBe(state.kind === 'waiting');
      }
    }),
    { numRuns: 1_000 },
  );
});

test('[CORE-CONNECTION-04] each state but a stopped one has a way to be live again', () => {
  for (const kind of CONNECTION_STATES) {
    const found = new Set<ConnectionKind>([kind]);
    for (const state of found) {
      for (const event of CONNECTION_EVENTS)
        found.add(transitionConnection({ kind: state, attempt: 0 }, event).state.kind);
    }
    expect(found.has('live')).toBe(true);
  }
});
