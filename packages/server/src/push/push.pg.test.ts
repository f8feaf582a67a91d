import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Device,
  type Field,
  insert,
  openField,
  principal,
  remove,
  rowsOf,
  update,
  versionIn,
} from '../../test/push/field.ts';

let field: Field;
const ann = principal('ann', ['1']);

beforeAll(async () => {
  field = await openField();
});
afterAll(() => field.drop());

describe('effects', () => {
  test('[PUSH-01] inserts, updates and deletes rows, and says their versions', async () => {
    const device = new Device(field.ctx, ann);
    const made = await device.write(insert('customers', 'c1', { storeId: '1', name: 'Asha', phone: null }));
    expect(made).toMatchObject({
      outcome: 'applied',
      changes: [{ table: 'customers', key: 'c1', outcome: 'applied' }],
    });
    const version = versionIn(made);
    expect(version).toBeGreaterThan(0);
    const changed = await device.write(
      update('customers', 'c1', { name: 'Asha Rao' }, { version, values: { name: 'Asha' } }),
    );
    expect(versionIn(changed)).toBeGreaterThan(version);
    expect(changed.changes[0]).not.toHaveProperty('row');
    expect(await rowsOf(field.db, `select name, phone from customers where id = 'c1'`)).toEqual([
      { name: 'Asha Rao', phone: null },
    ]);
    const gone = await device.write(
      remove('customers', 'c1', { version: versionIn(changed), values: { name: 'Asha Rao', phone: null } }),
    );
    expect(gone).toMatchObject({ outcome: 'applied' });
    expect(await rowsOf(field.db, `select id from customers where id = 'c1'`)).toEqual([]);
  });

  test('[PUSH-02] keeps the request as it came, before its mutations are tried', async () => {
    const device = new Device(field.ctx, ann);
    const request = device.request([
      device.mutation([insert('customers', 'c2', { storeId: '9', name: 'x', phone: null })]),
    ]);
    await device.send(request);
    const rows = await rowsOf(field.db, 'select body, channel from satchel.batches where batch_id = $1', [
      request.batchId,
    ]);
    expect(rows).toEqual([{ body: JSON.stringify(request), channel: 'mobile' }]);
  });
});

describe('once', () => {
  test('[PUSH-04] a repeat returns the first outcome', async () => {
    const device = new Device(field.ctx, ann);
    const request = device.request([
      device.mutation([insert('customers', 'c3', { storeId: '1', name: 'B', phone: null })]),
    ]);
    const first = await device.send(request);
    const again = await device.send(request);
    expect(again.answers).toEqual(
      first.answers.map((answer) => ({
        ...answer,
        outcome: { ...('outcome' in answer ? answer.outcome : {}), repeat: true },
      })),
    );
  });
});
