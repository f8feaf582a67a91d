import type { Json, Mutation } from '@satchel/protocol';
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
import { applied } from '../../test/push/field-app.ts';
import { runApplied } from './applied.ts';

let field: Field;
const ann = principal('ann', ['1']);

beforeAll(async () => {
  field = await openField();
  await field.db.query(`
    alter table sales add constraint amount_sane check (amount < 1000000);
    create function refuse_13() returns trigger language plpgsql as $$
      begin if new.note = '13' then raise exception 'unlucky'; end if; return new; end $$;
    create trigger refuse_13 before insert or update on sales for each row execute function refuse_13();`);
});
afterAll(() => field.drop());

const sale = (over: Record<string, Json> = {}) => ({
  storeId: '1',
  customerId: null,
  amount: '1',
  note: null,
  ...over,
});
const ticket = { storeId: '1', number: null, body: 'x', secret: null, changedAt: null };

describe('poison', () => {
  test('[PUSH-60] one bad mutation never blocks another, whatever is wrong with it', async () => {
    const device = new Device(field.ctx, ann);
    const good = Array.from({ length: 40 }, (_, at) =>
      device.mutation([insert('sales', `good${at}`, sale())]),
    );
    const bad: readonly (readonly [string, Mutation])[] = [
      ['check_failed', device.mutation([insert('sales', nextId(), sale({ amount: '1000000' }))])],
      ['check_failed', device.mutation([insert('sales', nextId(), sale({ note: '13' }))])],
      ['table_unknown', device.mutation([{ table: 'sails', op: 'insert', key: 'x', values: { id: 'x' } }])],
      ['column_unknown', device.mutation([insert('sales', 'x', sale({ colour: 'red' }))])],
      ['value_required', device.mutation([insert('sales', 'x', { storeId: '1' })])],
      ['value_type', device.mutation([insert('sales', 'x', sale({ amount: 'much' }))])],
      ['text_invalid', device.mutation([insert('sales', 'x', sale({ note: 'a\u0000b' }))])],
      ['text_invalid', device.mutation([insert('sales', 'x', sale({ note: 'a\ud800b' }))])],
      ['key_invalid', device.mutation([insert('sales', 'a\u0000', sale())])],
      ['key_changed', device.mutation([update('sales', 'good0', { id: 'other' })])],
      ['scope_denied', device.mutation([insert('sales', nextId(), sale({ storeId: '2' }))])],
      ['row_missing', device.mutation([update('sales', nextId(), { note: 'n' })])],
      ['counter_overflow', device.mutation([])],
      ['table_unknown', device.mutation([{ table: 'a\u0000', op: 'delete', key: 'x' }])],
    ];
    await device.write(
      insert('products', 'full', {
        storeId: '1',
        name: 'f',
        code: null,
        stock: Number.MAX_SAFE_INTEGER,
        tags: [],
        parentId: null,
        extra: null,
      }),
    );
    bad[12]![1].changes.push(update('products', 'full', { stock: 2 }, { version: 1, values: { stock: 1 } }));
    const mixed = good.flatMap((mutation, at) => (bad[at] ? [bad[at][1], mutation] : [mutation]));
    const answers = new Map(
      (await device.push(mixed)).map((answer) => [outcomeOf(answer).mutationId, outcomeOf(answer)]),
    );
    expect(good.map(({ mutationId }) => answers.get(mutationId)?.outcome)).toEqual(good.map(() => 'applied'));
    expect(bad.map(([, { mutationId }]) => answers.get(mutationId)?.problem?.code)).toEqual(
      bad.map(([code]) => code),
    );
    const again = await device.push(bad.map(([, mutation]) => mutation));
    expect(again.map((answer) => outcomeOf(answer).repeat)).toEqual(bad.map(() => true));
  });

  test('[PUSH-61] one refused change: nothing of its mutation takes effect', async () => {
    const device = new Device(field.ctx, ann);
    const outcome = await device.write(
      insert('sales', 'half', sale()),
      insert('sales', 'other', sale({ amount: '1000000' })),
    );
    expect(outcome).toMatchObject({
      outcome: 'rejected',
      changes: [{ outcome: 'rejected' }, { outcome: 'rejected' }],
    });
    expect(await rowsOf(field.db, `select id from sales where id in ('half', 'other')`)).toEqual([]);
  });

  test('[PUSH-62] a mutation over the limits is refused by its size', async () => {
    const device = new Device(field.ctx, ann);
    const huge = Array.from({ length: field.ctx.app.limits.maxChanges + 1 }, (_, at) =>
      remove('sales', `h${at}`),
    );
    expect((await device.write(...huge)).problem?.code).toBe('mutation_too_large');
  });

  test('[PUSH-63] hard values come back as they went', async () => {
    const device = new Device(field.ctx, ann);
    const texts = [
      'é',
      'e\u0301',
      '👩‍🌾',
      'مرحبا',
      '\\u0000',
      '"quoted"',
      '\u2028',
      ' '.repeat(3),
      '\\',
      "'; drop table sales; --",
    ];
    for (const [at, text] of texts.entries()) {
      const extra = { [text]: [text, 1e21, -0.5, 5e-324, null, { deep: [true] }] };
      const key = `${text.trim() || 'blank'}-${at}`;
      const made = await device.write(
        insert('products', key, {
          storeId: '1',
          name: text,
          code: null,
          stock: -3,
          tags: [text],
          parentId: null,
          extra,
        }),
      );
      expect(made.outcome).toBe('applied');
      const [again] = await device.push([
        device.mutation([update('products', key, { stock: -2 }, { version: 0, values: { stock: -3 } })]),
      ]);
      expect(outcomeOf(again).changes[0]?.row).toMatchObject({
        id: key,
        name: text,
        tags: [text],
        extra,
        stock: -2,
      });
    }
    const amounts = ['0.1', '-1000.5', '99999.999999999999999999', '0'];
    for (const amount of amounts) {
      const key = nextId();
      await device.write(insert('sales', key, sale({ amount })));
      const told = await device.write(
        update('sales', key, { note: 'x' }, { version: 0, values: { note: null } }),
      );
      expect(told.changes[0]?.row).toMatchObject({ amount });
    }
  });
});

