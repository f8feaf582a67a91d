import { describe, expect, it } from 'vitest';
import type { CheckerFactory } from '../checker.ts';
import type {
  CommittedMutation,
  CommittedRow,
  FinalClient,
  FinalServer,
  HistoryEvent,
  HistoryEventBody,
  OutboxItem,
  StatusShown,
  StatusTruth,
} from '../history.ts';
import { accounts } from './accounts.ts';
import { convergence } from './convergence.ts';
import { exactlyOnce } from './exactly-once.ts';
import { leaks } from './leaks.ts';
import { liveness, statusTruth } from './liveness.ts';
import { outcomes } from './outcomes.ts';
import { sessions } from './sessions.ts';

/** What a checker says of a short history, each finding as `I1: …`. */
const findings = (make: CheckerFactory, ...bodies: readonly HistoryEventBody[]): string => {
  const checker = make();
  const said = bodies.flatMap((body, number) =>
    checker.hear({ number, step: number, at: number, ...body } as HistoryEvent),
  );
  return [...said, ...(checker.stepDone?.(bodies.length) ?? [])]
    .map(({ invariant, message }) => `${invariant}: ${message}`)
    .join('\n');
};

const KEY = 'k000001z';
const opened = (user = 'user-1'): HistoryEventBody => ({
  kind: 'opened',
  client: 'c1',
  clientId: 'id-1',
  user,
  roles: ['clerk'],
  schemaVersion: 3,
});
const wrote = (values: Record<string, string | number>, before: Record<string, string | number> | null) =>
  ({
    kind: 'wrote',
    client: 'c1',
    user: 'user-1',
    schemaVersion: 3,
    clock: 0,
    mutationId: 'm1',
    changes: [
      { table: 'products', op: before ? 'update' : 'insert', key: KEY, values, before: before ?? null },
    ],
  }) satisfies HistoryEventBody;
const committed = (
  order: number,
  rows: readonly CommittedRow[],
  mutations: readonly Partial<CommittedMutation>[] = [],
): HistoryEventBody => ({
  kind: 'committed',
  by: 'server',
  name: 's0',
  order,
  rows,
  mutations: mutations.map((one) => ({
    mutationId: 'm1',
    author: 'user-1',
    state: 'settled',
    outcome: 'applied',
    ...one,
  })),
});
const row = (op: CommittedRow['op'], before: object | null, after: object | null): CommittedRow =>
  ({ table: 'products', op, before, after }) as CommittedRow;
const item = (more: Partial<OutboxItem> = {}): OutboxItem => ({
  mutationId: 'm1',
  state: 'settled',
  outcome: 'applied',
  blockedBy: null,
  held: false,
  problem: null,
  ...more,
});
const truth: StatusTruth = {
  networkOnline: true,
  serverReachable: true,
  tokenValid: true,
  revoked: false,
  unsettled: 0,
  quarantined: 0,
  clockError: 0,
};
const shown = {
  phase: 'synced',
  pending: 0,
  failed: 0,
  blocked: 0,
  review: 0,
  held: 0,
  quarantined: 0,
  complete: true,
  online: true,
} as StatusShown;

const quiesced = (
  client: Partial<FinalClient> = {},
  server: Partial<FinalServer> = {},
  healedWithin: number | null = 1_000,
): HistoryEventBody => ({
  kind: 'quiesced',
  clients: [
    {
      client: 'c1',
      clientId: 'id-1',
      user: 'user-1',
      roles: ['clerk'],
      schemaVersion: 3,
      tables: {},
      outbox: [],
      status: shown,
      truth,
      conflicts: [],
      ...client,
    },
  ],
  server: {
    tables: {},
    scopes: { 'user-1': ['store:s1'] },
    rights: {},
    mutations: [],
    conflicts: [],
    schemaVersion: 3,
    audit: [],
    unknownSeqs: [],
    ...server,
  },
  healedWithin,
});

