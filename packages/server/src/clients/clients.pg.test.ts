import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Device,
  type Field,
  insert,
  nextId,
  openField,
  outcomeOf,
  principal,
  rowsOf,
  update,
} from '../../test/push/field.ts';
import { ack } from './ack.ts';
import { collectOutcomes } from './collect.ts';
import { heardFrom } from './heard.ts';
import { listClients, restoreClient, revokeClient, revokedAs } from './registry.ts';

let field: Field;
const ann = principal('ann', ['1']);
const root = principal('root', [], ['admin']);

beforeAll(async () => {
  field = await openField();
});
afterAll(() => field.drop());

const product = { storeId: '1', name: 'tea', code: null, stock: 0, tags: [], parentId: null, extra: null };
const add = (device: Device, key: string) =>
  device.mutation([update('products', key, { stock: 1 }, { version: 1, values: { stock: 0 } })]);
const settledOf = (device: Device) =>
  rowsOf(field.db, 'select settled::text as settled from satchel.runs where client_id = $1 and run_id = $2', [
    device.clientId,
    device.runId,
  ]);

describe('clients', () => {
  test('[CLI-01] a client is registered when first heard, with what it says of itself', async () => {
    const device = new Device(field.ctx, ann);
    await device.push([device.mutation([insert('products', 'c1', product)])], {
      client: { deviceName: 'Tablet 7', platform: 'android', appVersion: '1.2', pending: 3 },
    });
    const { clients } = await listClients(field.ctx, { limit: 1_000 });
    expect(clients.find(({ clientId }) => clientId === device.clientId)).toMatchObject({
      userId: 'ann',
      deviceName: 'Tablet 7',
      platform: 'android',
      appVersion: '1.2',
      pending: 3,
      clockOffset: expect.any(Number),
    });
    await device.push([device.mutation([insert('products', 'c2', product)])], { client: { pending: 0 } });
    const after = await listClients(field.ctx, { limit: 1_000 });
    expect(after.clients.find(({ clientId }) => clientId === device.clientId)).toMatchObject({
      deviceName: 'Tablet 7',
      pending: 0,
    });
  });

  test('[CLI-02] the client of another user is refused', async () => {
    const device = new Device(field.ctx, ann);
    await device.push([device.mutation([insert('products', 'c3', product)])]);
    device.principal = principal('bob', ['1']);
    await expect(device.push([device.mutation([insert('products', 'c4', product)])])).rejects.toMatchObject({
      code: 'client_of_other_user',
    });
    await expect(
      ack(field.ctx, device.principal, { clientId: device.clientId, settled: [] }),
    ).rejects.toMatchObject({ code: 'client_of_other_user' });
  });

  test('[CLI-02] mutations that say another user made them on a client of his are refused', async () => {
    const bob = new Device(field.ctx, principal('bob', ['1']));
    await bob.push([bob.mutation([insert('products', 'c5', product)])]);
    const device = new Device(field.ctx, ann);
    const [answer] = await device.push([
      device.mutation([insert('products', 'c6', product)], {
        origin: { clientId: bob.clientId, runId: bob.runId },
      }),
    ]);
    expect(outcomeOf(answer).problem?.code).toBe('client_of_other_user');
  });

  test('[CLI-03] a revoked client is answered so until it is let in again', async () => {
    const device = new Device(field.ctx, ann);
    await device.push([device.mutation([insert('products', 'c7', product)])]);
    await expect(revokeClient(field.ctx, ann, device.clientId)).rejects.toMatchObject({
      code: 'not_administrator',
    });
    expect(await revokeClient(field.ctx, root, device.clientId, 'wipe')).toMatchObject({ revoked: 'wipe' });
    expect(await revokedAs(field.ctx, device.clientId)).toBe('wipe');
    await expect(device.push([device.mutation([insert('products', 'c8', product)])])).rejects.toMatchObject({
      code: 'client_revoked',
    });
    expect(await restoreClient(field.ctx, root, device.clientId)).not.toHaveProperty('revoked');
    expect((await device.push([device.mutation([insert('products', 'c9', product)])])).length).toBe(1);
    await expect(revokeClient(field.ctx, root, nextId())).rejects.toMatchObject({ code: 'client_unknown' });
  });
});

