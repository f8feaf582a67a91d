import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Device,
  type Field,
  insert,
  openField,
  outcomeOf,
  principal,
  remove,
  rowsOf,
  update,
  versionIn,
} from '../../test/push/field.ts';
import { escalateConflict } from './escalate.ts';
import { expireConflicts } from './expire.ts';
import { listConflicts, showConflict } from './list.ts';
import { resolveConflict } from './resolve.ts';
import { undoConflict } from './undo.ts';

let field: Field;
const ann = principal('ann', ['1']);
const bob = principal('bob', ['1']);
const root = principal('root', [], ['admin']);
let a: Device;
let b: Device;

beforeAll(async () => {
  field = await openField();
  a = new Device(field.ctx, ann);
  b = new Device(field.ctx, bob);
});
afterAll(() => field.drop());

const crop = { storeId: '1', name: 'wheat', area: 1, soil: null, seen: null };
const row = async (table: string, key: string) =>
  (await rowsOf(field.db, `select * from ${table} where id = $1`, [key]))[0];

/** Ann and Bob edit one crop; Bob's edit goes before a person. */
const openReview = async (key: string) => {
  const version = versionIn(await a.write(insert('crops', key, crop)));
  const confirmed = { version, values: { area: 1, name: 'wheat' } };
  const standing = versionIn(await a.write(update('crops', key, { area: 2 }, confirmed)));
  const mutation = b.mutation([
    update('crops', key, { area: 3, name: 'rye' }, confirmed),
    insert('crops', `${key}-more`, crop),
  ]);
  const outcome = outcomeOf((await b.push([mutation]))[0]);
  return { mutation, outcome, version, standing, conflictId: outcome.changes[0]?.conflictId ?? '' };
};
/** A clash of soils, which agents decide. */
const openForAgents = async (key: string): Promise<string> => {
  const version = versionIn(await a.write(insert('crops', key, crop)));
  const confirmed = { version, values: { soil: null } };
  await a.write(update('crops', key, { soil: 'clay' }, confirmed));
  const outcome = await b.write(update('crops', key, { soil: 'sand' }, confirmed));
  return outcome.changes[0]?.conflictId ?? '';
};
const finalOutcome = async (mutation: { readonly mutationId: string }, device = b) =>
  (
    await rowsOf(
      field.db,
      'select state, outcome from satchel.mutations where mutation_id = $1 and client_id = $2',
      [mutation.mutationId, device.clientId],
    )
  )[0];

