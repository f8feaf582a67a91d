import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Device,
  type Field,
  insert,
  openField,
  outcomeOf,
  principal,
  rowsOf,
  update,
} from '../../test/push/field.ts';
import { replay } from './replay.ts';

let field: Field;
const ann = principal('ann', ['1']);

beforeAll(async () => {
  field = await openField();
});
afterAll(() => field.drop());

const product = { storeId: '1', name: 'tea', code: null, stock: 0, tags: [], parentId: null, extra: null };
const stockOf = async (key: string) =>
  (await rowsOf(field.db, 'select stock from products where id = $1', [key]))[0]?.stock;

describe('once', () => {
  test('[PUSH-04] a repeat returns the first outcome, and has no effect', async () => {
    const device = new Device(field.ctx, ann);
    await device.write(insert('products', 'p1', product));
    const request = device.request([
      device.mutation([update('products', 'p1', { stock: 5 }, { version: 1, values: { stock: 0 } })]),
    ]);
    const first = await device.send(request);
    const again = await device.send(request);
    expect(await stockOf('p1')).toBe(5);
    expect(again.answers.map(outcomeOf)).toEqual(
      first.answers.map((answer) => ({ ...outcomeOf(answer), repeat: true })),
    );
  });

  test('[PUSH-05] the same batch sent twice at the same moment, by two servers, has one effect', async () => {
    const second = await field.secondServer();
    const device = new Device(field.ctx, ann);
    const keys = Array.from({ length: 20 }, (_, at) => `q${at}`);
    await device.push(keys.map((key) => device.mutation([insert('products', key, product)])));
    for (let round = 0; round < 5; round++) {
      const mutations = keys.map((key) =>
        device.mutation([update('products', key, { stock: 1 }, { version: 1, values: { stock: 0 } })]),
      );
      const answers = await Promise.all([
        device.send(device.request(mutations)),
        device.send(device.request(mutations.toReversed()), second),
        device.send(device.request(mutations), second),
      ]);
      const repeats = answers.flatMap(({ answers: all }) =>
        all.map((answer) => outcomeOf(answer).repeat === true),
      );
      expect(repeats.filter((repeat) => !repeat)).toHaveLength(keys.length);
    }
    const sums = await rowsOf(field.db, `select distinct stock from products where id like 'q%'`);
    expect(sums).toEqual([{ stock: 5 }]);
  });

  test('[PUSH-05] new rows sent twice at the same moment are made once', async () => {
    const second = await field.secondServer();
    const device = new Device(field.ctx, ann);
    const mutations = Array.from({ length: 200 }, (_, at) =>
      device.mutation([insert('products', `n${at}`, product)]),
    );
    const sent = await Promise.all([
      device.send(device.request(mutations)),
      device.send(device.request(mutations), second),
    ]);
    for (const { answers } of sent) {
      expect(new Set(answers.map((answer) => outcomeOf(answer).outcome))).toEqual(new Set(['applied']));
    }
    expect(await rowsOf(field.db, `select count(*)::int as rows from products where id like 'n%'`)).toEqual([
      { rows: 200 },
    ]);
    expect(await rowsOf(field.db, `select count(*)::int as keys from satchel.renames`)).toEqual([
      { keys: 0 },
    ]);
  });

  test('[PUSH-06] thirty percent of the answers lost, two routes: every counter is exact', async () => {
    const second = await field.secondServer();
    const devices = Array.from({ length: 4 }, () => new Device(field.ctx, ann));
    await devices[0]!.write(insert('products', 'shared', product));
    let seed = 42;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    await Promise.all(
      devices.map(async (device) => {
        for (let batch = 0; batch < 10; batch++) {
          const request = device.request(
            Array.from({ length: 10 }, () =>
              device.mutation([
                update('products', 'shared', { stock: 1 }, { version: 1, values: { stock: 0 } }),
              ]),
            ),
          );
          for (;;) {
            await device.send(request, random() < 0.5 ? field.ctx : second);
            if (random() < 0.1) await replay(second, ann, request.batchId, false);
            if (random() >= 0.3) break;
          }
        }
      }),
    );
    expect(await stockOf('shared')).toBe(400);
  });

  test('[PUSH-07] mutations in any order of ids and rows never end in a deadlock told to the client', async () => {
    const second = await field.secondServer();
    const devices = Array.from({ length: 6 }, () => new Device(field.ctx, ann));
    const keys = Array.from({ length: 12 }, (_, at) => `d${at}`);
    await devices[0]!.push(keys.map((key) => devices[0]!.mutation([insert('products', key, product)])));
    const shuffled = (at: number) => [...keys.slice(at * 2), ...keys.slice(0, at * 2)];
    await Promise.all(
      devices.flatMap((device, at) =>
        Array.from({ length: 5 }, () =>
          device.send(
            device.request(
              (at % 2 ? shuffled(at) : shuffled(at).toReversed()).map((key) =>
                device.mutation([
                  update('products', key, { stock: 1 }, { version: 1, values: { stock: 0 } }),
                ]),
              ),
            ),
            at % 2 ? field.ctx : second,
          ),
        ),
      ),
    );
    expect(await rowsOf(field.db, `select distinct stock from products where id like 'd%'`)).toEqual([
      { stock: 30 },
    ]);
  });

  test('[PUSH-08] other content under a known id is refused, also within one request', async () => {
    const device = new Device(field.ctx, ann);
    const mutation = device.mutation([insert('products', 'r1', product)]);
    const other = { ...mutation, changes: [insert('products', 'r2', product)] };
    const [first, second] = await device.push([mutation, other]);
    expect(outcomeOf(first).outcome).toBe('applied');
    expect(outcomeOf(second).problem?.code).toBe('id_reused');
    const [third] = await device.push([other]);
    expect(outcomeOf(third)).toMatchObject({ outcome: 'rejected', problem: { code: 'id_reused' } });
    expect(await rowsOf(field.db, `select id from products where id = 'r2'`)).toEqual([]);
  });

  test('[PUSH-09] the id of another principal is unknown', async () => {
    const device = new Device(field.ctx, ann);
    const mutation = device.mutation([insert('products', 's1', product)]);
    await device.push([mutation]);
    const bob = new Device(field.ctx, principal('bob', ['2']));
    const [answer] = await bob.push([
      {
        ...bob.mutation([insert('products', 's2', { ...product, storeId: '2' })]),
        mutationId: mutation.mutationId,
      },
    ]);
    expect(outcomeOf(answer)).toMatchObject({ outcome: 'applied', changes: [{ key: 's2' }] });
    expect(outcomeOf(answer).repeat).toBeUndefined();
  });

  test('[PUSH-10] the author must be the user of the token', async () => {
    const device = new Device(field.ctx, ann);
    const [answer] = await device.push([
      device.mutation([insert('products', 't1', product)], { author: 'bob' }),
    ]);
    expect(outcomeOf(answer).problem?.code).toBe('author_mismatch');
  });

  test('[PUSH-11] a dry run of a replay leaves nothing behind; a replay answers what was settled', async () => {
    const device = new Device(field.ctx, ann);
    const request = device.request([device.mutation([insert('products', 'u1', product)])]);
    await device.send(request);
    await field.db.query(`delete from satchel.mutations where batch_id = $1`, [request.batchId]);
    await field.db.query(`delete from products where id = 'u1'`);
    const dry = await replay(field.ctx, ann, request.batchId, true);
    expect(outcomeOf(dry.answers[0]).outcome).toBe('applied');
    expect(await rowsOf(field.db, `select id from products where id = 'u1'`)).toEqual([]);
    await replay(field.ctx, ann, request.batchId, false);
    expect(await rowsOf(field.db, `select id from products where id = 'u1'`)).toEqual([{ id: 'u1' }]);
    const again = await replay(field.ctx, principal('root', [], ['admin']), request.batchId, false);
    expect(outcomeOf(again.answers[0]).repeat).toBe(true);
    await expect(replay(field.ctx, principal('eve', ['1']), request.batchId, true)).rejects.toMatchObject({
      code: 'batch_unknown',
    });
  });
});