describe('each checker complains of what breaks its invariant, and of nothing else', () => {
  const product = { id: KEY, storeId: 's1', name: 'one', stock: 5 };

  it('[SIM-30] I1: a screen that differs, a row too many, a row too few', () => {
    const on = (mine: readonly object[], there: readonly object[]): string =>
      findings(
        convergence,
        quiesced({ tables: { products: mine as never } }, { tables: { products: there as never } }),
      );
    expect(on([product], [product])).toBe('');
    expect(on([{ ...product, name: 'other' }], [product])).toContain('I1: c1 (user-1) shows products');
    expect(on([], [product])).toContain('as null');
    expect(on([product], [])).toContain('it is null');
    // Out of his scopes it is not his to see.
    expect(on([], [{ ...product, storeId: 's2' }])).toBe('');
  });

  it('[SIM-31] I2: a saved write that is in no outbox, and one that is called settled and never came', () => {
    const write = wrote({ name: 'one' }, null);
    expect(findings(accounts, write, quiesced())).toContain('I2: c1: the write m1 is in no outbox');
    expect(findings(accounts, write, quiesced({ outbox: [item()] }))).toContain('the server never had it');
    expect(findings(accounts, write, committed(1, [], [{}]), quiesced({ outbox: [item()] }))).toBe('');
  });

  it('[SIM-32] I3: a mutation settled twice, and a counter that moved twice', () => {
    const move = wrote({ stock: 7 }, product);
    const once = row('update', { id: KEY, stock: 5 }, { id: KEY, stock: 7 });
    const again = row('update', { id: KEY, stock: 7 }, { id: KEY, stock: 9 });
    expect(findings(exactlyOnce, move, committed(1, [once], [{}]), quiesced())).toBe('');
    // Torn by a kill, it may be there: as it was written, and no otherwise.
    const { mutationId: _, ...untold } = move as Extract<HistoryEventBody, { kind: 'wrote' }>;
    const torn: HistoryEventBody = { ...untold, kind: 'write-torn' };
    const half = row('update', { id: KEY, stock: 5 }, { id: KEY, stock: 6 });
    expect(findings(exactlyOnce, torn, quiesced())).toBe('');
    expect(findings(exactlyOnce, torn, committed(1, [once], [{}]), quiesced())).toBe('');
    expect(findings(exactlyOnce, torn, committed(1, [half], [{}]), quiesced())).toContain('moved by 1');
    expect(
      findings(exactlyOnce, move, committed(1, [once], [{}]), committed(2, [again], [{}]), quiesced()),
    ).toContain(`I3: products/${KEY}/stock moved by 4, the settled writes say 2`);
    expect(
      findings(exactlyOnce, committed(1, [], [{}]), committed(2, [], [{ outcome: 'merged' }])),
    ).toContain('I3: m1 was settled in commit 1');
  });

  it('[SIM-33] I4: a write that does not show on its own device', () => {
    const read = (name: string): HistoryEventBody => ({
      kind: 'read',
      client: 'c1',
      user: 'user-1',
      schemaVersion: 3,
      table: 'products',
      rows: [{ ...product, name }],
    });
    const write = wrote({ name: 'm000009z' }, product);
    expect(findings(sessions, write, read('m000009z'))).toBe('');
    expect(findings(sessions, write, read('one'))).toContain('I4: c1 does not see its own write m1');
  });

  it('[SIM-34] I5: an older committed value after a newer one', () => {
    const read = (name: string): HistoryEventBody => ({
      kind: 'read',
      client: 'c1',
      user: 'user-1',
      schemaVersion: 3,
      table: 'products',
      rows: [{ ...product, name }],
    });
    const first = committed(1, [row('insert', null, { id: KEY, name: 'm000001z' })]);
    const second = committed(2, [
      row('update', { id: KEY, name: 'm000001z' }, { id: KEY, name: 'm000002z' }),
    ]);
    expect(findings(sessions, first, read('m000001z'), second, read('m000002z'))).toBe('');
    expect(findings(sessions, first, second, read('m000002z'), read('m000001z'))).toContain('I5: c1 reads');
  });

  it('[SIM-35] I8, I15: an applied mutation that is not in its commit, or stands otherwise', () => {
    const write = wrote({ name: 'm000009z' }, product);
    const as = (name: string) => committed(1, [row('update', { id: KEY }, { id: KEY, name })], [{}]);
    expect(findings(outcomes, write, as('m000009z'))).toBe('');
    expect(findings(outcomes, write, as('other'))).toContain('I15: m1 is applied');
    const entry = {
      ...wrote({ amount: 1 }, null),
      changes: [{ table: 'ledger', op: 'insert', key: KEY, values: { amount: 1 }, before: null }],
    } as HistoryEventBody;
    expect(findings(outcomes, entry, committed(1, [], [{}]))).toContain('I8: m1 is applied');
  });

  it('[SIM-36] I14: what was superseded without a record', () => {
    const superseded = { mutationId: 'm1', author: 'u', state: 'settled', outcome: 'superseded' } as const;
    expect(findings(outcomes, quiesced({}, { mutations: [superseded] }))).toContain('I14: m1 was superseded');
    const conflict = {
      conflictId: 'x',
      state: 'settled',
      table: 't',
      key: 'k',
      mutationIds: ['m1'],
      policy: '',
    };
    expect(findings(outcomes, quiesced({}, { mutations: [superseded], conflicts: [conflict] }))).toBe('');
  });

  it('[SIM-37] I16: a row, or a column, that its receiver may not see', () => {
    const received = (text: string): HistoryEventBody => ({
      kind: 'received',
      client: 'c1',
      user: 'user-1',
      action: '/v1/pull',
      text,
    });
    const elsewhere = committed(1, [row('insert', null, { id: KEY, store_id: 's3', name: 'x' })]);
    expect(findings(leaks, opened(), elsewhere, received('{"id":"k999999z"}'))).toBe('');
    expect(findings(leaks, opened(), elsewhere, received(`{"id":"${KEY}"}`))).toContain(
      'I16: user-1 received',
    );
    // It came and went while the right was taken from him: that it left is no secret of a scope that is his again.
    const went = [
      committed(1, [row('insert', null, { id: KEY, store_id: 's3', name: 'x' })]),
      committed(2, [row('delete', { id: KEY, store_id: 's3', name: 'x' }, null)]),
      committed(3, [{ ...row('insert', null, { user_id: 'user-1', store_id: 's3' }), table: 'grants' }]),
    ];
    const left = (scope: string) => received(`{"line":"gone","scope":"${scope}","keys":["${KEY}"]}`);
    expect(findings(leaks, opened(), ...went, left('store:s3'))).toBe('');
    expect(findings(leaks, opened(), ...went, left('store:s4'))).toContain('I16: user-1 received');
    expect(findings(leaks, opened(), ...went.slice(0, 2), left('store:s3'))).toContain('I16: user-1');
    expect(findings(leaks, opened(), ...went, received(`{"line":"rows","keys":["${KEY}"]}`))).toContain(
      'I16',
    );
    const secret = committed(1, [
      { ...row('insert', null, { id: KEY, region: 'r1', secret: 'm000000777z' }), table: 'farms' },
    ]);
    expect(findings(leaks, opened(), secret, received('["m000000777z"]'))).toContain('the hidden value');
  });

  it('[SIM-38] I17: what is left without a reason, and devices that never rest', () => {
    expect(findings(liveness, quiesced({ outbox: [item({ state: 'queued', outcome: null })] }))).toContain(
      'I17: c1: m1 is still queued at rest',
    );
    expect(findings(liveness, quiesced({ outbox: [item({ state: 'review' })] }))).toBe('');
    expect(findings(liveness, quiesced({ outbox: [item({ state: 'queued', held: true })] }))).toBe('');
    expect(findings(liveness, quiesced({}, {}, null))).toContain('never came to rest');
    const locked = { ...truth, revoked: true };
    expect(findings(liveness, quiesced({ outbox: [item({ state: 'queued' })], truth: locked }))).toBe('');
  });

  it('[SIM-39] I20: a status that is not true at that moment', () => {
    const says = (what: Partial<StatusShown>, is: Partial<StatusTruth>): string =>
      findings(statusTruth, {
        kind: 'status',
        client: 'c1',
        shown: { ...shown, ...what },
        truth: { ...truth, ...is },
      });
    expect(says({}, {})).toBe('');
    expect(says({}, { unsettled: 2 })).toContain('I20: c1 says synced: 2 writes wait');
    expect(says({ phase: 'syncing' }, { unsettled: 1 })).toContain('nothing waits, it is 1');
    expect(says({}, { networkOnline: false })).toContain('there is no network');
    expect(says({ phase: 'offline' }, { networkOnline: false })).toContain('online, and there is no network');
    expect(says({ phase: 'offline', online: false }, { networkOnline: false })).toBe('');
    expect(says({ complete: false }, {})).toContain('its copy is not complete');
    expect(says({}, { quarantined: 1 })).toContain('0 in quarantine, it is 1');
  });

  it('[SIM-40] I21: an entry of the ledger that was applied and is not there', () => {
    const entry = {
      ...wrote({ amount: 1 }, null),
      changes: [{ table: 'ledger', op: 'insert', key: KEY, values: { amount: 1 }, before: null }],
    } as HistoryEventBody;
    const settled = committed(1, [], [{}]);
    const outbox = [item()];
    const ledger = [{ id: KEY, amount: 1 }];
    expect(findings(accounts, entry, settled, quiesced({ outbox }, { tables: { ledger } }))).toBe('');
    expect(findings(accounts, entry, settled, quiesced({ outbox }, { tables: { ledger: [] } }))).toContain(
      'I21: c1',
    );
  });

  it('[SIM-41] whatever the engine throws is a finding', () => {
    expect(findings(liveness, { kind: 'crash', where: 's0', error: 'boom' })).toContain('crash: s0: boom');
  });
});
