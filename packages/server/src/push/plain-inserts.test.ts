import { hlcFromText } from '@satchel/core';
import type { Change, Values } from '@satchel/protocol';
import { defineApp, id, integer, table, text } from '@satchel/schema';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answersOf } from './answers.ts';
import { decide } from './decide.ts';
import { FactBook } from './fact-book.ts';
import type { Probe } from './facts.ts';
import { rowAddress } from './row-address.ts';
import type { RowState } from './row-state.ts';
import type { Submitted } from './submitted.ts';

const app = defineApp({
  name: 'plain',
  schemaVersion: 1,
  tables: {
    notes: table(
      { id: id(), note: text({ nullable: true }) },
      { scope: 'all', conflicts: { insert: 'new-key' } },
    ),
    stamped: table({ id: id(), n: integer() }, { scope: 'all', conflicts: { update: 'latest-wins' } }),
  },
  scopesOf: () => ['all'],
});
const principal = {
  id: 'p',
  issuer: 'i',
  userId: 'ana',
  roles: [],
  channel: 'mobile',
  claims: {},
  expiresAt: 0,
};

/** Nothing that the database would refuse: with it every mutation is decided by its trial. */
const NOTHING: Probe = { exists: () => true, children: () => [], holder: () => undefined };

const submittedOf = (at: number, changes: readonly Change[]): Submitted => {
  const mutation = {
    mutationId: `00000000-0000-7000-8000-${String(at).padStart(12, '0')}`,
    seq: at + 1,
    hlc: `${1_000 + at}:0:a`,
    author: 'ana',
    schemaVersion: 1,
    changes: [...changes],
  };
  const hlc = hlcFromText(mutation.hlc);
  return { mutation, clientId: 'c', runId: 'r', hlc, hash: '', changes, dropped: [], asSent: at % 5 !== 4 };
};

const keys = fc.constantFrom('a', 'b', 'c', 'd');
const change = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      table: fc.constantFrom('notes', 'stamped'),
      op: fc.constant('insert' as const),
      key: keys,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      table: fc.constant('notes'),
      op: fc.constantFrom('update' as const, 'delete' as const),
      key: keys,
    }),
  },
);
const withValues = (given: { table: string; op: Change['op']; key: string }, at: number): Change => {
  const values: Values =
    given.table === 'notes' ? { id: given.key, note: `n${at}` } : { id: given.key, n: at };
  return given.op === 'delete' ? given : { ...given, values };
};

const there = fc.constantFrom<RowState | undefined>(
  undefined,
  { values: null, version: 0, scopes: [], deleted: false },
  { values: null, version: 4, scopes: ['all'], deleted: true },
  { values: { id: 'a', note: 'there' }, version: 5, scopes: ['all'], deleted: false },
);

const decided = (submitted: readonly Submitted[], rows: ReadonlyMap<string, RowState>, probe?: Probe) => {
  const facts = new FactBook({
    app,
    principal,
    now: 2_000,
    scopes: new Set(['all']),
    rows,
    runs: new Map(),
    renames: [],
    waiting: [],
    rulings: new Map(),
    isTrusted: false,
    offering: undefined,
  });
  facts.probe = probe;
  const made = decide(facts, submitted);
  const written = { rows: new Map(), again: new Map(), version: () => 9, now: 2_000 };
  return {
    verdicts: made.verdicts,
    effects: [...made.rows.effects()],
    answers: [...answersOf(made, written)],
  };
};

describe('plain inserts', () => {
  test('[PUSH-16] mutations that only insert are decided as by their trial, among others and whatever is there', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 }),
        fc.dictionary(keys, there, { maxKeys: 2 }),
        (mutations, states) => {
          const submitted = mutations.map((changes, at) =>
            submittedOf(
              at,
              changes.map((one) => withValues(one, at)),
            ),
          );
          const rows = new Map(
            Object.entries(states).flatMap(([key, row]) =>
              row ? [[rowAddress('notes', key), row] as const] : [],
            ),
          );
          expect(decided(submitted, rows)).toEqual(decided(submitted, rows, NOTHING));
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
