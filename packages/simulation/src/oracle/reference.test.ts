import { describe, expect, it } from 'vitest';
import type { OracleChange, OracleTable, OracleWrite } from './model.ts';
import { seenRow } from './overlay.ts';
import { Reference } from './reference.ts';

const table = (more: Partial<OracleTable> = {}): OracleTable => ({
  name: 't',
  key: 'id',
  columns: { area: { kind: 'plain' }, a: { kind: 'plain' }, n: { kind: 'counter' }, s: { kind: 'set' } },
  edits: { kind: 'server-wins' },
  fields: {},
  inserts: { kind: 'new-key' },
  deletes: 'ask',
  scopesOf: (_, row) => [`area:${row.area}`],
  ...more,
});

const receipt = { roles: [], at: 1_000, tolerance: 10 };
let ids = 0;
const write = (change: Partial<OracleChange>, millis = 500): OracleWrite => ({
  id: `m${++ids}`,
  client: 'c',
  stamp: { millis, counter: 0, node: 'c' },
  changes: [
    {
      table: 't',
      key: 'k',
      op: 'update',
      wrote: {},
      saw: null,
      told: null,
      toldAt: 0,
      unsettled: {},
      ...change,
    },
  ],
});
const start = { area: 'x', a: 'one', n: 5, s: ['p'] };
const begun = (more: Partial<OracleTable> = {}): Reference => {
  const reference = new Reference([table(more)]);
  reference.plain('t', 'k', start, 100);
  return reference;
};

describe('the reference', () => {
  it('[SIM-ORACLE-02] adds counters up, unites sets, and lets the policy decide a plain clash', () => {
    const reference = begun();
    reference.plain('t', 'k', { ...start, a: 'two', n: 9, s: ['p', 'q'] }, 200);
    const judged = reference.commit(
      write({ wrote: { a: 'mine', n: 4, s: [] }, saw: start, told: start }),
      receipt,
      new Map(),
    );
    expect(judged.outcome).toBe('superseded');
    expect(judged.rulings[0]!.clash).toEqual(['a']);
    expect(reference.row('t/k')).toEqual({ ...start, a: 'two', n: 8, s: ['q'] });
  });

  it('[SIM-ORACLE-02] no clash with what its author saw, was told, or wrote himself', () => {
    for (const server of ['one', 'mine']) {
      const reference = begun({ edits: { kind: 'review' } });
      reference.plain('t', 'k', { ...start, a: server }, 200);
      const judged = reference.commit(
        write({ wrote: { a: 'mine' }, saw: start, told: start }),
        receipt,
        new Map(),
      );
      expect(judged.outcome).toBe('applied');
    }
  });

  it('[SIM-ORACLE-03] a clock that is years ahead wins nothing', () => {
    const reference = begun({ edits: { kind: 'latest-wins' } });
    reference.plain('t', 'k', { ...start, a: 'two' }, 700);
    const mine = { wrote: { a: 'mine' }, saw: start, told: start, toldAt: 100 };
    expect(reference.commit(write(mine, 9_999_999), receipt, new Map()).outcome).toBe('superseded');
    expect(reference.commit(write(mine, 900), receipt, new Map()).outcome).toBe('merged');
  });

  it('[SIM-ORACLE-04] a delete against an edit that its author did not see asks a person', () => {
    const reference = begun();
    reference.plain('t', 'k', { ...start, a: 'two' }, 200);
    const judged = reference.commit(write({ op: 'delete', saw: start, told: start }), receipt, new Map());
    expect(judged.outcome).toBe('review');
    expect(reference.row('t/k')).not.toBeNull();
  });

  it('[SIM-ORACLE-05] shows unsettled edits over what the server tells', () => {
    const edit = { op: 'update', wrote: { n: 7, a: 'mine' }, saw: start } as const;
    expect(seenRow(table(), { ...start, n: 6 }, [edit])).toEqual({ ...start, n: 8, a: 'mine' });
    expect(seenRow(table(), null, [edit])).toEqual({ ...start, n: 7, a: 'mine' });
    expect(seenRow(table(), start, [edit, { op: 'delete', wrote: {}, saw: start }])).toBeNull();
  });
});
