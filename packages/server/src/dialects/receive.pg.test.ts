import { SatchelError } from '@satchel/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formsApp } from '../../test/dialects/apps.ts';
import { type Asking, type DialectFixture, openDialects } from '../../test/dialects/fixture.ts';
import { serverOperations } from '../http/server-operations.ts';
import { clientIdOf, itemIdOf, keyFromName, runIdOf } from './derived-ids.ts';
import { deviceNamed } from './device.ts';
import { receiveItems } from './receive.ts';

let field: DialectFixture;
let ana: Asking;

beforeAll(async () => {
  field = await openDialects(formsApp({ dialects: ['tables', 'actions', 'mobile'] }));
  ana = field.as(await field.token({ userId: 'ana', claims: { storeId: 's1' } }));
  await field.sql(`insert into forms (id, title) values ('f', 'Form')`);
});
afterAll(() => field.close());

test('[DIA-30] derived ids are UUIDs of version 5, the same for ever, and never those of others', () => {
  const clientId = clientIdOf('store-iphone-001');
  expect(clientId).toBe('d9e0a94c-0aae-5114-a0a9-88247f4034ff');
  const ids = [
    clientId,
    clientIdOf('store-iphone-002'),
    runIdOf(clientId),
    itemIdOf(clientId, 'a', '1'),
    itemIdOf(clientId, 'a', '11'),
    itemIdOf(clientId, 'a1', '1'),
    keyFromName(clientId, 'a', '1'),
  ];
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(ids.length);
});

test('[DIA-64] what was stored and not tried, because the server failed there, is taken in by the repeat', async () => {
  const { ctx } = field.server;
  const operations = serverOperations(ctx);
  const table = ctx.app.tables.submissions!;
  const principal = {
    id: 'i|ana',
    userId: 'ana',
    roles: [],
    channel: 'mobile',
    claims: { storeId: 's1' },
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
  const item = (id: string) => ({
    place: 0,
    path: 'items.0',
    name: id,
    version: '1',
    content: { id },
    table,
    op: 'create' as const,
    key: id,
    values: { formId: 'f', visits: 1 },
    stamp: undefined,
    baseVersion: undefined,
  });
  const receiving = (...ids: string[]) => ({
    dialect: 'mobile' as const,
    principal,
    device: deviceNamed('failing'),
    items: ids.map(item),
    raw: '{}',
    positionOf: () => null,
    requestId: 'r',
    address: 'a',
  });
  const failing = { ...operations, push: () => Promise.reject(new SatchelError('server_busy')) };
  await expect(receiveItems({ ctx, operations: failing }, receiving('lost-1', 'lost-2'))).rejects.toThrow();
  expect(await field.sql(`select count(*)::int as n from submissions where id like 'lost-%'`)).toEqual([
    { n: 0 },
  ]);
  const { results } = await receiveItems({ ctx, operations }, receiving('lost-2', 'lost-3', 'lost-1'));
  expect(results.map((one) => one.kind === 'outcome' && [one.item.key, one.outcome.outcome])).toEqual([
    ['lost-2', 'applied'],
    ['lost-3', 'applied'],
    ['lost-1', 'applied'],
  ]);
  expect(await field.sql(`select sum(visits)::int as n from submissions where id like 'lost-%'`)).toEqual([
    { n: 3 },
  ]);
});

describe('hard values', () => {
  const hard: readonly (readonly [string, unknown])[] = [
    ['note', 'a\0b'],
    ['note', '\ud800'],
    ['note', 7],
    ['note', 'x'.repeat(1_100_000)],
    ['visits', 1.5],
    ['visits', 2 ** 53],
    ['visits', 'many'],
    ['visits', null],
    ['form_id', 'nothing'],
    ['form_id', null],
    ['form_id', { a: 1 }],
    ['__proto__', { polluted: true }],
    ['constructor', 1],
    ['store_id', 's2'],
    ['colour', 'red'],
    ['co\0lour', 'red'],
  ];
  const row = (name: string, value: unknown) =>
    JSON.parse(`{"form_id":"f",${JSON.stringify(name)}:${JSON.stringify(value)}}`) as Record<string, unknown>;
  const count = async () => (await field.sql('select count(*)::int as n from submissions'))[0]?.n;

  test.each(hard)(
    '[DIA-63] %s: %j is told of its item, in every dialect, and nothing is written',
    async (name, value) => {
      const before = await count();
      const at = new Date().toISOString();
      const id = `hard-${String(Math.abs(JSON.stringify([name, value]).length))}-${name.length}`;
      const fields = row(name, value);
      const tables = await ana.post<{ errors: { error: string }[]; applied: { submissions: unknown[] } }>(
        '/api/v1/sync/push',
        { device_id: 'hard', changes: { submissions: [{ id, updated_at: at, ...fields }] } },
      );
      expect([tables.applied.submissions, tables.errors.length]).toEqual([[], 1]);
      const actions = await ana.post<{ results: { status: string; message: string }[] }>(
        '/api/v1/sync/upload',
        {
          device_id: 'hard',
          actions: [
            {
              client_id: `${id}-a`,
              action_type: 'create_submission',
              entity_type: 'submission',
              timestamp: at,
              data: fields,
            },
          ],
        },
      );
      const mobile = await ana.post<{ results: { status: string; error: string }[] }>(
        '/api/v1/mobile/sync/push',
        {
          device_id: 'hard',
          items: [
            {
              client_temp_id: `${id}-m`,
              resource_type: 'submission',
              action: 'create',
              payload: fields,
              client_version: 1,
            },
          ],
        },
      );
      expect(['error', 'pending']).toContain(actions.results[0]?.status);
      expect(mobile.results[0]?.status).toBe('error');
      for (const text of [tables.errors[0]?.error, actions.results[0]?.message, mobile.results[0]?.error])
        expect(text?.length).toBeGreaterThan(25);
      expect(await count()).toBe(before);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );

  test.each(['a\0', '\ud800', 'x'.repeat(2_000)])(
    '[DIA-63] an id that is none is told of its item',
    async (id) => {
      const at = new Date().toISOString();
      const pushed = await ana.post<{ errors: unknown[] }>('/api/v1/sync/push', {
        device_id: 'hard',
        changes: { submissions: [{ id, form_id: 'f', updated_at: at }] },
      });
      expect(pushed.errors).toHaveLength(1);
      const mobile = await ana.post<{ results: { status: string }[] }>('/api/v1/mobile/sync/push', {
        device_id: 'hard',
        items: [
          { resource_type: 'submission', action: 'update', payload: { id, note: 'x' }, client_version: 1 },
        ],
      });
      expect(mobile.results).toMatchObject([{ status: 'error' }]);
    },
  );
});
