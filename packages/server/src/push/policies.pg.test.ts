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

let field: Field;
const ann = principal('ann', ['1']);
const bob = principal('bob', ['1']);
let a: Device;
let b: Device;

beforeAll(async () => {
  field = await openField();
  a = new Device(field.ctx, ann);
  b = new Device(field.ctx, bob);
});
afterAll(() => field.drop());

const one = async (table: string, key: string) =>
  (await rowsOf(field.db, `select * from ${table} where id = $1`, [key]))[0];
const conflictsOn = (key: string) =>
  rowsOf(
    field.db,
    'select kind, state, decision, policy, columns, base, client, server, result, reason from satchel.conflicts where key = $1',
    [key],
  );

/** The row was written an hour ago: edits may have been made at any time since. */
const madeLongAgo = async (key: string): Promise<number> => {
  await field.db.query('update satchel.audit set at = at - 3600000 where key = $1', [key]);
  return Date.now();
};

describe('two edits of one row', () => {
  test('[PUSH-20] edits of different columns merge, and the row is told', async () => {
    const base = await a.write(
      insert('sales', 's1', { storeId: '1', customerId: null, amount: '5', note: null }),
    );
    const version = versionIn(base);
    await a.write(update('sales', 's1', { amount: '6' }, { version, values: { amount: '5' } }));
    const late = await b.write(update('sales', 's1', { note: 'late' }, { version, values: { note: null } }));
    expect(late).toMatchObject({
      outcome: 'applied',
      changes: [{ row: { amount: '6', note: 'late', storeId: '1' } }],
    });
  });

  test('[PUSH-21] server-wins keeps the server value and the loser in a conflict', async () => {
    const version = versionIn(
      await a.write(insert('sales', 's2', { storeId: '1', customerId: null, amount: '5', note: null })),
    );
    await a.write(update('sales', 's2', { amount: '6' }, { version, values: { amount: '5' } }));
    const lost = await b.write(
      update('sales', 's2', { amount: '7', note: 'x' }, { version, values: { amount: '5', note: null } }),
    );
    expect(lost).toMatchObject({
      outcome: 'superseded',
      changes: [{ columns: ['note'], row: { amount: '6', note: 'x' } }],
    });
    expect(await conflictsOn('s2')).toMatchObject([
      {
        kind: 'update',
        state: 'settled',
        decision: 'accept-server',
        base: { amount: '5' },
        client: { amount: '7' },
        server: { amount: '6' },
      },
    ]);
  });

  test('[PUSH-21] client-wins writes the value and keeps the loser', async () => {
    const version = versionIn(
      await a.write(insert('customers', 'c1', { storeId: '1', name: 'A', phone: null })),
    );
    await a.write(update('customers', 'c1', { name: 'B' }, { version, values: { name: 'A' } }));
    const won = await b.write(update('customers', 'c1', { name: 'C' }, { version, values: { name: 'A' } }));
    expect(won.outcome).toBe('merged');
    expect(await one('customers', 'c1')).toMatchObject({ name: 'C' });
    expect(await conflictsOn('c1')).toMatchObject([{ decision: 'accept-client', server: { name: 'B' } }]);
  });

  test('[PUSH-22] the same new value twice is no conflict', async () => {
    const version = versionIn(
      await a.write(insert('sales', 's3', { storeId: '1', customerId: null, amount: '5', note: null })),
    );
    await a.write(update('sales', 's3', { amount: '6' }, { version, values: { amount: '5' } }));
    const same = await b.write(update('sales', 's3', { amount: '6' }, { version, values: { amount: '5' } }));
    expect(same.outcome).toBe('applied');
    expect(await conflictsOn('s3')).toEqual([]);
  });

  test('[PUSH-23] counters add and sets unite', async () => {
    const version = versionIn(
      await a.write(
        insert('products', 'p1', {
          storeId: '1',
          name: 'tea',
          code: null,
          stock: 10,
          tags: ['a'],
          parentId: null,
          extra: null,
        }),
      ),
    );
    const confirmed = { version, values: { stock: 10, tags: ['a'] } };
    await a.write(update('products', 'p1', { stock: 7, tags: ['a', 'b'] }, confirmed));
    const merged = await b.write(update('products', 'p1', { stock: 12, tags: ['c'] }, confirmed));
    expect(merged).toMatchObject({ outcome: 'merged', changes: [{ row: { stock: 9, tags: ['b', 'c'] } }] });
    expect(await conflictsOn('p1')).toEqual([]);
  });

  test('[PUSH-24] latest-wins goes by the stamp of the edit, and a clock of 2035 wins nothing', async () => {
    const version = versionIn(
      await a.write(insert('alerts', 'l1', { storeId: '1', body: 'x', ackedBy: null, ackedAt: null })),
    );
    const now = await madeLongAgo('l1');
    b.clock = () => now - 2_000;
    await b.write(update('alerts', 'l1', { body: 'b' }, { version, values: { body: 'x' } }));
    a.clock = () => now - 3_000;
    const early = await a.write(update('alerts', 'l1', { body: 'a' }, { version, values: { body: 'x' } }));
    expect(early.outcome).toBe('superseded');
    a.clock = () => Date.UTC(2035, 0, 1);
    const future = await a.write(update('alerts', 'l1', { body: 'f' }, { version, values: { body: 'x' } }));
    expect(future.outcome).toBe('superseded');
    expect(await one('alerts', 'l1')).toMatchObject({ body: 'b' });
    a.clock = () => Date.now();
    b.clock = () => Date.now();
  });

  test('[PUSH-25] earliest-wins keeps the first acknowledgement, and a clock of 1970 wins nothing', async () => {
    const version = versionIn(
      await a.write(insert('alerts', 'l2', { storeId: '1', body: 'x', ackedBy: null, ackedAt: null })),
    );
    const confirmed = { version, values: { ackedBy: null } };
    const now = await madeLongAgo('l2');
    a.clock = () => now - 2_000;
    await a.write(update('alerts', 'l2', { ackedBy: 'ann' }, confirmed));
    b.clock = () => now - 3_000;
    const earlier = await b.write(update('alerts', 'l2', { ackedBy: 'bob' }, confirmed));
    expect(earlier.outcome).toBe('merged');
    a.clock = () => 0;
    const past = await a.write(update('alerts', 'l2', { ackedBy: 'cheat' }, confirmed));
    expect(past.outcome).toBe('superseded');
    expect(await one('alerts', 'l2')).toMatchObject({ acked_by: 'bob' });
    a.clock = () => Date.now();
    b.clock = () => Date.now();
  });

  test('[PUSH-26] role-wins goes by the role of the token', async () => {
    const manager = new Device(field.ctx, principal('meg', ['1'], ['manager']));
    const version = versionIn(await a.write(insert('settings', 'g1', { storeId: '1', value: '0' })));
    const confirmed = { version, values: { value: '0' } };
    await manager.write(update('settings', 'g1', { value: 'm' }, confirmed));
    expect((await a.write(update('settings', 'g1', { value: 'a' }, confirmed))).outcome).toBe('superseded');
    await a.write(update('settings', 'g1', { value: 'a2' }, { version: 0, values: { value: 'm' } }));
    expect((await manager.write(update('settings', 'g1', { value: 'm2' }, confirmed))).outcome).toBe(
      'merged',
    );
    expect(await one('settings', 'g1')).toMatchObject({ value: 'm2' });
  });
});

