import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { metersApp } from '../../../test/dialects/apps.ts';
import { type Asking, type DialectFixture, openDialects } from '../../../test/dialects/fixture.ts';
import { expectAnswer, expectError } from '../../../test/dialects/shape.ts';

interface Result {
  client_temp_id: string | null;
  status: 'ok' | 'conflict' | 'error';
  server_id: string | null;
  server_version: number | null;
  error?: string;
  code?: string;
  conflict_id?: string;
  server_payload?: Record<string, unknown> | null;
}
interface Pushed {
  batch_id: string;
  processed_at: string;
  server_sync_token: string;
  results: Result[];
}
interface Change {
  id: string;
  resource_type: string;
  action: string;
  payload: Record<string, unknown> | null;
  server_version: number;
}
interface Pulled {
  next_token: string;
  changes: Change[];
  has_more: boolean;
  full_sync: boolean;
  conflicts: Record<string, unknown>[];
}

const PUSH = '/api/v1/mobile/sync/push';
const PULL = '/api/v1/mobile/sync/pull';
let field: DialectFixture;
let reader: Asking;
let admin: Asking;
let named = 0;
const device = () => `device-uuid-${++named}`;
const push = (who: Asking, device_id: string, items: unknown[], token?: string) =>
  who.post<Pushed>(PUSH, { device_id, ...(token === undefined ? {} : { client_sync_token: token }), items });
const pull = (who: Asking, body: { since_token?: string; device_id?: string; limit?: number }) =>
  who.post<Pulled>(PULL, body);
const meter = async (id: string) => (await field.sql('select * from meters where id = $1', [id]))[0];
const update = (id: string, payload: object, client_version: number) => ({
  resource_type: 'meter',
  action: 'update',
  payload: { id, ...payload },
  client_version,
});

beforeAll(async () => {
  field = await openDialects(metersApp());
  reader = field.as(await field.token({ userId: 'rita', roles: ['reader'], claims: { district: 'd1' } }));
  admin = field.as(await field.token({ userId: 'root', roles: ['admin'], claims: { district: 'd1' } }));
  await field.sql(`insert into forms (id, title) values ('f-1', 'Visit')`);
});
afterAll(() => field.close());