describe('rights', () => {
  test('[PUSH-64] a row outside the scopes may not be edited, nor an own one be moved out, nor is it told of', async () => {
    const zoe = new Device(field.ctx, principal('zoe', ['2']));
    await zoe.write(insert('sales', 'z1', sale({ storeId: '2', note: 'secret' })));
    const device = new Device(field.ctx, ann);
    const version = versionIn(await device.write(insert('sales', 'a1', sale())));
    const outcomes = [
      await device.write(update('sales', 'z1', { note: 'mine' }, { version: 1, values: { note: 'secret' } })),
      await device.write(remove('sales', 'z1', { version: 1, values: {} })),
      await device.write(update('sales', 'a1', { storeId: '2' }, { version, values: { storeId: '1' } })),
    ];
    expect(outcomes.map(({ problem }) => problem?.code)).toEqual([
      'scope_denied',
      'scope_denied',
      'scope_denied',
    ]);
    expect(JSON.stringify(outcomes)).not.toContain('secret');
    expect(
      await rowsOf(field.db, `select store_id, note from sales where id in ('z1', 'a1') order by id`),
    ).toEqual([
      { store_id: '1', note: null },
      { store_id: '2', note: 'secret' },
    ]);
  });

  test('[PUSH-64] only the mutation that leaves the scope is refused, not those before it', async () => {
    const device = new Device(field.ctx, ann);
    const version = versionIn(await device.write(insert('sales', 'm1', sale())));
    const edit = device.mutation([
      update('sales', 'm1', { note: 'kept' }, { version, values: { note: null } }),
    ]);
    const move = device.mutation([
      update('sales', 'm1', { storeId: '2' }, { version, values: { storeId: '1' } }),
    ]);
    expect((await device.push([edit, move])).map((answer) => outcomeOf(answer).outcome)).toEqual([
      'applied',
      'rejected',
    ]);
    expect(await rowsOf(field.db, `select store_id, note from sales where id = 'm1'`)).toEqual([
      { store_id: '1', note: 'kept' },
    ]);
  });

  test('[PUSH-65] operations, columns and channels are held by role', async () => {
    const device = new Device(field.ctx, ann);
    await device.write(insert('tickets', 't1', ticket));
    expect((await device.write(remove('tickets', 't1'))).problem?.code).toBe('op_denied');
    expect((await device.write(update('tickets', 't1', { secret: 's' }))).problem?.code).toBe(
      'column_denied',
    );
    expect((await device.write(insert('tickets', 't2', { ...ticket, secret: 's' }))).problem?.code).toBe(
      'column_denied',
    );
    // What a device sends of a new row it did not fill in is no writing.
    expect((await device.write(insert('tickets', 't5', { ...ticket, labels: [] }))).outcome).toBe('applied');
    expect((await device.write(insert('tickets', 't6', { ...ticket, labels: ['a'] }))).problem?.code).toBe(
      'column_denied',
    );
    expect((await device.write(insert('tickets', 't3', { ...ticket, number: 7 }))).problem?.code).toBe(
      'value_read_only',
    );
    const sms = new Device(field.ctx, { ...ann, channel: 'sms' });
    expect((await sms.write(insert('tickets', 't4', ticket))).problem?.code).toBe('channel_denied');
  });

  test('[PUSH-66] what the role may not read is in no answer, not of a repeat either', async () => {
    const manager = new Device(field.ctx, principal('meg', ['1'], ['manager']));
    await manager.write(insert('tickets', 's1', { ...ticket, secret: 'hush' }));
    const device = new Device(field.ctx, ann);
    const mutation = device.mutation([
      update('tickets', 's1', { body: 'y' }, { version: 0, values: { body: 'x' } }),
    ]);
    const [first] = await device.push([mutation]);
    expect(outcomeOf(first).changes[0]?.row).toMatchObject({
      body: 'y',
      number: expect.any(Number),
      changedAt: expect.any(Number),
    });
    expect(JSON.stringify(first)).not.toContain('hush');
    const asManager = new Device(field.ctx, { ...ann, roles: ['manager'] });
    asManager.clientId satisfies string;
    const [repeat] = await device.push([mutation]);
    expect(JSON.stringify(repeat)).not.toContain('hush');
    device.principal = { ...ann, claims: { stores: [] } };
    const [lost] = await device.push([mutation]);
    expect(outcomeOf(lost)).toMatchObject({ outcome: 'applied', repeat: true });
    expect(outcomeOf(lost).changes[0]).not.toHaveProperty('row');
  });
});