describe('a review', () => {
  test('[CONF-01] holds the whole mutation: nothing of it is applied', async () => {
    const { outcome, conflictId } = await openReview('r1');
    expect(outcome.outcome).toBe('review');
    expect(await row('crops', 'r1')).toMatchObject({ area: 2, name: 'wheat' });
    expect(await row('crops', 'r1-more')).toBeUndefined();
    expect(await showConflict(field.ctx, root, conflictId)).toMatchObject({
      kind: 'update',
      state: 'open',
      columns: ['area'],
      base: { area: 1 },
      client: { area: 3 },
      server: { area: 2 },
      policy: 'review',
      reason: 'two visits differ',
    });
  });

  test('[CONF-02] accept-client applies all of it, on a new transaction, with a final outcome', async () => {
    const { mutation, conflictId } = await openReview('r2');
    const [before] = await rowsOf(
      field.db,
      'select xid::text as xid from satchel.mutations where mutation_id = $1',
      [mutation.mutationId],
    );
    const settled = await resolveConflict(field.ctx, root, conflictId, {
      decision: 'accept-client',
      note: 'seen myself',
    });
    expect(settled).toMatchObject({
      state: 'settled',
      decision: 'accept-client',
      decidedBy: 'root',
      note: 'seen myself',
      result: { area: 3 },
    });
    expect(await row('crops', 'r2')).toMatchObject({ area: 3, name: 'rye' });
    expect(await row('crops', 'r2-more')).toBeDefined();
    expect(await finalOutcome(mutation)).toMatchObject({ state: 'settled', outcome: { outcome: 'merged' } });
    const [after] = await rowsOf(
      field.db,
      'select xid::text as xid from satchel.mutations where mutation_id = $1',
      [mutation.mutationId],
    );
    expect(Number(after?.xid)).toBeGreaterThan(Number(before?.xid));
    const [audit] = await rowsOf(
      field.db,
      `select source from satchel.audit where key = 'r2' order by audit_id desc limit 1`,
    );
    expect(audit).toEqual({ source: 'resolve' });
    expect(outcomeOf((await b.push([mutation]))[0])).toMatchObject({ outcome: 'merged', repeat: true });
  });

  test('[CONF-02] accept-server keeps the server value and applies what did not clash', async () => {
    const { mutation, conflictId } = await openReview('r3');
    await resolveConflict(field.ctx, root, conflictId, { decision: 'accept-server' });
    expect(await row('crops', 'r3')).toMatchObject({ area: 2, name: 'rye' });
    expect(await finalOutcome(mutation)).toMatchObject({
      outcome: { outcome: 'superseded', changes: [{ columns: ['name'] }, {}] },
    });
  });

  test('[CONF-03] is decided column by column, also with a value of the decider', async () => {
    const { conflictId } = await openReview('r4');
    await resolveConflict(field.ctx, root, conflictId, {
      decision: 'merged',
      fields: { area: { take: 'value', value: 9 }, soil: { take: 'value', value: 'clay' } },
    });
    expect(await row('crops', 'r4')).toMatchObject({ area: 9, name: 'rye', soil: 'clay' });
    const other = await openReview('r4b');
    await expect(
      resolveConflict(field.ctx, root, other.conflictId, { decision: 'merged' }),
    ).rejects.toMatchObject({ code: 'request_invalid' });
    await expect(
      resolveConflict(field.ctx, root, other.conflictId, {
        decision: 'merged',
        fields: { area: { take: 'value', value: 'x' } },
      }),
    ).rejects.toMatchObject({ code: 'value_type' });
    await expect(
      resolveConflict(field.ctx, root, other.conflictId, {
        decision: 'merged',
        fields: { aria: { take: 'client' } },
      }),
    ).rejects.toMatchObject({ code: 'column_unknown' });
  });

  test('[CONF-04] takes in later edits of its row; they do not open another', async () => {
    const { mutation, conflictId } = await openReview('r5');
    const later = b.mutation([
      update(
        'crops',
        'r5',
        { area: 5 },
        { version: 1, values: { area: 1 } },
        { seen: { area: { value: 3, mutationId: mutation.mutationId } } },
      ),
    ]);
    expect(outcomeOf((await b.push([later]))[0])).toMatchObject({
      outcome: 'review',
      changes: [{ conflictId }],
    });
    const c = new Device(field.ctx, principal('cyd', ['1']));
    const clash = c.mutation([update('crops', 'r5', { area: 7 }, { version: 1, values: { area: 1 } })]);
    expect(outcomeOf((await c.push([clash]))[0])).toMatchObject({
      outcome: 'review',
      changes: [{ conflictId }],
    });
    expect(
      await rowsOf(
        field.db,
        `select client, cardinality(mutation_ids) as mutations from satchel.conflicts where key = 'r5'`,
      ),
    ).toEqual([{ client: { area: 7 }, mutations: 3 }]);
    // An edit that does not clash flows.
    expect(
      (await a.write(update('crops', 'r5', { soil: 'sand' }, { version: 1, values: { soil: null } })))
        .outcome,
    ).toBe('applied');
    await resolveConflict(field.ctx, root, conflictId, { decision: 'accept-client' });
    expect(await row('crops', 'r5')).toMatchObject({ area: 7, soil: 'sand' });
    for (const [one, device] of [
      [mutation, b],
      [later, b],
      [clash, c],
    ] as const) {
      expect(await finalOutcome(one, device)).toMatchObject({ state: 'settled' });
    }
  });

  test.each([
    ['the base of the first', 'r5-first', 1],
    ['what stands now as its base', 'r5-now', 2],
  ] as const)('[CONF-04] a later edit with %s is decided with its review', async (_, key, area) => {
    const { mutation, conflictId, version, standing } = await openReview(key);
    const later = b.mutation([
      update(
        'crops',
        key,
        { area: 5 },
        { version: area === 1 ? version : standing, values: { area } },
        { seen: { area: { value: 3, mutationId: mutation.mutationId } } },
      ),
    ]);
    expect(outcomeOf((await b.push([later]))[0])).toMatchObject({
      outcome: 'review',
      changes: [{ conflictId }],
    });
    await resolveConflict(field.ctx, root, conflictId, { decision: 'accept-server' });
    expect(await row('crops', key)).toMatchObject({ area: 2 });
    for (const one of [mutation, later])
      expect(await finalOutcome(one)).toMatchObject({ outcome: { outcome: 'superseded' } });
  });

  test('[CONF-05] mutations that depend on a held one wait; the others flow', async () => {
    const { mutation, conflictId } = await openReview('r6');
    const child = b.mutation([
      update('crops', 'r6-more', { area: 8 }, undefined, {
        seen: { area: { value: 1, mutationId: mutation.mutationId } },
        after: mutation.mutationId,
      }),
    ]);
    const free = b.mutation([insert('crops', 'r6-free', crop)]);
    const answers = (await b.push([child, free])).map(outcomeOf);
    expect(answers.map(({ outcome }) => outcome)).toEqual(['review', 'applied']);
    await resolveConflict(field.ctx, root, conflictId, { decision: 'accept-server' });
    expect(await row('crops', 'r6-more')).toMatchObject({ area: 8 });
    expect(await finalOutcome(child)).toMatchObject({ state: 'settled', outcome: { outcome: 'applied' } });
  });

  test('[CONF-05] what comes while the decision is made does not wait for ever', async () => {
    for (let round = 0; round < 8; round++) {
      const { mutation, conflictId } = await openReview(`v${round}`);
      const child = b.mutation([
        update('crops', `v${round}-more`, { area: 8 }, undefined, {
          seen: { area: { value: 1, mutationId: mutation.mutationId } },
          after: mutation.mutationId,
        }),
      ]);
      await Promise.all([
        resolveConflict(field.ctx, root, conflictId, { decision: 'accept-client' }),
        b.push([child]),
      ]);
      expect(await finalOutcome(child)).toMatchObject({ state: 'settled', outcome: { outcome: 'applied' } });
    }
  });

  test('[CONF-06] until apply: the value stands and is flagged until somebody decides', async () => {
    const version = versionIn(await a.write(insert('crops', 'r7', crop)));
    const confirmed = { version, values: { seen: null } };
    await a.write(update('crops', 'r7', { seen: 1 }, confirmed));
    const outcome = await b.write(update('crops', 'r7', { seen: 2 }, confirmed));
    expect(outcome.outcome).toBe('merged');
    const conflictId = outcome.changes[0]?.conflictId ?? '';
    expect(await row('crops', 'r7')).toMatchObject({ seen: 2 });
    expect(await showConflict(field.ctx, root, conflictId)).toMatchObject({
      state: 'open',
      result: { seen: 2 },
    });
    await resolveConflict(field.ctx, root, conflictId, { decision: 'accept-server' });
    expect(await row('crops', 'r7')).toMatchObject({ seen: 1 });
  });

  test('[CONF-07] of a delete against an edit: the row stays until it is decided, and either way can be taken', async () => {
    const cases = [
      ['accept-client', undefined],
      ['accept-server', { area: 2 }],
    ] as const;
    for (const [decision, left] of cases) {
      const key = `r8-${decision}`;
      const version = versionIn(await a.write(insert('crops', key, crop)));
      await a.write(update('crops', key, { area: 2 }, { version, values: { area: 1 } }));
      const outcome = await b.write(remove('crops', key, { version, values: crop }));
      expect(outcome.outcome).toBe('review');
      expect(await row('crops', key)).toMatchObject({ area: 2 });
      await resolveConflict(field.ctx, root, outcome.changes[0]?.conflictId ?? '', { decision });
      if (left === undefined) expect(await row('crops', key)).toBeUndefined();
      else expect(await row('crops', key)).toMatchObject(left);
    }
  });

  test('[CONF-07] of an edit of a row that was deleted: accept-client brings it back', async () => {
    const version = versionIn(await a.write(insert('crops', 'r9', crop)));
    await a.write(remove('crops', 'r9', { version, values: crop }));
    const outcome = await b.write(update('crops', 'r9', { area: 4 }, { version, values: { area: 1 } }));
    expect(outcome.outcome).toBe('review');
    // Who decides sees the record that is gone, and not the edited column alone; also once it was decided.
    const shown = () => showConflict(field.ctx, bob, outcome.changes[0]?.conflictId ?? '');
    expect(await shown()).toMatchObject({ base: crop, client: { area: 4 }, server: null });
    await resolveConflict(field.ctx, root, outcome.changes[0]?.conflictId ?? '', {
      decision: 'accept-client',
    });
    expect(await row('crops', 'r9')).toMatchObject({ area: 4, name: 'wheat' });
    expect(await shown()).toMatchObject({ state: 'settled', base: crop });
  });

  test('[CONF-08] of a unique value: what cannot be done is told to the decider and stays open', async () => {
    await a.write(insert('badges', 'b1', { storeId: '1', code: 'X' }));
    const outcome = await b.write(insert('badges', 'b2', { storeId: '1', code: 'X' }));
    expect(outcome.outcome).toBe('review');
    const conflictId = outcome.changes[0]?.conflictId ?? '';
    expect(await showConflict(field.ctx, bob, conflictId)).toMatchObject({
      kind: 'unique',
      holder: 'b1',
      server: { code: 'X' },
    });
    await expect(
      resolveConflict(field.ctx, root, conflictId, { decision: 'accept-client' }),
    ).rejects.toMatchObject({ code: 'unique_taken' });
    expect(await showConflict(field.ctx, root, conflictId)).toMatchObject({ state: 'open' });
    await resolveConflict(field.ctx, root, conflictId, {
      decision: 'merged',
      fields: { code: { take: 'value', value: 'X2' } },
    });
    expect(await row('badges', 'b2')).toMatchObject({ code: 'X2' });
  });
});