describe('the documents’ own requests', () => {
  test('[DIA-01] S4 push, pull, ack, conflict and resolve, to the letter', async () => {
    await field.sql(`insert into meters (id, district, code, reading) values ('m-123', 'd1', 'c-123', 40)`);
    const had = await pull(reader, { device_id: 'device-uuid-123' });
    await field.sql(`update meters set reading = 50 where id = 'm-123'`);
    const letter = {
      device_id: 'device-uuid-123',
      client_sync_token: had.next_token,
      items: [
        {
          client_temp_id: 'tmp-1',
          resource_type: 'submission',
          action: 'create',
          payload: { form_id: 'f-1', form_version: 'v2', data: { fieldA: 'ok' } },
          client_version: 1,
        },
        {
          resource_type: 'meter',
          action: 'update',
          payload: { id: 'm-123', reading: 42 },
          client_version: 5,
        },
      ],
    };
    const pushed = await reader.post<Pushed>(PUSH, letter);
    expectAnswer('mobile', 'mobilePush', pushed);
    const [submission, clash] = pushed.results;
    expect(submission).toMatchObject({
      client_temp_id: 'tmp-1',
      status: 'ok',
      server_id: expect.any(String),
      server_version: expect.any(Number),
    });
    expect(clash).toMatchObject({
      client_temp_id: null,
      status: 'conflict',
      server_id: 'm-123',
      server_payload: { reading: 50, last_updated_by: 'sys' },
    });
    expect(clash?.error).toBe(`Version mismatch: server_version=${clash?.server_version}, client_version=5`);
    expect(
      await field.sql('select form_version, data, district from submissions where id = $1', [
        submission?.server_id,
      ]),
    ).toEqual([{ form_version: 'v2', data: { fieldA: 'ok' }, district: 'd1' }]);

    // The token of the text is none of this server's.
    const foreign = await reader.ask(PULL, { body: { since_token: 'tok_20251203_123' } });
    expect(foreign.status).toBe(400);
    expect(expectError('mobile', foreign.json).code).toBe('cursor_invalid');
    const pulled = await pull(reader, { since_token: had.next_token });
    expectAnswer('mobile', 'mobilePull', pulled);
    expect(pulled.changes).toEqual(
      expect.arrayContaining([
        {
          id: submission?.server_id,
          resource_type: 'submission',
          action: 'create',
          payload: expect.objectContaining({ form_id: 'f-1', data: { fieldA: 'ok' }, status: 'submitted' }),
          server_version: expect.any(Number),
        },
        expect.objectContaining({ id: 'm-123', resource_type: 'meter', action: 'update' }),
      ]),
    );
    const acked = await reader.post('/api/v1/mobile/sync/ack', { ack_token: pulled.next_token });
    expectAnswer('mobile', 'mobileAck', acked);
    expect(await reader.post('/api/v1/mobile/sync/ack', { ack_token: pulled.next_token })).toMatchObject({
      success: true,
    });

    const path = `/api/v1/mobile/conflicts/${clash?.conflict_id}`;
    const conflict = await reader.get(path);
    expectAnswer('mobile', 'mobileConflict', conflict);
    expect(conflict).toMatchObject({
      id: clash?.conflict_id,
      resource_type: 'meter',
      resource_id: 'm-123',
      server_payload: { reading: 50, last_updated_by: 'sys' },
      client_payload: { reading: 42, device_ts: expect.stringMatching(/Z$/) },
      detected_at: expect.stringMatching(/Z$/),
      status: 'open',
    });
    const resolved = await admin.post(`${path}/resolve`, { resolution: 'accept_client' });
    expectAnswer('mobile', 'mobileResolveConflict', resolved);
    expect(resolved).toMatchObject({ status: 'resolved', resolution: 'accept_client', resolved_by: 'root' });
    expect(await meter('m-123')).toMatchObject({ reading: 42 });
    const learned = await pull(reader, { since_token: pulled.next_token });
    expect(learned.changes).toMatchObject([{ id: 'm-123', payload: { reading: 42 } }]);
    expect(learned.changes[0]?.server_version).toBeGreaterThan(clash?.server_version ?? 0);
    expect(learned.conflicts).toMatchObject([{ id: clash?.conflict_id, status: 'resolved' }]);
    expect(
      (
        await field.sql(
          `select count(*)::int as n from satchel.audit where key = 'm-123' and source = 'resolve'`,
        )
      )[0],
    ).toEqual({ n: 1 });
  });
});

