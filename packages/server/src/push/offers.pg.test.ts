import { newKeyFor } from '@satchel/core';
import type { Mutation, Offer, OutcomeKind } from '@satchel/protocol';
import fc from 'fast-check';
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
} from '../../test/push/field.ts';
import { runHeld } from './held.ts';

let field: Field;
const ann = principal('ann', ['1']);

const openGeneration = (generation: number, epoch: string, openedAt: string) =>
  field.db.query(
    `insert into satchel.generations
       (generation, epoch, system_identifier, timeline, postmaster_start, moments_oid, opened_at)
     values ($1, $2, 's', 1, now(), 1, ${openedAt})`,
    [generation, epoch],
  );

beforeAll(async () => {
  field = await openField();
  await openGeneration(1, 'old', '0');
});
afterAll(() => field.drop());

/** What a device keeps of a settled mutation, put with it when it is offered again. */
const offered = (
  mutation: Mutation,
  versions: (number | null)[],
  columns: string[][],
  outcome: OutcomeKind = 'applied',
): Mutation => {
  const offer: Offer = { epoch: 'old', outcome, versions, columns };
  return { ...mutation, offer };
};

/** Rows as the backup has them, then a new history over it. */
let restores = 1;
const restored = async (rows: string) => {
  await field.db.query(rows);
  await field.db.query('update satchel.audit set at = 0');
  restores += 1;
  await openGeneration(restores, `epoch ${restores}`, 'satchel.now_ms()');
};

const sale = { storeId: '1', customerId: null, amount: '1', note: null };
const salesColumns = ['storeId', 'customerId', 'amount', 'note'];
const at = (version: number, amount: string) => ({ version, values: { amount } });

