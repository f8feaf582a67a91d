import { newKeyFor } from '@satchel/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Device,
  type Field,
  insert,
  nextId,
  openField,
  outcomeOf,
  principal,
  remove,
  rowsOf,
  update,
  versionIn,
} from '../../test/push/field.ts';
import { runHeld } from './held.ts';

let field: Field;
const ann = principal('ann', ['1']);
const bob = principal('bob', ['1']);

beforeAll(async () => {
  field = await openField();
});
afterAll(() => field.drop());

const product = (name: string, parentId: string | null = null) => ({
  storeId: '1',
  name,
  code: null,
  stock: 0,
  tags: [],
  parentId,
  extra: null,
});
const sale = (customerId: string | null) => ({ storeId: '1', customerId, amount: '1', note: null });
const saw = (column: string, value: string | null, mutationId: string) => ({
  seen: { [column]: { value, mutationId } },
});
const names = (prefix: string) =>
  rowsOf(
    field.db,
    'select id, name, parent_id from products where id like $1 or name like $1 order by name',
    [`${prefix}%`],
  );

describe('a key that clashes', () => {
  test('[PUSH-40] under new-key both rows live; references and later mutations under the old key follow', async () => {
    const a = new Device(field.ctx, ann);
    const b = new Device(field.ctx, bob);
    await a.write(insert('products', 'k1', product('k1 of ann')));
    const made = b.mutation([
      insert('products', 'k1-child', product('k1 child', 'k1')),
      insert('products', 'k1', product('k1 of bob')),
    ]);
    const edit = b.mutation([
      update('products', 'k1', { name: 'k1 of bob, edited' }, undefined, { after: made.mutationId }),
    ]);
    const [first, second] = (await b.push([made, edit])).map(outcomeOf);
    const newKey = newKeyFor(made.mutationId, 'products', 'k1');
    expect(first).toMatchObject({
      outcome: 'merged',
      changes: [
        { key: 'k1-child', row: { parentId: newKey } },
        { key: 'k1', newKey },
      ],
    });
    expect(second).toMatchObject({ changes: [{ key: 'k1', newKey }] });
    // A later request, still under the old key.
    const later = await b.write(
      update('products', 'k1', { name: 'k1 of bob, again' }, undefined, {
        seen: { name: { value: 'k1 of bob, edited', mutationId: edit.mutationId } },
      }),
    );
    expect(later).toMatchObject({
      outcome: 'applied',
      changes: [{ key: 'k1', newKey, row: { id: newKey } }],
    });
    await b.write(insert('products', 'k1-late', product('k1 late child', 'k1')));
    expect(await names('k1')).toEqual([
      { id: 'k1-child', name: 'k1 child', parent_id: newKey },
      { id: 'k1-late', name: 'k1 late child', parent_id: newKey },
      { id: 'k1', name: 'k1 of ann', parent_id: null },
      { id: newKey, name: 'k1 of bob, again', parent_id: null },
    ]);
  });

  test('[PUSH-41] from the seq on from which the client has renamed, the old key means the other row', async () => {
    const a = new Device(field.ctx, ann);
    const b = new Device(field.ctx, bob);
    const version = versionIn(await a.write(insert('products', 'm1', product('m1 of ann'))));
    const made = b.mutation([insert('products', 'm1', product('m1 of bob'))]);
    await b.push([made]);
    const edit = b.mutation([
      update('products', 'm1', { name: 'm1 by bob' }, { version, values: { name: 'm1 of ann' } }),
    ]);
    const [answer] = await b.push([edit], { renamedFrom: edit.seq, outstandingFrom: edit.seq });
    expect(outcomeOf(answer).changes[0]).toMatchObject({ key: 'm1', outcome: 'applied' });
    expect((await names('m1')).map(({ name }) => name)).toEqual(['m1 by bob', 'm1 of bob']);
  });

  test('[PUSH-42] a row out of sight is not told of, nor merged into', async () => {
    const other = new Device(field.ctx, principal('zoe', ['2']));
    await other.write(insert('products', 'o1', { ...product('o1 secret'), storeId: '2' }));
    await other.write(insert('customers', 'o2', { storeId: '2', name: 'o2 secret', phone: null }));
    const a = new Device(field.ctx, ann);
    const both = await a.write(insert('products', 'o1', product('o1 of ann')));
    expect(both).toMatchObject({ outcome: 'merged', changes: [{ newKey: expect.any(String) }] });
    const refused = await a.write(insert('customers', 'o2', { storeId: '1', name: 'o2', phone: null }));
    expect(refused).toMatchObject({ outcome: 'rejected', problem: { code: 'row_exists' } });
    expect(JSON.stringify([both, refused])).not.toContain('secret');
  });

  test('[PUSH-43] merge takes the new row into the one that is there', async () => {
    const a = new Device(field.ctx, ann);
    const b = new Device(field.ctx, bob);
    await a.write(insert('customers', 'g1', { storeId: '1', name: 'Asha', phone: null }));
    const merged = await b.write(insert('customers', 'g1', { storeId: '1', name: 'Asha', phone: '123' }));
    expect(merged.outcome).toBe('merged');
    expect(await rowsOf(field.db, `select name, phone from customers where id = 'g1'`)).toEqual([
      { name: 'Asha', phone: '123' },
    ]);
  });
});

