import { gzipSync } from 'node:zlib';
import { DIALECTS, type Dialect } from '@satchel/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formsApp, metersApp, reportsApp } from '../../test/dialects/apps.ts';
import { type Asking, type DialectFixture, openDialects } from '../../test/dialects/fixture.ts';
import { expectError } from '../../test/dialects/shape.ts';
import { type Ask, uuid } from '../../test/http-fixture.ts';
import { routesOf } from './mount.ts';

type Case = readonly [
  what: string,
  method: 'GET' | 'POST',
  path: string,
  body: unknown,
  status: number,
  code: string,
  /** Part of the text that a developer needs. */
  says: string,
];

const UPLOAD = '/api/v1/sync/upload';
const at = '2025-10-19T09:30:00Z';
const action = {
  client_id: 'x-1',
  action_type: 'create_report',
  entity_type: 'report',
  timestamp: at,
  data: { title: 'T' },
};
const record = { id: 'w-1', form_id: 'f', updated_at: at };
const item = {
  client_temp_id: 't-1',
  resource_type: 'meter',
  action: 'create',
  payload: { code: 'c' },
  client_version: 1,
};

const CASES: Readonly<Record<Dialect, readonly Case[]>> = {
  tables: [
    ['missing device', 'POST', '/api/v1/sync/pull', {}, 400, 'request_invalid', 'device_id'],
    ['missing device by query', 'GET', '/api/v1/sync/pull', undefined, 400, 'request_invalid', 'device_id'],
    ['empty device', 'POST', '/api/v1/sync/pull', { device_id: '' }, 400, 'request_invalid', 'device_id'],
    ['device with a NUL', 'POST', '/api/v1/sync/pull', { device_id: 'a\0' }, 400, 'request_invalid', 'NUL'],
    [
      'device too long',
      'POST',
      '/api/v1/sync/pull',
      { device_id: 'x'.repeat(129) },
      400,
      'request_invalid',
      '128',
    ],
    ['wrong type', 'POST', '/api/v1/sync/pull', { device_id: 7 }, 400, 'request_invalid', 'expected string'],
    [
      'no time',
      'POST',
      '/api/v1/sync/pull',
      { device_id: 'd', last_sync_timestamp: 'yesterday' },
      400,
      'request_invalid',
      'ISO 8601',
    ],
    [
      'impossible time',
      'POST',
      '/api/v1/sync/pull',
      { device_id: 'd', last_sync_timestamp: '2025-13-45T99:00:00Z' },
      400,
      'request_invalid',
      'ISO 8601',
    ],
    [
      'no list of tables',
      'POST',
      '/api/v1/sync/pull',
      { device_id: 'd', tables: 'forms' },
      400,
      'request_invalid',
      'tables',
    ],
    [
      'unknown table',
      'POST',
      '/api/v1/sync/pull',
      { device_id: 'd', tables: ['sails'] },
      400,
      'table_unknown',
      'sails',
    ],
    [
      'prototype as table',
      'POST',
      '/api/v1/sync/pull',
      { device_id: 'd', tables: ['__proto__'] },
      400,
      'table_unknown',
      '__proto__',
    ],
    [
      'forbidden table',
      'POST',
      '/api/v1/sync/pull',
      { device_id: 'd', tables: ['form_templates'] },
      403,
      'op_denied',
      'form_templates',
    ],
    [
      'forbidden table by query',
      'GET',
      '/api/v1/sync/pull?device_id=d&tables=form_templates',
      undefined,
      403,
      'op_denied',
      'form_templates',
    ],
    [
      'unknown parameter',
      'GET',
      '/api/v1/sync/pull?device_id=d&colour=red',
      undefined,
      400,
      'request_invalid',
      'query',
    ],
    [
      'another user’s device',
      'POST',
      '/api/v1/sync/pull',
      { device_id: 'taken' },
      403,
      'client_of_other_user',
      'client',
    ],
    [
      'another user’s device by query',
      'GET',
      '/api/v1/sync/pull?device_id=taken',
      undefined,
      403,
      'client_of_other_user',
      'client',
    ],
    ['not a GET', 'POST', '/api/v1/sync/status', {}, 405, 'method_not_allowed', 'POST'],
    ['missing changes', 'POST', '/api/v1/sync/push', { device_id: 'd' }, 400, 'request_invalid', 'changes'],
    [
      'changes that are a list',
      'POST',
      '/api/v1/sync/push',
      { device_id: 'd', changes: [1] },
      400,
      'request_invalid',
      'changes',
    ],
    [
      'rows that are no list',
      'POST',
      '/api/v1/sync/push',
      { device_id: 'd', changes: { submissions: record } },
      400,
      'request_invalid',
      'changes.submissions',
    ],
    [
      'a row that is no object',
      'POST',
      '/api/v1/sync/push',
      { device_id: 'd', changes: { submissions: ['x'] } },
      400,
      'request_invalid',
      'changes.submissions.0',
    ],
    [
      'a row without id',
      'POST',
      '/api/v1/sync/push',
      { device_id: 'd', changes: { submissions: [{ updated_at: at }] } },
      400,
      'request_invalid',
      'changes.submissions.0.id',
    ],
    [
      'an id that is none',
      'POST',
      '/api/v1/sync/push',
      { device_id: 'd', changes: { submissions: [{ ...record, id: { a: 1 } }] } },
      400,
      'request_invalid',
      'changes.submissions.0.id',
    ],
    [
      'a row without updated_at',
      'POST',
      '/api/v1/sync/push',
      { device_id: 'd', changes: { submissions: [{ id: 'a' }] } },
      400,
      'request_invalid',
      'updated_at',
    ],
    [
      'a mark that is none',
      'POST',
      '/api/v1/sync/push',
      { device_id: 'd', changes: { submissions: [{ ...record, is_deleted: 'yes' }] } },
      400,
      'request_invalid',
      'is_deleted',
    ],
    [
      'a row twice',
      'POST',
      '/api/v1/sync/push',
      { device_id: 'd', changes: { submissions: [record, record] } },
      400,
      'request_invalid',
      'twice',
    ],
    [
      'too many rows',
      'POST',
      '/api/v1/sync/push',
      {
        device_id: 'd',
        changes: { submissions: Array.from({ length: 1_001 }, (_, n) => ({ ...record, id: `${n}` })) },
      },
      413,
      'batch_too_large',
      '1000',
    ],
    [
      'unknown table to write',
      'POST',
      '/api/v1/sync/push',
      { device_id: 'd', changes: { sails: [record] } },
      400,
      'table_unknown',
      'sails',
    ],
    [
      'forbidden table to write',
      'POST',
      '/api/v1/sync/push',
      { device_id: 'd', changes: { forms: [{ ...record, title: 'x' }] } },
      403,
      'op_denied',
      'forms',
    ],
    [
      'another user’s device to write',
      'POST',
      '/api/v1/sync/push',
      { device_id: 'taken', changes: { submissions: [record] } },
      403,
      'client_of_other_user',
      'client',
    ],
    [
      'a push without a time',
      'POST',
      '/api/v1/sync/push',
      { device_id: 'd', timestamp: {}, changes: {} },
      400,
      'request_invalid',
      'timestamp',
    ],
  ],
  actions: [
    ['missing device', 'POST', UPLOAD, { actions: [] }, 400, 'request_invalid', 'device_id'],
    ['missing actions', 'POST', UPLOAD, { device_id: 'd' }, 400, 'request_invalid', 'actions'],
    [
      'the document’s own queue row',
      'POST',
      UPLOAD,
      {
        device_id: 'd',
        actions: [{ action_type: 'create_report', entity_type: 'report', entity_id: 'u', payload: '{}' }],
      },
      400,
      'request_invalid',
      'actions.0.client_id',
    ],
    [
      'missing data',
      'POST',
      UPLOAD,
      { device_id: 'd', actions: [{ ...action, data: undefined }] },
      400,
      'request_invalid',
      'actions.0.data',
    ],
    [
      'data that is a text',
      'POST',
      UPLOAD,
      { device_id: 'd', actions: [{ ...action, data: '{}' }] },
      400,
      'request_invalid',
      'actions.0.data',
    ],
    [
      'missing time',
      'POST',
      UPLOAD,
      { device_id: 'd', actions: [{ ...action, timestamp: undefined }] },
      400,
      'request_invalid',
      'actions.0.timestamp',
    ],
    [
      'no time',
      'POST',
      UPLOAD,
      { device_id: 'd', actions: [{ ...action, timestamp: 'soon' }] },
      400,
      'request_invalid',
      'actions.0.timestamp',
    ],
    [
      'a client_id twice',
      'POST',
      UPLOAD,
      { device_id: 'd', actions: [action, { ...action, data: { title: 'U' } }] },
      400,
      'request_invalid',
      'actions.1.client_id',
    ],
    [
      'too many',
      'POST',
      UPLOAD,
      {
        device_id: 'd',
        actions: Array.from({ length: 1_001 }, (_, n) => ({ ...action, client_id: `${n}` })),
      },
      413,
      'batch_too_large',
      '1000',
    ],
    [
      'another user’s device',
      'POST',
      UPLOAD,
      { device_id: 'taken', actions: [action] },
      403,
      'client_of_other_user',
      'client',
    ],
    [
      'bad last_sync_timestamp',
      'POST',
      UPLOAD,
      { device_id: 'd', last_sync_timestamp: true, actions: [] },
      400,
      'request_invalid',
      'last_sync_timestamp',
    ],
    [
      'download without device',
      'GET',
      '/api/v1/sync/download',
      undefined,
      400,
      'request_invalid',
      'device_id',
    ],
    [
      'download since nothing',
      'GET',
      '/api/v1/sync/download?device_id=d&since=never',
      undefined,
      400,
      'request_invalid',
      'since',
    ],
    [
      'download with a bad limit',
      'GET',
      '/api/v1/sync/download?device_id=d&limit=0',
      undefined,
      400,
      'request_invalid',
      'limit',
    ],
    [
      'download twice the device',
      'GET',
      '/api/v1/sync/download?device_id=d&device_id=e',
      undefined,
      400,
      'request_invalid',
      'more than once',
    ],
    [
      'download of another user’s device',
      'GET',
      '/api/v1/sync/download?device_id=taken',
      undefined,
      403,
      'client_of_other_user',
      'client',
    ],
    ['status without device', 'GET', '/api/v1/sync/status', undefined, 400, 'request_invalid', 'device_id'],
    [
      'status of another user’s device',
      'GET',
      '/api/v1/sync/status?device_id=taken',
      undefined,
      403,
      'client_of_other_user',
      'client',
    ],
    [
      'conflicts of another user’s device',
      'GET',
      '/api/v1/sync/conflicts?device_id=taken',
      undefined,
      403,
      'client_of_other_user',
      'client',
    ],
    [
      'conflicts after nothing',
      'GET',
      '/api/v1/sync/conflicts?after=x',
      undefined,
      400,
      'request_invalid',
      'after',
    ],
    [
      'resolve without id',
      'POST',
      '/api/v1/sync/resolve-conflict',
      { resolution: 'server_wins' },
      400,
      'request_invalid',
      'conflict_id',
    ],
    [
      'resolve an id that is none',
      'POST',
      '/api/v1/sync/resolve-conflict',
      { conflict_id: '17', resolution: 'server_wins' },
      400,
      'request_invalid',
      'conflict_id',
    ],
    [
      'resolve what is not there',
      'POST',
      '/api/v1/sync/resolve-conflict',
      { conflict_id: uuid(9), resolution: 'server_wins' },
      404,
      'conflict_unknown',
      'conflict',
    ],
  ],
  mobile: [
    [
      'missing device',
      'POST',
      '/api/v1/mobile/sync/push',
      { items: [] },
      400,
      'request_invalid',
      'device_id',
    ],
    [
      'missing items',
      'POST',
      '/api/v1/mobile/sync/push',
      { device_id: 'd' },
      400,
      'request_invalid',
      'items',
    ],
    [
      'missing client_version',
      'POST',
      '/api/v1/mobile/sync/push',
      { device_id: 'd', items: [{ ...item, client_version: undefined }] },
      400,
      'request_invalid',
      'items.0.client_version',
    ],
    [
      'client_version as text',
      'POST',
      '/api/v1/mobile/sync/push',
      { device_id: 'd', items: [{ ...item, client_version: '1' }] },
      400,
      'request_invalid',
      'items.0.client_version',
    ],
    [
      'unknown action',
      'POST',
      '/api/v1/mobile/sync/push',
      { device_id: 'd', items: [{ ...item, action: 'upsert' }] },
      400,
      'request_invalid',
      'create, update, delete',
    ],
    [
      'payload that is a list',
      'POST',
      '/api/v1/mobile/sync/push',
      { device_id: 'd', items: [{ ...item, payload: [] }] },
      400,
      'request_invalid',
      'items.0.payload',
    ],
    [
      'an item twice',
      'POST',
      '/api/v1/mobile/sync/push',
      { device_id: 'd', items: [item, item] },
      400,
      'request_invalid',
      'items.1',
    ],
    [
      'too many',
      'POST',
      '/api/v1/mobile/sync/push',
      { device_id: 'd', items: Array.from({ length: 51 }, (_, n) => ({ ...item, client_temp_id: `${n}` })) },
      413,
      'batch_too_large',
      '50',
    ],
    [
      'foreign token',
      'POST',
      '/api/v1/mobile/sync/push',
      { device_id: 'd', client_sync_token: 'tok_20251203_123', items: [item] },
      400,
      'cursor_invalid',
      'cursor',
    ],
    [
      'another user’s device',
      'POST',
      '/api/v1/mobile/sync/push',
      { device_id: 'taken', items: [item] },
      403,
      'client_of_other_user',
      'client',
    ],
    [
      'pull by a foreign token',
      'POST',
      '/api/v1/mobile/sync/pull',
      { since_token: 'tok_20251203_123' },
      400,
      'cursor_invalid',
      'cursor',
    ],
    [
      'pull by a token that is a number',
      'POST',
      '/api/v1/mobile/sync/pull',
      { since_token: 7 },
      400,
      'request_invalid',
      'since_token',
    ],
    [
      'pull with a bad limit',
      'POST',
      '/api/v1/mobile/sync/pull',
      { limit: 0 },
      400,
      'request_invalid',
      'limit',
    ],
    [
      'pull of another user’s device',
      'POST',
      '/api/v1/mobile/sync/pull',
      { device_id: 'taken' },
      403,
      'client_of_other_user',
      'client',
    ],
    ['ack without token', 'POST', '/api/v1/mobile/sync/ack', {}, 400, 'request_invalid', 'ack_token'],
    [
      'ack of a foreign token',
      'POST',
      '/api/v1/mobile/sync/ack',
      { ack_token: 'tok_x' },
      400,
      'cursor_invalid',
      'cursor',
    ],
    [
      'a conflict that is none',
      'GET',
      '/api/v1/mobile/conflicts/conf-abc-1',
      undefined,
      400,
      'request_invalid',
      'path.id',
    ],
    [
      'a conflict that is not there',
      'GET',
      `/api/v1/mobile/conflicts/${uuid(9)}`,
      undefined,
      404,
      'conflict_unknown',
      'conflict',
    ],
    [
      'resolve without a word',
      'POST',
      `/api/v1/mobile/conflicts/${uuid(9)}/resolve`,
      {},
      400,
      'request_invalid',
      'resolution',
    ],
    [
      'resolve what is not there',
      'POST',
      `/api/v1/mobile/conflicts/${uuid(9)}/resolve`,
      { resolution: 'accept_client' },
      404,
      'conflict_unknown',
      'conflict',
    ],
    [
      'replay by a device',
      'POST',
      `/api/v1/mobile/batches/${uuid(9)}/replay`,
      {},
      403,
      'not_administrator',
      'administrator',
    ],
  ],
};