describe('who decides', () => {
  test('[CONF-11] the author, where the policy says so', async () => {
    await a.write(insert('badges', 'f1', { storeId: '1', code: 'F' }));
    const mutation = b.mutation([insert('badges', 'f2', { storeId: '1', code: 'F' })]);
    const conflictId = outcomeOf((await b.push([mutation]))[0]).changes[0]?.conflictId ?? '';
    await resolveConflict(field.ctx, bob, conflictId, { decision: 'accept-server' });
    expect(await row('badges', 'f2')).toBeUndefined();
    expect(await finalOutcome(mutation)).toMatchObject({
      state: 'settled',
      outcome: { outcome: 'superseded' },
    });
  });

  test('[CONF-11] a role, within its scopes', async () => {
    const conflictId = await openForAgents('f3');
    const stranger = principal('gil', ['2'], ['agent']);
    const agent = principal('ivy', ['1'], ['agent']);
    await expect(
      resolveConflict(field.ctx, stranger, conflictId, { decision: 'accept-client' }),
    ).rejects.toMatchObject({ code: 'conflict_unknown' });
    expect((await listConflicts(field.ctx, stranger, { limit: 100 })).conflicts).toEqual([]);
    expect((await listConflicts(field.ctx, agent, { limit: 100 })).conflicts).toHaveLength(1);
    const device = new Device(field.ctx, agent);
    const onDevice = await listConflicts(field.ctx, agent, { limit: 100, clientId: device.clientId });
    expect(onDevice.conflicts).toMatchObject([{ conflictId, author: 'bob' }]);
    await resolveConflict(field.ctx, agent, conflictId, { decision: 'accept-client' });
    expect(await row('crops', 'f3')).toMatchObject({ soil: 'sand' });
  });
});