describe('restored and cloned devices', () => {
  test('[CLI-04] a run that speaks again after a later one needs a new client id; a new run does not', async () => {
    const device = new Device(field.ctx, ann);
    const send = (runId: string) => {
      device.runId = runId;
      return device.send(device.request([device.mutation([insert('products', nextId(), product)])]));
    };
    const first = nextId();
    const second = nextId();
    expect((await send(first)).newClient).toBeUndefined();
    field.passes(10);
    expect((await send(second)).newClient).toBeUndefined();
    expect((await send(first)).newClient).toBe(true);
    expect((await send(second)).newClient).toBeUndefined();
  });

  test('[CLI-04] two runs that alternate are found within a minute, whichever speaks at the moments at which it is written down', async () => {
    for (const [name, order] of [
      ['the copy first', ['second', 'first']],
      ['the original first', ['first', 'second']],
    ] as const) {
      const clientId = nextId();
      const runs = { first: nextId(), second: nextId() };
      const from = field.ctx.clock.now();
      const speak = (run: 'first' | 'second') =>
        heardFrom(field.ctx, field.db, ann, clientId, { runId: runs[run] });
      // The copy was heard of before the original ever sent anything.
      await speak('second');
      let isFound = false;
      while (!isFound && field.ctx.clock.now() - from < 60_000) {
        field.passes(5_000);
        for (const run of order) {
          field.passes(10);
          isFound ||= (await speak(run)).newClient;
        }
      }
      expect([name, isFound]).toEqual([name, true]);
    }
  });

  test('[CLI-04] two runs that are first heard of in the same millisecond are found', async () => {
    const clientId = nextId();
    const first = nextId();
    const second = nextId();
    const at = field.ctx.clock.now();
    const speak = (runId: string) =>
      heardFrom({ ...field.ctx, clock: { now: () => at } }, field.db, ann, clientId, { runId });
    await speak(second);
    await speak(first);
    expect(await speak(second)).toEqual({ newClient: false });
    expect(await speak(first)).toEqual({ newClient: true });
  });

  test('[CLI-05] a late request of the run before does not make the new run look overtaken', async () => {
    const clientId = nextId();
    const first = nextId();
    const second = nextId();
    expect(await heardFrom(field.ctx, field.db, ann, clientId, { runId: second })).toEqual({
      newClient: false,
    });
    field.passes(10);
    await heardFrom(field.ctx, field.db, ann, clientId, { runId: first });
    field.passes(10);
    expect(await heardFrom(field.ctx, field.db, ann, clientId, { runId: second })).toEqual({
      newClient: false,
    });
  });
});

describe('outcomes', () => {
  test('[CLI-06] are collected once acknowledged, and a repeat has no effect for ever after', async () => {
    const device = new Device(field.ctx, ann);
    await device.write(insert('products', 'o1', product));
    const mutations = Array.from({ length: 5 }, () => add(device, 'o1'));
    await device.push(mutations);
    expect(await collectOutcomes(field.ctx)).toBe(0);
    await ack(field.ctx, ann, {
      clientId: device.clientId,
      settled: [{ runId: device.runId, ranges: [[1, 4]] }],
    });
    field.passes(3_600_001);
    expect(await collectOutcomes(field.ctx)).toBe(4);
    field.passes(-3_600_001);
    expect(await settledOf(device)).toEqual([{ settled: '{[1,5)}' }]);
    const answers = (await device.push(mutations)).map(outcomeOf);
    expect(answers.map(({ repeat, forgotten }) => [repeat, forgotten])).toEqual([
      [true, true],
      [true, true],
      [true, true],
      [true, undefined],
      [true, undefined],
    ]);
    expect(await rowsOf(field.db, `select stock from products where id = 'o1'`)).toEqual([{ stock: 5 }]);
  });

  test('[CLI-06] the same seq of another run is new work', async () => {
    const device = new Device(field.ctx, ann);
    await device.write(insert('products', 'o2', product));
    await ack(field.ctx, ann, {
      clientId: device.clientId,
      settled: [{ runId: device.runId, ranges: [[1, 1]] }],
    });
    field.passes(3_600_001);
    await collectOutcomes(field.ctx);
    field.passes(-3_600_001);
    device.runId = nextId();
    device.seq = 0;
    const [answer] = await device.push([add(device, 'o2')]);
    expect(outcomeOf(answer).repeat).toBeUndefined();
  });

  test('[CLI-07] of a client that was not heard of for its lifetime are collected unacknowledged', async () => {
    const device = new Device(field.ctx, ann);
    await device.write(insert('products', 'o3', product));
    field.passes(field.ctx.app.limits.clientLifetime + 1_000);
    expect(await collectOutcomes(field.ctx)).toBeGreaterThan(0);
    field.passes(-field.ctx.app.limits.clientLifetime - 1_000);
    expect(await settledOf(device)).toEqual([{ settled: '{[1,2)}' }]);
  });

  test('[CLI-09] what was refused is told again as refused, though its outcome was collected', async () => {
    const device = new Device(field.ctx, ann);
    const taken = device.mutation([insert('products', 'o5', { ...product, storeId: '2' })]);
    const [refused] = (await device.push([taken])).map(outcomeOf);
    expect(refused).toMatchObject({ outcome: 'rejected' });
    field.passes(field.ctx.app.limits.clientLifetime + 1_000);
    await collectOutcomes(field.ctx);
    field.passes(-field.ctx.app.limits.clientLifetime - 1_000);
    expect((await device.push([taken])).map(outcomeOf)).toEqual([{ ...refused, repeat: true }]);
  });

  test('[CLI-08] what waits for a row or a person is never collected', async () => {
    const device = new Device(field.ctx, ann);
    const [held] = await device.push([
      device.mutation([
        insert('sales', 'o4', { storeId: '1', customerId: 'nobody', amount: '1', note: null }),
      ]),
    ]);
    expect(held?.kind).toBe('held');
    field.passes(field.ctx.app.limits.clientLifetime + 1_000);
    await collectOutcomes(field.ctx);
    field.passes(-field.ctx.app.limits.clientLifetime - 1_000);
    expect(
      await rowsOf(field.db, 'select state from satchel.mutations where client_id = $1', [device.clientId]),
    ).toEqual([{ state: 'held' }]);
  });
});