const APPS = { tables: formsApp, actions: reportsApp, mobile: metersApp } as const;
const TABLES = {
  tables: ['forms', 'form_templates', 'submissions', 'submission_answers', 'team', 'kpi_data'],
  actions: ['reports', 'profiles', 'tasks'],
  mobile: ['meters', 'forms', 'submissions', 'submission_notes'],
} as const;

describe.each(DIALECTS)('%s', (dialect) => {
  let field: DialectFixture;
  let ana: Asking;

  beforeAll(async () => {
    field = await openDialects(APPS[dialect]());
    const claims = { storeId: 's1', district: 'd1' };
    ana = field.as(await field.token({ userId: 'ana', roles: ['citizen'], claims }));
    // Somebody else's device.
    const bob = field.as(await field.token({ userId: 'bob', claims }));
    const taken = {
      tables: () => bob.post('/api/v1/sync/pull', { device_id: 'taken' }),
      actions: () => bob.get('/api/v1/sync/download?device_id=taken'),
      mobile: () => bob.post('/api/v1/mobile/sync/pull', { device_id: 'taken' }),
    };
    await taken[dialect]();
  });
  afterAll(() => field.close());

  /** Everything that a request could have changed. */
  const state = async (): Promise<unknown> => {
    const counted = [
      ...TABLES[dialect].map((name) => `public.${name}`),
      ...['batches', 'mutations', 'conflicts', 'audit', 'entries', 'dialect_items', 'dialect_batches'].map(
        (name) => `satchel.${name}`,
      ),
    ];
    return await field.sql(
      `select ${counted.map((name, n) => `(select count(*) from ${name}) as c${n}`).join(', ')}`,
    );
  };
  const refused = async (path: string, options: Ask, status: number, code: string, who = ana) => {
    const answer = await who.ask(path, options);
    expect([path, answer.status, answer.text.slice(0, 300)]).toEqual([path, status, expect.anything()]);
    const told = expectError(dialect, answer.json);
    expect([path, told.code]).toEqual([path, code]);
    return told.text;
  };

  test.each(CASES[dialect])('[DIA-60] %s: %s %s', async (_what, method, path, body, status, code, says) => {
    const before = await state();
    const text = await refused(path, { method, ...(body === undefined ? {} : { body }) }, status, code);
    expect(text).toContain(says);
    expect(await state()).toEqual(before);
  });

  test('[DIA-61] tokens, methods, media types and bodies on every route, in the dialect’s shape', async () => {
    const before = await state();
    const expired = await field.token({ userId: 'ana', lifetime: -60 });
    const nobody = field.as('wrong');
    for (const { path: route, method, body } of routesOf(dialect)) {
      const path = route.replace('{id}', uuid(7));
      await refused(path, { method }, 401, 'auth_invalid', nobody);
      await refused(path, { method }, 401, 'auth_expired', field.as(expired));
      await refused(path, { method, headers: { authorization: 'Basic x' } }, 401, 'auth_missing');
      await refused(path, { method: 'DELETE' }, 405, 'method_not_allowed');
      if (body === undefined) continue;
      const bytes = Buffer.from('{}');
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonl'])
        await refused(path, { method, bytes, headers: { 'content-type': type } }, 415, 'media_type');
      await refused(path, { method, bytes: Buffer.from('{"cut": "of') }, 400, 'body_not_json');
      await refused(path, { method, bytes: Buffer.from([0xc3, 0x28]) }, 400, 'body_not_json');
      for (const junk of [[], 7, 'text', null]) {
        const answer = await ana.ask(path, { method, body: junk });
        expect([path, answer.status < 500, answer.status >= 400]).toEqual([path, true, true]);
        expectError(dialect, answer.json);
      }
      await refused(
        path,
        { method, bytes: gzipSync(Buffer.alloc(17_000_000, 0x20)), headers: { 'content-encoding': 'gzip' } },
        413,
        'body_too_large',
      );
    }
    expect(await state()).toEqual(before);
  });

  test('[DIA-62] a revoked device is refused on every route that names it', async () => {
    const paths: Record<Dialect, readonly [string, unknown?][]> = {
      tables: [
        ['/api/v1/sync/pull', { device_id: 'lost' }],
        ['/api/v1/sync/pull?device_id=lost'],
        ['/api/v1/sync/push', { device_id: 'lost', changes: { submissions: [record] } }],
      ],
      actions: [
        [UPLOAD, { device_id: 'lost', actions: [action] }],
        ['/api/v1/sync/download?device_id=lost'],
        ['/api/v1/sync/status?device_id=lost'],
      ],
      mobile: [
        ['/api/v1/mobile/sync/pull', { device_id: 'lost' }],
        ['/api/v1/mobile/sync/push', { device_id: 'lost', items: [item] }],
      ],
    };
    const [first] = paths[dialect];
    await ana.ask(first![0], first![1] === undefined ? {} : { body: first![1] });
    if (dialect === 'actions') await ana.get('/api/v1/sync/download?device_id=lost');
    await field.sql(`update satchel.clients set revoked = 'lock' where device_name = 'lost'`);
    const before = await state();
    for (const [path, body] of paths[dialect])
      await refused(path, body === undefined ? {} : { body }, 401, 'client_revoked');
    expect(await state()).toEqual(before);
  });
});