describe('a delete and an edit', () => {
  const sale = { storeId: '1', customerId: null, amount: '5', note: null };

  test('[PUSH-27] delete-wins, both ways round', async () => {
    const version = versionIn(await a.write(insert('sales', 'd1', sale)));
    await a.write(update('sales', 'd1', { amount: '6' }, { version, values: { amount: '5' } }));
    const gone = await b.write(remove('sales', 'd1', { version, values: { ...sale } }));
    expect(gone.outcome).toBe('merged');
    expect(await one('sales', 'd1')).toBeUndefined();
    const late = await a.write(update('sales', 'd1', { amount: '8' }, { version, values: { amount: '5' } }));
    expect(late).toMatchObject({ outcome: 'superseded', changes: [{ row: null }] });
    expect(await conflictsOn('d1')).toMatchObject([{ kind: 'delete' }, { kind: 'delete' }]);
  });

  test('[PUSH-27] edit-wins brings the row back with what it last was', async () => {
    const version = versionIn(
      await a.write(insert('customers', 'd2', { storeId: '1', name: 'A', phone: '1' })),
    );
    await a.write(remove('customers', 'd2', { version, values: { name: 'A', phone: '1', storeId: '1' } }));
    const back = await b.write(update('customers', 'd2', { name: 'B' }, { version, values: { name: 'A' } }));
    expect(back.outcome).toBe('merged');
    expect(await one('customers', 'd2')).toMatchObject({ name: 'B', phone: '1' });
    expect(versionIn(back)).toBeGreaterThan(version);
  });

  test('[PUSH-28] a delete without a later edit is no clash; a second one is applied as well', async () => {
    const version = versionIn(await a.write(insert('sales', 'd3', sale)));
    const confirmed = { version, values: sale };
    expect((await a.write(remove('sales', 'd3', confirmed))).outcome).toBe('applied');
    expect((await b.write(remove('sales', 'd3', confirmed))).outcome).toBe('applied');
    expect(await conflictsOn('d3')).toEqual([]);
  });
});