describe('what the device had', () => {
  test('[DIA-14] client_version that is a version of the row is its base; else the token; else every differing field clashes', async () => {
    await field.sql(
      `insert into meters (id, district, code, reading) select 'v-' || n, 'd1', 'v-' || n, 1 from generate_series(1, 4) n`,
    );
    const phone = device();
    const { next_token: token, changes } = await pull(reader, { device_id: phone });
    const version = changes.find(({ id }) => id === 'v-1')!.server_version;
    await field.sql(`update meters set reading = 2, code = code || 'x' where id like 'v-%'`);
    const after = await pull(reader, { since_token: token });
    const newer = after.changes.find(({ id }) => id === 'v-2')!.server_version;
    const pushed = await push(
      reader,
      phone,
      [
        // Had version 1 of it: reading clashes.
        update('v-1', { reading: 9 }, version),
        // Had the present one, whatever the token says.
        update('v-2', { reading: 9 }, newer),
        // A counter of its own: the token says what it had, and of that only code is edited.
        update('v-3', { reading: 1, device_ts: '2025-12-22T11:00:00Z' }, 3),
        // The same as the server has: nothing clashes.
        update('v-4', { reading: 2 }, 3),
      ],
      token,
    );
    expect(pushed.results.map(({ status }) => status)).toEqual(['conflict', 'ok', 'ok', 'ok']);
    expect(await meter('v-3')).toMatchObject({ reading: 2 });
    const blind = await push(reader, device(), [
      update('v-3', { reading: 7 }, 1),
      update('v-4', { reading: 2 }, 1),
    ]);
    expect(blind.results.map(({ status }) => status)).toEqual(['conflict', 'ok']);
  });

  test('[DIA-12] the server_version of a push is a base, and edits of one batch stand on each other', async () => {
    const phone = device();
    const first = await push(reader, phone, [
      {
        client_temp_id: 'tmp-c',
        resource_type: 'meter',
        action: 'create',
        payload: { code: 'chain', reading: 1 },
        client_version: 1,
      },
      {
        client_temp_id: 'tmp-c',
        resource_type: 'meter',
        action: 'update',
        payload: { reading: 2 },
        client_version: 2,
      },
      { resource_type: 'meter', action: 'update', payload: { id: 'tmp-c', reading: 3 }, client_version: 3 },
    ]);
    expect(first.results.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
    const id = first.results[0]!.server_id!;
    expect(first.results.map(({ server_id }) => server_id)).toEqual([id, id, id]);
    const next = await push(reader, phone, [update(id, { reading: 4 }, first.results[2]!.server_version!)]);
    expect(next.results).toMatchObject([{ status: 'ok' }]);
    expect((await push(reader, phone, [update(id, { reading: 5 }, 5)])).results).toMatchObject([
      { status: 'ok' },
    ]);
    expect(await meter(id)).toMatchObject({ reading: 5 });
  });
});

describe('a batch', () => {
  test('[DIA-37] temporary ids resolve in later items; what belongs together is one mutation', async () => {
    const phone = device();
    const pushed = await push(reader, phone, [
      {
        client_temp_id: 'tmp-1',
        resource_type: 'submission',
        action: 'create',
        payload: { form_id: 'f-1', data: {} },
        client_version: 1,
      },
      {
        client_temp_id: 'tmp-2',
        resource_type: 'submission_note',
        action: 'create',
        payload: { submission_id: 'tmp-1', text: 'note' },
        client_version: 1,
      },
      {
        client_temp_id: 'tmp-3',
        resource_type: 'submission',
        action: 'create',
        payload: { form_id: 'f-1', data: {} },
        client_version: 1,
      },
      {
        client_temp_id: 'tmp-4',
        resource_type: 'submission_note',
        action: 'create',
        payload: { submission_id: 'tmp-3', text: 7 },
        client_version: 1,
      },
    ]);
    expect(pushed.results.map(({ status }) => status)).toEqual(['ok', 'ok', 'error', 'error']);
    const [submission, note, refused] = pushed.results;
    expect(
      await field.sql('select submission_id from submission_notes where id = $1', [note?.server_id]),
    ).toEqual([{ submission_id: submission?.server_id }]);
    expect(await field.sql('select 1 from submissions where id = $1', [refused?.server_id])).toEqual([]);
    // A later batch calls the row by its temporary name still.
    const later = await push(reader, phone, [
      {
        client_temp_id: 'tmp-1',
        resource_type: 'submission',
        action: 'update',
        payload: { status: 'checked' },
        client_version: 2,
      },
    ]);
    expect(later.results).toMatchObject([{ status: 'ok', server_id: submission?.server_id }]);
  });

  test('[DIA-30] S4-79 a whole batch again: same results, nothing doubled', async () => {
    const phone = device();
    const items = [
      {
        client_temp_id: 'tmp-1',
        resource_type: 'submission',
        action: 'create',
        payload: { form_id: 'f-1', data: { n: 1 } },
        client_version: 1,
      },
      {
        client_temp_id: 'tmp-9',
        resource_type: 'meter',
        action: 'create',
        payload: { code: 'again' },
        client_version: 1,
      },
    ];
    const first = await push(reader, phone, items);
    const counts = () =>
      field.sql('select (select count(*) from submissions) as s, (select count(*) from satchel.audit) as a');
    const before = await counts();
    const again = await push(reader, phone, items);
    const shuffled = await push(reader, phone, items.toReversed());
    expect(again.results).toEqual(first.results);
    expect(shuffled.results).toEqual(first.results.toReversed());
    expect(await counts()).toEqual(before);
    expect(again.batch_id).not.toBe(first.batch_id);
    const other = await push(reader, phone, [{ ...items[1], payload: { code: 'else' } }]);
    expect(other.results).toMatchObject([{ status: 'error', code: 'item_reused' }]);
  });

  test('[DIA-38] S4-77 S4-47 S4-78: 51 items are refused, a duplicate code is a conflict, the rest goes through', async () => {
    const phone = device();
    const many = Array.from({ length: 51 }, (_, n) => ({
      client_temp_id: `t-${n}`,
      resource_type: 'meter',
      action: 'create',
      payload: { code: `x-${n}` },
      client_version: 1,
    }));
    const refused = await reader.ask(PUSH, { body: { device_id: phone, items: many } });
    expect(refused.status).toBe(413);
    const { code, text } = expectError('mobile', refused.json);
    expect(code).toBe('batch_too_large');
    expect(text).toContain('50');
    await field.sql(`insert into meters (id, district, code) values ('dup', 'd1', 'taken')`);
    const pushed = await push(reader, phone, [
      {
        client_temp_id: 't-1',
        resource_type: 'meter',
        action: 'create',
        payload: { code: 'taken' },
        client_version: 1,
      },
      {
        client_temp_id: 't-2',
        resource_type: 'meter',
        action: 'create',
        payload: { code: 'free' },
        client_version: 1,
      },
    ]);
    expect(pushed.results.map(({ status }) => status)).toEqual(['conflict', 'ok']);
  });

  test('[DIA-55] S4-82 replay: for administrators, effects not doubled, a dry run leaves nothing', async () => {
    const phone = device();
    const pushed = await push(reader, phone, [
      {
        client_temp_id: 'tmp-r',
        resource_type: 'meter',
        action: 'create',
        payload: { code: 'replay' },
        client_version: 1,
      },
    ]);
    const path = `/api/v1/mobile/batches/${pushed.batch_id}/replay`;
    const before = await field.sql('select count(*) from satchel.audit');
    for (const body of [{ dry_run: true }, {}]) {
      const replayed = await admin.post<Pushed>(path, body);
      expectAnswer('mobile', 'mobileReplay', replayed);
      expect(replayed.results).toEqual(pushed.results);
    }
    expect(await field.sql('select count(*) from satchel.audit')).toEqual(before);
    const denied = await reader.ask(path, { body: {} });
    expect([denied.status, expectError('mobile', denied.json).code]).toEqual([403, 'not_administrator']);
    expect(
      (await field.sql('select body from satchel.dialect_batches where batch_id = $1', [pushed.batch_id]))[0]
        ?.body,
    ).toContain('tmp-r');
  });
});

describe('decisions', () => {
  const clash = async (id: string) => {
    await field.sql(`insert into meters (id, district, code, reading) values ($1, 'd1', $1, 40)`, [id]);
    const phone = device();
    const { next_token: token } = await pull(reader, { device_id: phone });
    await field.sql('update meters set reading = 50 where id = $1', [id]);
    const pushed = await push(reader, phone, [update(id, { reading: 42 }, 5)], token);
    return { phone, token, id: pushed.results[0]!.conflict_id! };
  };

  test.each([
    ['accept_server', undefined, 50],
    ['accept_client', undefined, 42],
    ['manual_merge', { reading: 46 }, 46],
  ])(
    '[DIA-50] S4-55 to 64: %s is applied, audited and told to the device',
    async (resolution, payload, reading) => {
      const { token, id } = await clash(`dec-${resolution}`);
      const path = `/api/v1/mobile/conflicts/${id}/resolve`;
      const denied = await reader.ask(path, { body: { resolution } });
      expect([denied.status, expectError('mobile', denied.json).code]).toEqual([403, 'not_administrator']);
      const resolved = await admin.post(path, { resolution, ...(payload === undefined ? {} : { payload }) });
      expectAnswer('mobile', 'mobileResolveConflict', resolved);
      expect(await meter(`dec-${resolution}`)).toMatchObject({ reading });
      const pulled = await pull(reader, { since_token: token });
      expect(pulled.changes.find((change) => change.id === `dec-${resolution}`)).toMatchObject({
        payload: { reading },
      });
      expect(pulled.conflicts).toMatchObject([{ id, status: 'resolved', resolved_by: 'root' }]);
      const again = await admin.ask(path, { body: { resolution } });
      expect([again.status, expectError('mobile', again.json).code]).toEqual([409, 'conflict_settled']);
    },
  );

  test('[DIA-56] accept_server after the device has pulled the row still reaches it', async () => {
    const { phone, id } = await clash('told');
    const { next_token: token } = await pull(reader, { device_id: phone });
    await admin.post(`/api/v1/mobile/conflicts/${id}/resolve`, { resolution: 'accept_server' });
    const pulled = await pull(reader, { since_token: token });
    expect(pulled.changes).toMatchObject([{ id: 'told', payload: { reading: 50 } }]);
    expect(pulled.conflicts).toMatchObject([{ id, resolution: 'accept_server' }]);
  });
});

describe('tokens', () => {
  test('[DIA-26] S4-08 a token that was changed, or is another device’s, is refused', async () => {
    const phone = device();
    const { next_token: token } = await pull(reader, { device_id: phone });
    const stranger = field.as(await field.token({ userId: 'eve', claims: { district: 'd2' } }));
    const cases: [Asking, string, unknown, number][] = [
      [reader, PULL, { since_token: token.replace('tok_', 'tok_A') }, 400],
      [reader, PULL, { since_token: `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}` }, 400],
      [reader, PULL, { since_token: token, device_id: device() }, 400],
      [reader, PUSH, { device_id: device(), client_sync_token: token, items: [] }, 400],
      [reader, '/api/v1/mobile/sync/ack', { ack_token: 'tok_20251203_124' }, 400],
      [stranger, PULL, { since_token: token }, 403],
      [stranger, '/api/v1/mobile/sync/ack', { ack_token: token }, 403],
    ];
    for (const [who, path, body, status] of cases) {
      const answer = await who.ask(path, { body });
      expect([path, answer.status]).toEqual([path, status]);
      expectError('mobile', answer.json);
    }
  });

  test('[DIA-27] what was not acknowledged comes again; pages go on to the end', async () => {
    await field.sql(
      `insert into meters (id, district, code) select 'page-' || n, 'd9', 'page-' || n from generate_series(1, 250) n`,
    );
    const far = field.as(await field.token({ userId: 'far', claims: { district: 'd9' } }));
    const ids: string[] = [];
    let token: string | undefined;
    for (;;) {
      const asked = { ...(token === undefined ? { device_id: 'far' } : { since_token: token }), limit: 100 };
      const page = await pull(far, asked);
      expect((await pull(far, asked)).changes).toEqual(page.changes);
      ids.push(...page.changes.filter(({ resource_type }) => resource_type === 'meter').map(({ id }) => id));
      token = page.next_token;
      if (!page.has_more) break;
    }
    expect([ids.length, new Set(ids).size]).toEqual([250, 250]);
    await field.sql(`delete from meters where id = 'page-3'`);
    expect((await pull(far, { since_token: token })).changes).toEqual([
      {
        id: 'page-3',
        resource_type: 'meter',
        action: 'delete',
        payload: null,
        server_version: expect.any(Number),
      },
    ]);
  });
});