describe('a unique value that is taken', () => {
  test('[PUSH-44] reject names the columns and the row; others of the batch go through', async () => {
    const a = new Device(field.ctx, ann);
    const withCode = (name: string, code: string) => ({ ...product(name), code });
    await a.write(insert('products', 'u1', withCode('u1', 'X')));
    const outcomes = (
      await a.push([
        a.mutation([insert('products', 'u2', withCode('u2', 'Y'))]),
        a.mutation([insert('products', 'u3', withCode('u3', 'X'))]),
        a.mutation([insert('products', 'u4', withCode('u4', 'Y'))]),
        a.mutation([insert('products', 'u5', withCode('u5', 'Z'))]),
      ])
    ).map(outcomeOf);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['applied', 'rejected', 'rejected', 'applied']);
    expect(outcomes[1]?.problem).toMatchObject({
      code: 'unique_taken',
      params: { holder: 'u1', columns: ['storeId', 'code'] },
    });
    expect(outcomes[2]?.problem).toMatchObject({ params: { holder: 'u2' } });
  });

  test('[PUSH-44] two rows may swap their values in one mutation', async () => {
    const a = new Device(field.ctx, ann);
    await a.write(
      insert('products', 'w1', { ...product('w1'), code: 'W1' }),
      insert('products', 'w2', { ...product('w2'), code: 'W2' }),
    );
    const swapped = await a.write(
      update('products', 'w1', { code: 'W2' }, { version: 1, values: { code: 'W1' } }),
      update('products', 'w2', { code: 'W1' }, { version: 1, values: { code: 'W2' } }),
    );
    expect(swapped.outcome).toBe('applied');
  });

  test('[PUSH-45] merge-into makes the new row part of the one that has the value', async () => {
    const a = new Device(field.ctx, ann);
    const b = new Device(field.ctx, bob);
    await a.write(insert('members', 'e1', { storeId: '1', code: 'C1', name: 'Asha', points: 3 }));
    const merged = await b.write(
      insert('members', 'e2', { storeId: '1', code: 'C1', name: 'Asha', points: 4 }),
    );
    expect(merged).toMatchObject({
      outcome: 'merged',
      changes: [{ key: 'e2', newKey: 'e1', row: { points: 7 } }],
    });
    await b.write(
      update('members', 'e2', { points: 5 }, undefined, {
        seen: { points: { value: 4, mutationId: merged.mutationId } },
      }),
    );
    expect(await rowsOf(field.db, `select id, points from members where code = 'C1'`)).toEqual([
      { id: 'e1', points: 8 },
    ]);
  });
});

