import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PHASES, type PhaseFacts, phaseOf, WAITING_FOR } from './phase.ts';

const calm: PhaseFacts = {
  needsAuth: false,
  lastRunFailed: false,
  failed: 0,
  openConflicts: 0,
  paused: false,
  offline: false,
  syncing: false,
  pending: 0,
  complete: true,
  contacted: true,
  waitingFor: [],
};
/** Facts that make each phase true, in the order of the rule. */
const CAUSES: readonly (readonly [(typeof PHASES)[number], Partial<PhaseFacts>])[] = [
  ['needs-auth', { needsAuth: true }],
  ['error', { lastRunFailed: true }],
  ['conflict', { openConflicts: 1 }],
  ['paused', { paused: true }],
  ['offline', { offline: true }],
  ['syncing', { syncing: true }],
  ['pending', { pending: 1 }],
  ['unknown', { contacted: false }],
  ['synced', {}],
];

describe('[CORE-PHASE-01] the first that is true', () => {
  test.each(CAUSES)('%s', (phase, facts) => {
    expect(phaseOf({ ...calm, ...facts }).phase).toBe(phase);
  });

  test('of any that are true at once', () => {
    fc.assert(
      fc.property(
        fc.subarray(
          CAUSES.map((_, index) => index),
          { minLength: 1 },
        ),
        (indexes) => {
          const facts: PhaseFacts = Object.assign({}, calm, ...indexes.map((index) => CAUSES[index]![1]));
          expect(phaseOf(facts).phase).toBe(CAUSES[Math.min(...indexes)]![0]);
        },
      ),
    );
  });

  test('failed mutations are an error', () => {
    expect(phaseOf({ ...calm, failed: 1, pending: 1 }).phase).toBe('error');
  });
});

test('[CORE-PHASE-02] pending says the first reason that holds it back', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...WAITING_FOR]), (reasons) => {
      const first = WAITING_FOR.find((reason) => reasons.includes(reason));
      const expected = first === undefined ? { phase: 'pending' } : { phase: 'pending', waitingFor: first };
      expect(phaseOf({ ...calm, pending: 2, waitingFor: reasons })).toEqual(expected);
    }),
  );
  expect(phaseOf({ ...calm, waitingFor: ['wifi'] })).toEqual({ phase: 'synced' });
});

test('[CORE-PHASE-03] synced is said only when nothing waits either way and the server was heard', () => {
  const facts = fc.record({
    needsAuth: fc.boolean(),
    lastRunFailed: fc.boolean(),
    failed: fc.nat(1),
    openConflicts: fc.nat(1),
    paused: fc.boolean(),
    offline: fc.boolean(),
    syncing: fc.boolean(),
    pending: fc.nat(1),
    complete: fc.boolean(),
    contacted: fc.boolean(),
    waitingFor: fc.constant([]),
  });
  fc.assert(
    fc.property(facts, (all) => {
      const truly = all.contacted && all.complete && all.pending === 0 && all.failed === 0;
      if (phaseOf(all).phase === 'synced') expect(truly).toBe(true);
    }),
  );
  expect(phaseOf({ ...calm, complete: false })).toEqual({ phase: 'pending' });
});