describe('beside the rows', () => {
  test('[PUSH-67] the audit tells each effect, before and after, who and by what', async () => {
    const device = new Device(field.ctx, ann);
    const version = versionIn(await device.write(insert('sales', 'w1', sale())));
    const outcome = await device.write(
      update('sales', 'w1', { note: 'n' }, { version, values: { note: null } }),
    );
    const rows = await rowsOf(
      field.db,
      `select op, before ->> 'note' as before, after ->> 'note' as after, version, source, mutation_id, client_id, user_id, channel
         from satchel.audit where key = 'w1' order by audit_id`,
    );
    expect(rows).toMatchObject([
      { op: 'insert', before: null, source: 'push' },
      {
        op: 'update',
        before: null,
        after: 'n',
        version: versionIn(outcome),
        mutation_id: outcome.mutationId,
        client_id: device.clientId,
        user_id: 'ann',
        channel: 'mobile',
      },
    ]);
  });

  test('[PUSH-68] onApplied runs after commit, at least once, and what fails comes again', async () => {
    const device = new Device(field.ctx, ann);
    await runApplied(field.ctx);
    const heard: string[] = [];
    let failures = 1;
    applied.heard = (change) => {
      if (failures-- > 0) throw new Error('not yet');
      heard.push(`${change.op} ${change.key} ${change.mutationId}`);
    };
    const outcome = await device.write(insert('tickets', 'n1', ticket));
    expect(heard).toEqual([]);
    expect(await runApplied(field.ctx)).toBe(0);
    field.passes(3_000);
    expect(await runApplied(field.ctx)).toBe(1);
    field.passes(-3_000);
    expect(heard).toEqual([`insert n1 ${outcome.mutationId}`]);
    applied.heard = () => undefined;
  });

  test('[PUSH-69] a client ahead of the server keeps its queue; an unknown version is refused', async () => {
    const device = new Device(field.ctx, ann);
    await expect(
      device.send(device.request([device.mutation([insert('sales', 'v', sale())])], { schemaVersion: 9 })),
    ).rejects.toMatchObject({
      code: 'schema_ahead',
    });
  });
});