describe('undo', () => {
  test('[CONF-09] puts the row back and opens the conflict again; then it is decided otherwise', async () => {
    const { conflictId } = await openReview('u1');
    await resolveConflict(field.ctx, root, conflictId, {
      decision: 'accept-client',
      note: 'a first thought',
    });
    const undone = await undoConflict(field.ctx, root, conflictId);
    expect(undone).toMatchObject({ state: 'open', flags: ['undone'] });
    // Else it would stand beside the next decision as its reason.
    expect(undone).not.toHaveProperty('note');
    expect(await row('crops', 'u1')).toMatchObject({ area: 2, name: 'wheat' });
    await resolveConflict(field.ctx, root, conflictId, { decision: 'accept-server' });
    expect(await row('crops', 'u1')).toMatchObject({ area: 2 });
  });

  test('[CONF-09] also of what a policy decided: the loser can be brought back', async () => {
    const version = versionIn(
      await a.write(insert('sales', 'u2', { storeId: '1', customerId: null, amount: '5', note: null })),
    );
    await a.write(update('sales', 'u2', { amount: '6' }, { version, values: { amount: '5' } }));
    const lost = await b.write(update('sales', 'u2', { amount: '7' }, { version, values: { amount: '5' } }));
    const conflictId = lost.changes[0]?.conflictId ?? '';
    await expect(
      resolveConflict(field.ctx, root, conflictId, { decision: 'accept-client' }),
    ).rejects.toMatchObject({ code: 'conflict_settled' });
    await undoConflict(field.ctx, root, conflictId);
    await resolveConflict(field.ctx, root, conflictId, { decision: 'accept-client' });
    expect(await rowsOf(field.db, `select amount::text as amount from sales where id = 'u2'`)).toEqual([
      { amount: '7' },
    ]);
  });

  test('[CONF-10] is blocked once the row was changed', async () => {
    const { conflictId } = await openReview('u3');
    await resolveConflict(field.ctx, root, conflictId, { decision: 'accept-client' });
    await field.db.query(`update crops set soil = 'peat' where id = 'u3'`);
    await expect(undoConflict(field.ctx, root, conflictId)).rejects.toMatchObject({
      code: 'conflict_undo_blocked',
    });
  });
});