describe('what is not there yet', () => {
  test('[PUSH-46] while earlier mutations of the run are outstanding, a failure is no outcome', async () => {
    const a = new Device(field.ctx, ann);
    const customer = a.mutation([insert('customers', 'x1', { storeId: '1', name: 'X', phone: null })]);
    const order = a.mutation([insert('sales', 'x2', sale('x1'))]);
    const edit = a.mutation([
      update('sales', 'x2', { note: 'n' }, undefined, {
        after: order.mutationId,
        ...saw('note', null, order.mutationId),
      }),
    ]);
    const early = await a.push([edit, order]);
    expect(early).toEqual([
      { kind: 'needs-earlier', mutationId: edit.mutationId, seq: edit.seq },
      { kind: 'needs-earlier', mutationId: order.mutationId, seq: order.seq },
    ]);
    const all = await a.push([edit, order, customer]);
    expect(all.map((answer) => outcomeOf(answer).outcome)).toEqual(['applied', 'applied', 'applied']);
  });

  test('[PUSH-46] a parent deleted ahead of the move of its child waits for that move', async () => {
    const a = new Device(field.ctx, ann);
    await a.write(
      insert('products', 'y1', product('y1')),
      insert('products', 'y2', product('y2')),
      insert('products', 'y3', product('y3', 'y1')),
    );
    const move = a.mutation([
      update('products', 'y3', { parentId: 'y2' }, { version: 1, values: { parentId: 'y1' } }),
    ]);
    const gone = a.mutation([remove('products', 'y1', { version: 1, values: { name: 'y1' } })]);
    const [early] = await a.push([gone]);
    expect(early).toMatchObject({ kind: 'needs-earlier', seq: gone.seq });
    const all = await a.push([gone, move]);
    expect(all.map((answer) => outcomeOf(answer).outcome)).toEqual(['applied', 'applied']);
  });

  test('[PUSH-47] once nothing earlier is outstanding, a restricted delete is refused', async () => {
    const a = new Device(field.ctx, ann);
    await a.write(insert('products', 'z1', product('z1')), insert('products', 'z2', product('z2', 'z1')));
    const refused = await a.write(remove('products', 'z1', { version: 1, values: { name: 'z1' } }));
    expect(refused).toMatchObject({
      outcome: 'rejected',
      problem: { code: 'reference_restricted', params: { key: 'z1' } },
    });
  });

  test('[PUSH-48] a change whose parent is not there is held, with what depends on it, and applied when it comes', async () => {
    const a = new Device(field.ctx, ann);
    const order = a.mutation([insert('sales', 'v2', sale('v1'))]);
    const edit = a.mutation([
      update('sales', 'v2', { note: 'n' }, undefined, {
        after: order.mutationId,
        ...saw('note', null, order.mutationId),
      }),
    ]);
    const other = a.mutation([insert('sales', 'v3', sale(null))]);
    const answers = await a.push([order, edit, other]);
    expect(answers).toMatchObject([
      { kind: 'held', parent: { table: 'customers', key: 'v1' } },
      { kind: 'held', parent: { table: 'customers', key: 'v1' } },
      { kind: 'outcome', outcome: { outcome: 'applied' } },
    ]);
    expect(await a.push([order])).toMatchObject([
      { kind: 'held', parent: { table: 'customers', key: 'v1' } },
    ]);
    const late = await a.push([
      a.mutation([update('sales', 'v2', { amount: '2' }, undefined, saw('amount', '1', order.mutationId))]),
    ]);
    expect(late).toMatchObject([{ kind: 'held' }]);
    const b = new Device(field.ctx, bob);
    await b.write(insert('customers', 'v1', { storeId: '1', name: 'V', phone: null }));
    expect(await rowsOf(field.db, `select note, amount::text as amount from sales where id = 'v2'`)).toEqual([
      { note: 'n', amount: '2' },
    ]);
    expect(outcomeOf((await a.push([order]))[0])).toMatchObject({ outcome: 'applied', repeat: true });
    expect(await rowsOf(field.db, 'select count(*)::int as held from satchel.held')).toEqual([{ held: 0 }]);
  });

  test('[PUSH-48] a parent that comes by plain SQL releases it too', async () => {
    const a = new Device(field.ctx, ann);
    const order = a.mutation([insert('sales', 't2', sale('t1'))]);
    await a.push([order]);
    await field.db.query(`insert into customers (id, store_id, name) values ('t1', '1', 'T')`);
    expect(await runHeld(field.ctx)).toBe(1);
    expect(outcomeOf((await a.push([order]))[0]).outcome).toBe('applied');
  });

  test('[PUSH-49] after five days it is given up', async () => {
    const a = new Device(field.ctx, ann);
    const order = a.mutation([insert('sales', 'r2', sale('r1'))]);
    await a.push([order]);
    expect(await runHeld(field.ctx)).toBe(0);
    field.passes(5 * 86_400_000 + 1_000);
    expect(await runHeld(field.ctx)).toBe(1);
    field.passes(-5 * 86_400_000 - 1_000);
    expect(outcomeOf((await a.push([order]))[0])).toMatchObject({
      outcome: 'rejected',
      problem: { code: 'held_expired', params: { parentTable: 'customers', parentKey: 'r1', days: 5 } },
    });
  });

  test('[PUSH-50] a row that was never there can be neither edited nor, by surprise, made', async () => {
    const a = new Device(field.ctx, ann);
    const missing = await a.write(update('sales', nextId(), { note: 'n' }));
    expect(missing.problem?.code).toBe('row_missing');
  });
});
