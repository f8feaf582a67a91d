import type { Change, Values } from '@satchel/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EARLIER, factsOf, stamp, tableWith, updateOf } from '../test/merge-cases.ts';
import { decideChange } from './change-decision.ts';
import type { DeletePolicy } from './policy.ts';

const base: Values = { id: 'p1', name: 'a', stock: 10, tags: ['x'], changedAt: 1 };
const edited: Values = { ...base, name: 'theirs', changedAt: 2 };
const tableOf = (policy: DeletePolicy) => tableWith({ kind: 'server-wins' }, { delete: policy });
const deleteOf = (values: Values | null, more: Partial<Change> = {}): Change => ({
  table: 'products',
  op: 'delete',
  key: 'p1',
  ...(values && { confirmed: { version: 1, values } }),
  ...more,
});
const present = (row: Values) => ({ row, deleted: false, last: null });
const GONE = { row: null, deleted: true, last: base };
const NEVER = { row: null, deleted: false, last: null };

describe('a delete', () => {
  test.each<DeletePolicy['kind']>(['ask', 'delete-wins', 'edit-wins'])(
    '[CORE-DELETE-01] of a row that nobody edited is done, under %s',
    (kind) => {
      const row = { ...base, tags: ['x'], changedAt: 99 };
      expect(decideChange(tableOf({ kind }), deleteOf(base), present(row), factsOf())).toMatchObject({
        outcome: 'applied',
        effect: 'delete',
      });
    },
  );

  test('[CORE-DELETE-01] of a row that is gone, or never was, has nothing to do', () => {
    for (const server of [GONE, NEVER]) {
      expect(decideChange(tableOf({ kind: 'ask' }), deleteOf(base), server, factsOf())).toMatchObject({
        outcome: 'applied',
        effect: 'none',
      });
    }
  });

  test('[CORE-DELETE-02] clashes exactly when a column is not what the user saw', () => {
    const value = fc.constantFrom('a', 'b', 'c');
    fc.assert(
      fc.property(
        value,
        fc.option(value, { nil: undefined }),
        value,
        value,
        (confirmed, seen, became, server) => {
          const change = deleteOf(
            { ...base, name: confirmed },
            seen === undefined ? {} : { seen: { name: { value: seen, mutationId: EARLIER } } },
          );
          const verdict = decideChange(
            tableOf({ kind: 'ask' }),
            change,
            present({ ...base, name: server }),
            factsOf({ became: () => became }),
          );
          const known = [confirmed, ...(seen === undefined ? [] : [seen, became])];
          expect(verdict.outcome).toBe(known.includes(server) ? 'applied' : 'review');
        },
      ),
    );
  });

  test('[CORE-DELETE-03] against an edit: ask holds it, with the edited row', () => {
    const verdict = decideChange(
      tableOf({ kind: 'ask', expireAfter: 9 }),
      deleteOf(base),
      present(edited),
      factsOf(),
    );
    expect(verdict).toMatchObject({
      outcome: 'review',
      effect: 'none',
      conflict: {
        kind: 'delete',
        state: 'open',
        columns: ['name'],
        base: { name: 'a' },
        client: null,
        server: edited,
        expireAfter: 9,
        expireThen: 'server-wins',
      },
    });
  });

  test('[CORE-DELETE-03] against an edit: delete-wins deletes and keeps the edit, edit-wins keeps the row', () => {
    expect(
      decideChange(tableOf({ kind: 'delete-wins' }), deleteOf(base), present(edited), factsOf()),
    ).toMatchObject({
      outcome: 'merged',
      effect: 'delete',
      conflict: { decision: 'accept-client', server: edited, result: null },
    });
    expect(
      decideChange(tableOf({ kind: 'edit-wins' }), deleteOf(base), present(edited), factsOf()),
    ).toMatchObject({
      outcome: 'superseded',
      effect: 'none',
      conflict: { decision: 'accept-server', server: edited },
    });
  });

  test('[CORE-DELETE-04] that says nothing of what the user saw is judged as against an edit', () => {
    expect(decideChange(tableOf({ kind: 'ask' }), deleteOf(null), present(base), factsOf()).outcome).toBe(
      'review',
    );
  });
});

describe('an update of a row that somebody deleted', () => {
  const change = updateOf({ name: 'mine', stock: 12 }, { name: 'a', stock: 10 });

  test('[CORE-DELETE-05] ask holds it', () => {
    expect(decideChange(tableOf({ kind: 'ask' }), change, GONE, factsOf())).toMatchObject({
      outcome: 'review',
      effect: 'none',
      conflict: { kind: 'delete', state: 'open', client: { name: 'mine', stock: 12 }, server: null },
    });
  });

  test('[CORE-DELETE-05] delete-wins keeps it in the conflict only', () => {
    expect(decideChange(tableOf({ kind: 'delete-wins' }), change, GONE, factsOf())).toMatchObject({
      outcome: 'superseded',
      effect: 'none',
      conflict: { decision: 'accept-server', client: { name: 'mine' }, result: null },
    });
  });

  test('[CORE-DELETE-06] edit-wins brings the row back as it last was, with the edit merged in', () => {
    const last = { ...base, stock: 15, tags: ['x', 'y'] };
    const verdict = decideChange(tableOf({ kind: 'edit-wins' }), change, { ...GONE, last }, factsOf());
    expect(verdict).toMatchObject({
      outcome: 'merged',
      effect: 'insert',
      write: { ...last, name: 'mine', stock: 17 },
      conflict: { decision: 'accept-client', result: { name: 'mine', stock: 17 } },
    });
  });

  test('[CORE-DELETE-06] what cannot be brought back is put before a person', () => {
    expect(
      decideChange(tableOf({ kind: 'edit-wins' }), change, { ...GONE, last: null }, factsOf()).outcome,
    ).toBe('review');
  });

  test('[CORE-DELETE-06] a field that the last edit before the delete won stays lost', () => {
    const last = { ...base, name: 'theirs' };
    const facts = factsOf({ hlc: stamp(1) });
    expect(decideChange(tableOf({ kind: 'edit-wins' }), change, { ...GONE, last }, facts)).toMatchObject({
      outcome: 'superseded',
      effect: 'insert',
      write: { name: 'theirs', stock: 12 },
      conflict: { decision: 'merged' },
    });
  });

  test('[CORE-DELETE-07] a row that never was is missing', () => {
    expect(decideChange(tableOf({ kind: 'edit-wins' }), change, NEVER, factsOf())).toMatchObject({
      outcome: 'rejected',
      problem: { code: 'row_missing', params: { table: 'products', key: 'p1' } },
    });
  });
});