describe('who and when', () => {
  test('[CONF-16] a record says who wrote each side, when, and on which device', async () => {
    const { conflictId } = await openReview('who');
    const shown = await showConflict(field.ctx, root, conflictId);
    expect(shown).toMatchObject({ author: 'bob', clientId: b.clientId, serverBy: 'ann' });
    expect(shown.serverAt).toBeLessThanOrEqual(shown.createdAt);
    expect(shown.clientAt).toBeGreaterThan(0);
    const out = principal('ann', []);
    await expect(showConflict(field.ctx, out, conflictId)).rejects.toMatchObject({
      code: 'conflict_unknown',
    });
    const far = await showConflict(field.ctx, principal('bob', []), conflictId);
    expect(far).toMatchObject({ author: 'bob', server: null });
    expect(far).not.toHaveProperty('serverBy');
  });

  test('[CONF-11] the author sees a conflict, administrators decide it, strangers do not know of it', async () => {
    const { conflictId } = await openReview('w1');
    expect((await showConflict(field.ctx, bob, conflictId)).client).toEqual({ area: 3 });
    await expect(
      resolveConflict(field.ctx, bob, conflictId, { decision: 'accept-client' }),
    ).rejects.toMatchObject({ code: 'not_administrator' });
    await expect(showConflict(field.ctx, principal('eve', ['1']), conflictId)).rejects.toMatchObject({
      code: 'conflict_unknown',
    });
    const lost = await showConflict(field.ctx, { ...bob, claims: { stores: [] } }, conflictId);
    expect(lost).toMatchObject({ client: { area: 3 }, server: null, base: null });
    expect(
      (await listConflicts(field.ctx, bob, { limit: 100 })).conflicts.map((one) => one.conflictId),
    ).toContain(conflictId);
    expect(
      (await listConflicts(field.ctx, ann, { limit: 100 })).conflicts.map((one) => one.conflictId),
    ).not.toContain(conflictId);
  });

  test('[CONF-12] lists newest first, page by page, each once', async () => {
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await listConflicts(field.ctx, root, { limit: 3, ...(after ? { after } : {}) });
      seen.push(...page.conflicts.map(({ conflictId }) => conflictId));
      after = page.next;
    } while (after !== undefined);
    const all = await rowsOf(
      field.db,
      'select conflict_id from satchel.conflicts order by created_at desc, conflict_id desc',
    );
    expect(seen).toEqual(all.map(({ conflict_id }) => conflict_id));
    const open = await listConflicts(field.ctx, root, { limit: 100, state: 'open', table: 'crops' });
    expect(new Set(open.conflicts.map(({ state }) => state))).toEqual(new Set(['open']));
  });

  test('[CONF-13] escalated, it is the administrators’ and stays open to them', async () => {
    const { conflictId } = await openReview('w2');
    expect(await escalateConflict(field.ctx, bob, conflictId, 'please')).toMatchObject({
      state: 'escalated',
      decision: 'escalated',
      note: 'please',
    });
    expect(await resolveConflict(field.ctx, root, conflictId, { decision: 'accept-server' })).toMatchObject({
      state: 'settled',
      note: 'please',
    });
    await expect(escalateConflict(field.ctx, bob, conflictId, undefined)).rejects.toMatchObject({
      code: 'conflict_settled',
    });
  });

  test('[CONF-11] escalated, it is in the list of an administrator’s device, and in nobody else’s', async () => {
    const conflictId = await openForAgents('w4');
    const agent = principal('ivy', ['1'], ['agent']);
    const onDevice = {
      root: new Device(field.ctx, root).clientId,
      ivy: new Device(field.ctx, agent).clientId,
    };
    const sees = async (who: typeof root, filter: { readonly clientId?: string; readonly device?: string }) =>
      (await listConflicts(field.ctx, who, { limit: 100, ...filter })).conflicts.some(
        (conflict) => conflict.conflictId === conflictId,
      );
    // Left to a role: on the devices of those who have it.
    expect([
      await sees(agent, { clientId: onDevice.ivy }),
      await sees(root, { clientId: onDevice.root }),
    ]).toEqual([true, false]);
    await escalateConflict(field.ctx, agent, conflictId, 'please');
    expect([
      await sees(agent, { clientId: onDevice.ivy }),
      await sees(root, { clientId: onDevice.root }),
    ]).toEqual([false, true]);
    expect(await sees(ann, { clientId: a.clientId })).toBe(false);
    // Who names a device gets what that one has, and no more.
    expect(await sees(root, { device: b.clientId })).toBe(true);
    expect(await sees(root, { device: a.clientId })).toBe(false);
  });

  test('[CONF-13] whoever escalates is told so, also who has it out of sight then', async () => {
    const conflictId = await openForAgents('w3');
    const agent = principal('ivy', ['1'], ['agent']);
    expect(await escalateConflict(field.ctx, agent, conflictId, undefined)).toMatchObject({
      state: 'escalated',
      client: { soil: 'sand' },
    });
    await expect(showConflict(field.ctx, agent, conflictId)).rejects.toMatchObject({
      code: 'conflict_unknown',
    });
  });

  test('[CONF-14] when nobody comes, it expires as its policy says', async () => {
    const version = versionIn(await a.write(insert('crops', 'x1', crop)));
    await a.write(update('crops', 'x1', { area: 2 }, { version, values: { area: 1 } }));
    const mutation = b.mutation([remove('crops', 'x1', { version, values: crop })]);
    await b.push([mutation]);
    expect(await expireConflicts(field.ctx)).toBe(0);
    field.passes(2_000);
    expect(await expireConflicts(field.ctx)).toBe(1);
    field.passes(-2_000);
    expect(await row('crops', 'x1')).toBeUndefined();
    expect(
      await rowsOf(field.db, `select state, decision, decided_by from satchel.conflicts where key = 'x1'`),
    ).toEqual([{ state: 'settled', decision: 'accept-client', decided_by: 'policy' }]);
    expect(await finalOutcome(mutation)).toMatchObject({ state: 'settled' });
  });

  test('[CONF-15] a device that lies about what it saw gets the review all the same, and is flagged', async () => {
    const version = versionIn(await a.write(insert('crops', 'y1', crop)));
    await a.write(update('crops', 'y1', { area: 2 }, { version, values: { area: 1 } }));
    const outcome = await b.write(update('crops', 'y1', { area: 3 }, { version, values: { area: 2 } }));
    expect(outcome.outcome).toBe('review');
    expect(await showConflict(field.ctx, root, outcome.changes[0]?.conflictId ?? '')).toMatchObject({
      flags: ['base-mismatch'],
      base: { area: 1 },
    });
    // Who saw the present value because another column changed since tells the truth.
    const other = versionIn(await a.write(insert('crops', 'y2', crop)));
    await a.write(update('crops', 'y2', { soil: 'clay' }, { version: other, values: { soil: null } }));
    const honest = await b.write(update('crops', 'y2', { area: 3 }, { version: other, values: { area: 1 } }));
    expect(honest.outcome).toBe('applied');
  });
});
