import { defineApp, drop, id, rename, split, table, text } from '@satchel/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Device, type Field, openField, outcomeOf, principal, rowsOf } from '../../test/push/field.ts';

let field: Field;

const app = defineApp({
  name: 'people',
  schemaVersion: 3,
  tables: {
    people: table(
      {
        id: id(),
        storeId: text(),
        firstName: text(),
        lastName: text({ nullable: true }),
        town: text({ nullable: true }),
      },
      { scope: 'store:{storeId}', conflicts: { update: 'server-wins' } },
    ),
  },
  scopesOf: () => ['store:1'],
  history: [
    { to: 2, changes: [rename('people', 'city', 'town'), drop('people', 'fax', text({ nullable: true }))] },
    {
      to: 3,
      changes: [
        split(
          'people',
          { name: text() },
          ['firstName', 'lastName'],
          ({ name }) => {
            const [firstName, ...rest] = String(name).split(' ');
            return { firstName: firstName ?? '', lastName: rest.join(' ') || null };
          },
          ({ firstName, lastName }) => ({ name: [firstName, lastName].filter(Boolean).join(' ') }),
        ),
      ],
    },
  ],
});

beforeAll(async () => {
  field = await openField(app);
});
afterAll(() => field.drop());

describe('mutations of older schema versions', () => {
  test('[PUSH-71] of which nothing is left are refused, and kept by the device; those that end as the row is are applied', async () => {
    const device = new Device(field.ctx, principal('ann', ['1']));
    const old = { schemaVersion: 1 };
    const update = (values: Record<string, string>, confirmed: Record<string, string>) =>
      device.mutation(
        [{ table: 'people', op: 'update', key: 'p2', values, confirmed: { version: 1, values: confirmed } }],
        old,
      );
    await field.db.query(
      `insert into people (id, store_id, first_name, town) values ('p2', '1', 'Asha', 'Pune')`,
    );
    const answers = await device.push(
      [
        update({ fax: '2' }, { fax: '1' }),
        update({ fax: '3', city: 'Goa' }, { fax: '1', city: 'Pune' }),
        update({ name: 'Asha ' }, { name: 'Asha' }),
      ],
      { schemaVersion: 1 },
    );
    expect(answers.map((answer) => outcomeOf(answer).outcome)).toEqual(['rejected', 'applied', 'applied']);
  });

  test('[PUSH-70] are lifted; their answers are in the names of the client', async () => {
    const device = new Device(field.ctx, principal('ann', ['1']));
    const old = { schemaVersion: 1 };
    const made = device.mutation(
      [
        {
          table: 'people',
          op: 'insert',
          key: 'p1',
          values: { id: 'p1', storeId: '1', name: 'Asha Rao', city: 'Pune', fax: '1' },
        },
      ],
      old,
    );
    const edit = device.mutation(
      [
        {
          table: 'people',
          op: 'update',
          key: 'p1',
          values: { city: 'Goa' },
          seen: { city: { value: 'Pune', mutationId: made.mutationId } },
        },
      ],
      old,
    );
    const onlyDropped = device.mutation(
      [
        {
          table: 'people',
          op: 'update',
          key: 'p1',
          values: { fax: '2' },
          confirmed: { version: 1, values: { fax: '1' } },
        },
      ],
      old,
    );
    const answers = (await device.push([made, edit, onlyDropped], { schemaVersion: 1 })).map(outcomeOf);
    expect(answers.map(({ outcome }) => outcome)).toEqual(['applied', 'applied', 'rejected']);
    expect(answers[1]?.changes[0]?.row).toMatchObject({ name: 'Asha Rao', city: 'Goa' });
    expect(answers[2]).toMatchObject({ problem: { code: 'lift_failed', params: { key: 'p1' } } });
    expect(await rowsOf(field.db, `select first_name, last_name, town from people where id = 'p1'`)).toEqual([
      { first_name: 'Asha', last_name: 'Rao', town: 'Goa' },
    ]);
    expect((await device.push([made], { schemaVersion: 1 })).map(outcomeOf)[0]).toMatchObject({
      repeat: true,
      outcome: 'applied',
    });
  });
});