describe('chains of offline edits', () => {
  test('[PUSH-29] make no conflict with oneself: in one batch, in several, after a merge, after a rejection', async () => {
    const confirmed = {
      version: versionIn(
        await a.write(insert('sales', 'h1', { storeId: '1', customerId: null, amount: '1', note: null })),
      ),
      values: { amount: '1' },
    };
    const first = a.mutation([update('sales', 'h1', { amount: '2' }, confirmed)]);
    const second = a.mutation([
      update('sales', 'h1', { amount: '3' }, confirmed, {
        seen: { amount: { value: '2', mutationId: first.mutationId } },
      }),
    ]);
    const third = a.mutation([
      update('sales', 'h1', { amount: '4' }, confirmed, {
        seen: { amount: { value: '3', mutationId: second.mutationId } },
      }),
    ]);
    expect((await a.push([first, second])).map((answer) => outcomeOf(answer).outcome)).toEqual([
      'applied',
      'applied',
    ]);
    expect((await a.push([third])).map((answer) => outcomeOf(answer).outcome)).toEqual(['applied']);
    const refused = a.mutation([
      update(
        'sales',
        'h1',
        { amount: '5', note: 'x', customerId: 'a\u0000b' },
        { ...confirmed, values: { amount: '4' } },
      ),
    ]);
    const after = a.mutation([
      update(
        'sales',
        'h1',
        { amount: '6' },
        { version: 1, values: { amount: '4' } },
        { seen: { amount: { value: '5', mutationId: refused.mutationId } } },
      ),
    ]);
    expect((await a.push([refused, after])).map((answer) => outcomeOf(answer).outcome)).toEqual([
      'rejected',
      'applied',
    ]);
    expect(await one('sales', 'h1')).toMatchObject({ amount: '6' });
    expect(await conflictsOn('h1')).toEqual([]);
  });

  test('[PUSH-29] what the first edit became counts as seen', async () => {
    const confirmed = {
      version: versionIn(await a.write(insert('customers', 'h2', { storeId: '1', name: '1', phone: null }))),
      values: { name: '1', phone: null },
    };
    const lost = a.mutation([
      update('sales', 'h3', { amount: '2' }, { version: 1, values: { amount: '1' } }),
    ]);
    await a.write(insert('sales', 'h3', { storeId: '1', customerId: null, amount: '1', note: null }));
    await b.write(update('sales', 'h3', { amount: '9' }, { version: 1, values: { amount: '1' } }));
    expect(outcomeOf((await a.push([lost]))[0]).outcome).toBe('superseded');
    const next = await a.write(
      update(
        'sales',
        'h3',
        { amount: '3' },
        { version: 1, values: { amount: '1' } },
        { seen: { amount: { value: '2', mutationId: lost.mutationId } } },
      ),
    );
    expect(next.outcome).toBe('applied');
    expect(confirmed.version).toBeGreaterThan(0);
  });

  test('[PUSH-30] rows that several mutations of a batch wrote are told as they are in the end', async () => {
    const first = a.mutation([
      insert('sales', 'h4', { storeId: '1', customerId: null, amount: '1', note: null }),
    ]);
    const second = a.mutation([
      update('sales', 'h4', { amount: '2' }, undefined, {
        seen: { amount: { value: '1', mutationId: first.mutationId } },
      }),
    ]);
    const outcomes = (await a.push([first, second])).map(outcomeOf);
    expect(outcomes.map(({ changes }) => changes[0]?.row)).toMatchObject([{ amount: '2' }, { amount: '2' }]);
    expect(new Set(outcomes.map((outcome) => versionIn(outcome))).size).toBe(1);
  });
});
