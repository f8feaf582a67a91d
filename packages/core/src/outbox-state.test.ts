import { describe, expect, test } from 'vitest';
import {
  isUnsettled,
  OUTBOX_EVENTS,
  OUTBOX_STATES,
  type OutboxEvent,
  type OutboxState,
  transitionOutbox,
} from './outbox-state.ts';

/** Every state and event; `-` where nothing changes. */
const TABLE: Record<OutboxState, Record<OutboxEvent, OutboxState | '-'>> = {
  queued: {
    taken: 'in-flight',
    'answered-settled': 'settled',
    'answered-rejected': 'quarantined',
    'answered-review': 'review',
    'answered-interim': '-',
    returned: '-',
    exhausted: '-',
    retried: '-',
    'dependency-stuck': 'blocked',
    'dependency-freed': '-',
    'right-lost': 'quarantined',
    'epoch-changed': '-',
  },
  'in-flight': {
    taken: '-',
    'answered-settled': 'settled',
    'answered-rejected': 'quarantined',
    'answered-review': 'review',
    'answered-interim': 'queued',
    returned: 'queued',
    exhausted: 'failed',
    retried: '-',
    'dependency-stuck': '-',
    'dependency-freed': '-',
    'right-lost': '-',
    'epoch-changed': '-',
  },
  blocked: {
    taken: '-',
    'answered-settled': 'settled',
    'answered-rejected': 'quarantined',
    'answered-review': 'review',
    'answered-interim': '-',
    returned: '-',
    exhausted: '-',
    retried: '-',
    'dependency-stuck': '-',
    'dependency-freed': 'queued',
    'right-lost': 'quarantined',
    'epoch-changed': '-',
  },
  review: {
    taken: '-',
    'answered-settled': 'settled',
    'answered-rejected': 'quarantined',
    'answered-review': '-',
    'answered-interim': '-',
    returned: '-',
    exhausted: '-',
    retried: '-',
    'dependency-stuck': '-',
    'dependency-freed': '-',
    'right-lost': '-',
    'epoch-changed': 'queued',
  },
  settled: {
    taken: '-',
    'answered-settled': '-',
    'answered-rejected': '-',
    'answered-review': '-',
    'answered-interim': '-',
    returned: '-',
    exhausted: '-',
    retried: '-',
    'dependency-stuck': '-',
    'dependency-freed': '-',
    'right-lost': '-',
    'epoch-changed': 'queued',
  },
  failed: {
    taken: '-',
    'answered-settled': 'settled',
    'answered-rejected': 'quarantined',
    'answered-review': 'review',
    'answered-interim': '-',
    returned: '-',
    exhausted: '-',
    retried: 'queued',
    'dependency-stuck': '-',
    'dependency-freed': '-',
    'right-lost': 'quarantined',
    'epoch-changed': '-',
  },
  quarantined: {
    taken: '-',
    'answered-settled': 'settled',
    'answered-rejected': '-',
    'answered-review': '-',
    'answered-interim': '-',
    returned: '-',
    exhausted: '-',
    retried: '-',
    'dependency-stuck': '-',
    'dependency-freed': '-',
    'right-lost': '-',
    'epoch-changed': '-',
  },
};

describe.each(OUTBOX_STATES)('%s', (state) => {
  test.each(OUTBOX_EVENTS)('[CORE-OUTBOX-01] %s', (event) => {
    const expected = TABLE[state][event];
    expect(transitionOutbox(state, event)).toBe(expected === '-' ? undefined : expected);
  });
});

/** All states that any events lead to. */
const reachable = (start: OutboxState, events: readonly OutboxEvent[]): Set<OutboxState> => {
  const found = new Set<OutboxState>([start]);
  for (const state of found) {
    for (const event of events) {
      const next = transitionOutbox(state, event);
      if (next) found.add(next);
    }
  }
  return found;
};

test('[CORE-OUTBOX-02] from every state that is not final, an answer can still settle it', () => {
  for (const state of OUTBOX_STATES) expect(reachable(state, OUTBOX_EVENTS).has('settled')).toBe(true);
});

test('[CORE-OUTBOX-03] only an answer or a lost right ends a mutation: no failure of the network does', () => {
  const network: OutboxEvent[] = [
    'taken',
    'answered-interim',
    'returned',
    'exhausted',
    'retried',
    'dependency-stuck',
    'dependency-freed',
  ];
  const found = reachable('queued', network);
  expect([...found].every(isUnsettled)).toBe(true);
  expect([...found].sort()).toEqual(['blocked', 'failed', 'in-flight', 'queued']);
});

test('[CORE-OUTBOX-04] what is quarantined is never sent again', () => {
  const found = reachable(
    'quarantined',
    OUTBOX_EVENTS.filter((event) => event !== 'answered-settled'),
  );
  expect([...found]).toEqual(['quarantined']);
});