describe('work offered again after a restore', () => {
  test('[PUSH-80] the highest version wins column by column, in whatever order the offers come', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const key = nextId();
      await restored(`insert into sales (id, store_id, amount) values ('${key}', '1', 1)`);
      const one = new Device(field.ctx, ann);
      const two = new Device(field.ctx, principal('bob', ['1']));
      const offers = [
        {
          device: one,
          mutation: offered(
            one.mutation([update('sales', key, { amount: '2' }, at(10, '1'))]),
            [11],
            [['amount']],
          ),
        },
        {
          device: two,
          mutation: offered(
            two.mutation([update('sales', key, { amount: '3' }, at(11, '2'))]),
            [12],
            [['amount']],
          ),
        },
      ];
      for (const place of order) {
        const { device, mutation } = offers[place]!;
        expect(outcomeOf((await device.push([mutation]))[0]).outcome).toBe('applied');
      }
      expect(await rowsOf(field.db, 'select amount::text as amount from sales where id = $1', [key])).toEqual(
        [{ amount: '3' }],
      );
      expect(
        await rowsOf(field.db, 'select 1 as clash from satchel.conflicts where key = $1', [key]),
      ).toEqual([]);
    }
  });

  test('[PUSH-81] any history of one row comes back the same from any order of offers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('edit', 'note', 'stock', 'delete', 'insert'), {
          minLength: 1,
          maxLength: 7,
        }),
        fc.infiniteStream(fc.nat(1_000)),
        async (steps, picks) => {
          const key = nextId();
          await restored(
            `insert into products (id, store_id, name, stock, tags) values ('${key}', '1', 'n0', 0, '{}')`,
          );
          // The history that was lost, played on a model.
          let row: { name: string; code: string | null; stock: number } | null = {
            name: 'n0',
            code: null,
            stock: 0,
          };
          const offers: { device: Device; mutation: Mutation }[] = [];
          steps.forEach((step, index) => {
            const device = new Device(field.ctx, principal(`u${index}`, ['1']));
            const version = 100 + index;
            const before = {
              version: version - 1,
              values: { name: row?.name ?? null, code: row?.code ?? null, stock: row?.stock ?? null },
            };
            const add = (change: Parameters<Device['mutation']>[0][number], columns: string[]) =>
              offers.push({ device, mutation: offered(device.mutation([change]), [version], [columns]) });
            if (row === null && step === 'insert') {
              row = { name: `i${index}`, code: null, stock: 0 };
              add(insert('products', key, { storeId: '1', ...row, tags: [], parentId: null, extra: null }), [
                'storeId',
                'name',
                'code',
                'stock',
                'tags',
                'parentId',
                'extra',
              ]);
            } else if (row !== null && step === 'delete' && index > 0) {
              add(remove('products', key, before), []);
              row = null;
            } else if (row !== null && step === 'edit') {
              row = { ...row, name: `e${index}` };
              add(
                update(
                  'products',
                  key,
                  { name: row.name },
                  { version: before.version, values: { name: before.values.name } },
                ),
                ['name'],
              );
            } else if (row !== null && step === 'note') {
              row = { ...row, code: `${key}-${index}` };
              add(
                update(
                  'products',
                  key,
                  { code: row.code },
                  { version: before.version, values: { code: before.values.code } },
                ),
                ['code'],
              );
            } else if (row !== null && step === 'stock' && !steps.includes('delete')) {
              row = { ...row, stock: row.stock + index + 1 };
              add(
                update(
                  'products',
                  key,
                  { stock: row.stock },
                  { version: before.version, values: { stock: before.values.stock } },
                ),
                ['stock'],
              );
            }
          });
          const shuffled = offers
            .map((offer) => ({ offer, place: picks.next().value as number }))
            .sort((a, b) => a.place - b.place);
          for (const { offer } of shuffled) {
            await offer.device.push([offer.mutation]);
            if ((picks.next().value as number) % 3 === 0) await offer.device.push([offer.mutation]);
          }
          await runHeld(field.ctx);
          const [now] = await rowsOf(field.db, 'select name, code, stock from products where id = $1', [key]);
          expect(now ?? null).toEqual(row);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('[PUSH-82] an edit whose insert is still to be offered waits for it', async () => {
    const key = nextId();
    await restored('select 1');
    const device = new Device(field.ctx, ann);
    const made = offered(device.mutation([insert('sales', key, sale)]), [20], [salesColumns]);
    const edit = offered(
      device.mutation([update('sales', key, { amount: '5' }, at(20, '1'))]),
      [21],
      [['amount']],
    );
    expect(await device.push([edit])).toMatchObject([{ kind: 'held', parent: { table: 'sales', key } }]);
    await device.push([made]);
    expect(await rowsOf(field.db, 'select amount::text as amount from sales where id = $1', [key])).toEqual([
      { amount: '5' },
    ]);
    expect(outcomeOf((await device.push([edit]))[0])).toMatchObject({ outcome: 'applied', repeat: true });
  });

  test('[PUSH-83] against what was written in the new history the policies judge', async () => {
    const key = nextId();
    await restored(`insert into sales (id, store_id, amount) values ('${key}', '1', 1)`);
    const device = new Device(field.ctx, ann);
    await device.write(update('sales', key, { amount: '9' }, { version: 1, values: { amount: '1' } }));
    const mutation = offered(
      device.mutation([
        update(
          'sales',
          key,
          { amount: '2', note: 'n' },
          { version: 30, values: { amount: '1', note: null } },
        ),
      ]),
      [31],
      [['amount', 'note']],
    );
    const outcome = outcomeOf((await device.push([mutation]))[0]);
    expect(outcome).toMatchObject({
      outcome: 'superseded',
      changes: [{ columns: ['note'], row: { amount: '9', note: 'n' } }],
    });
  });

  test('[PUSH-84] old losers stay what they were; what the backup has is a repeat', async () => {
    const key = nextId();
    await restored(`insert into sales (id, store_id, amount) values ('${key}', '1', 1)`);
    const device = new Device(field.ctx, ann);
    const loser = offered(
      device.mutation([update('sales', key, { amount: '2' }, at(30, '0'))]),
      [31],
      [[]],
      'superseded',
    );
    expect(outcomeOf((await device.push([loser]))[0]).outcome).toBe('superseded');
    expect(await rowsOf(field.db, 'select amount::text as amount from sales where id = $1', [key])).toEqual([
      { amount: '1' },
    ]);
    expect(
      outcomeOf((await device.push([{ ...loser, offer: { ...loser.offer!, columns: [['amount']] } }]))[0])
        .repeat,
    ).toBe(true);
  });

  test('[PUSH-85] counters take in each offer once', async () => {
    const key = nextId();
    await restored(
      `insert into products (id, store_id, name, stock, tags) values ('${key}', '1', 'x', 10, '{}')`,
    );
    const device = new Device(field.ctx, ann);
    const offers = [5, 3, -4].map((step, index) =>
      offered(
        device.mutation([
          update('products', key, { stock: 100 + step }, { version: 40 + index, values: { stock: 100 } }),
        ]),
        [41 + index],
        [['stock']],
      ),
    );
    await device.push(offers.toReversed());
    await device.push(offers);
    expect(await rowsOf(field.db, 'select stock from products where id = $1', [key])).toEqual([
      { stock: 14 },
    ]);
  });

  test('[PUSH-86] edits of one batch have one version: they come back in their order', async () => {
    const key = nextId();
    await restored('select 1');
    const device = new Device(field.ctx, ann);
    const made = device.mutation([insert('sales', key, sale)]);
    const first = device.mutation([update('sales', key, { amount: '5' }, at(20, '1'))]);
    const second = device.mutation([update('sales', key, { amount: '6' }, at(20, '5'))]);
    await device.push([
      offered(made, [20], [salesColumns]),
      offered(first, [20], [['amount']]),
      offered(second, [20], [['amount']]),
    ]);
    expect(await rowsOf(field.db, 'select amount::text as amount from sales where id = $1', [key])).toEqual([
      { amount: '6' },
    ]);
  });

  test('[PUSH-87] a clash that waited for a person waits again, whichever side comes back first', async () => {
    for (const order of ['winner first', 'loser first']) {
      const key = nextId();
      await restored(`insert into crops (id, store_id, name, area) values ('${key}', '1', 'rice', 1)`);
      const one = new Device(field.ctx, ann);
      const two = new Device(field.ctx, principal('bob', ['1']));
      const edit = (device: Device, soil: string) =>
        device.mutation([update('crops', key, { soil }, { version: 10, values: { soil: null } })]);
      const winner = () => one.push([offered(edit(one, 'of ann'), [11], [['soil']])]);
      const loser = () => two.push([offered(edit(two, 'of bob'), [null], [[]], 'review')]);
      const answers =
        order === 'winner first' ? [await winner(), await loser()] : [await loser(), await winner()];
      expect(
        answers
          .flat()
          .map((answer) => outcomeOf(answer).outcome)
          .toSorted(),
      ).toEqual(['applied', 'review']);
      expect(await rowsOf(field.db, 'select soil from crops where id = $1', [key])).toEqual([
        { soil: 'of ann' },
      ]);
      expect(
        await rowsOf(field.db, 'select state, client, base from satchel.conflicts where key = $1', [key]),
      ).toEqual([{ state: 'open', client: { soil: 'of bob' }, base: { soil: null } }]);
    }
  });

  test('[PUSH-88] a deletion has its version, and comes back', async () => {
    const key = nextId();
    const device = new Device(field.ctx, ann);
    await device.write(insert('sales', key, sale));
    const removed = device.mutation([remove('sales', key, { version: 1, values: { ...sale, amount: '1' } })]);
    const { version } = outcomeOf((await device.push([removed]))[0]).changes[0]!;
    expect(version).toBeGreaterThan(0);
    const again = nextId();
    await restored(`insert into sales (id, store_id, amount) values ('${again}', '1', 1)`);
    const lost = device.mutation([remove('sales', again, { version: 40, values: { ...sale } })]);
    const kept = device.mutation([remove('sales', again, { version: 40, values: { ...sale } })]);
    await device.push([offered(kept, [null], [[]], 'superseded')]);
    expect(await rowsOf(field.db, 'select 1 as one from sales where id = $1', [again])).toHaveLength(1);
    await device.push([offered(lost, [41], [[]])]);
    expect(await rowsOf(field.db, 'select 1 as one from sales where id = $1', [again])).toEqual([]);
  });

  test('[PUSH-89] an insert that was given a new key comes back under it, whichever row comes first', async () => {
    const product = (name: string) => ({
      storeId: '1',
      name,
      code: null,
      stock: 0,
      tags: [],
      parentId: null,
      extra: null,
    });
    const columns = Object.keys(product(''));
    for (const order of ['the other party first', 'the new key first', 'the other party in the backup']) {
      const key = nextId();
      await restored(
        order === 'the other party in the backup'
          ? `insert into products (id, store_id, name, stock, tags) values ('${key}', '1', 'of ann', 0, '{}')`
          : 'select 1',
      );
      const one = new Device(field.ctx, ann);
      const two = new Device(field.ctx, principal('bob', ['1']));
      const first = one.mutation([insert('products', key, product('of ann'))]);
      const second = two.mutation([insert('products', key, product('of bob'))]);
      const edit = two.mutation([
        update('products', key, { name: 'of bob, edited' }, undefined, { after: second.mutationId }),
      ]);
      const newKey = newKeyFor(second.mutationId, 'products', key);
      const given = (mutation: Mutation) => ({ ...mutation, offer: { ...mutation.offer!, keys: [newKey] } });
      const offerFirst = () => one.push([offered(first, [20], [columns])]);
      const offerSecond = async () => {
        const [made] = await two.push([given(offered(second, [21], [columns], 'merged'))]);
        expect(outcomeOf(made)).toMatchObject({
          outcome: 'merged',
          changes: [{ key, newKey, row: { id: newKey, name: 'of bob' } }],
        });
        const [edited] = await two.push([given(offered(edit, [22], [['name']]))]);
        expect(outcomeOf(edited)).toMatchObject({ changes: [{ key, newKey }] });
      };
      if (order === 'the other party first') await offerFirst();
      await offerSecond();
      if (order === 'the new key first') await offerFirst();
      expect(
        await rowsOf(field.db, 'select id, name from products where id = any($1) order by name', [
          [key, newKey],
        ]),
      ).toEqual([
        { id: key, name: 'of ann' },
        { id: newKey, name: 'of bob, edited' },
      ]);
    }
  });

  test('[PUSH-89] a key that the server would not have given is not believed; what was deleted under a new key stays so', async () => {
    const key = nextId();
    await restored('select 1');
    const device = new Device(field.ctx, ann);
    const made = device.mutation([insert('sales', key, sale)]);
    const told = { ...offered(made, [20], [salesColumns], 'merged') };
    const [answer] = await device.push([{ ...told, offer: { ...told.offer!, keys: ['not a key of his'] } }]);
    expect(outcomeOf(answer).changes[0]).toMatchObject({ key, outcome: 'merged' });
    expect(outcomeOf(answer).changes[0]).not.toHaveProperty('newKey');

    const other = nextId();
    const two = new Device(field.ctx, principal('bob', ['1']));
    const second = two.mutation([insert('sales', other, sale)]);
    const newKey = newKeyFor(second.mutationId, 'sales', other);
    const removed = device.mutation([remove('sales', newKey, { version: 30, values: { ...sale } })]);
    await device.push([offered(removed, [31], [[]])]);
    const late = offered(second, [30], [salesColumns], 'merged');
    await two.push([{ ...late, offer: { ...late.offer!, keys: [newKey] } }]);
    expect(await rowsOf(field.db, 'select id from sales where id = any($1)', [[other, newKey]])).toEqual([]);
  });
});
