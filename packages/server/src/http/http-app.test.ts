import { SatchelError } from '@satchel/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpFixture, pullBody, pushBody, startHttp, uuid } from '../../test/http-fixture.ts';
import { ROUTES } from './routes.ts';

const REVOKED = uuid(666);
let http: HttpFixture;
const seen: unknown[] = [];
const PG_ERROR = Object.assign(new Error('duplicate key value: Key (name)=(Wheat) exists'), {
  code: '23505',
  constraint: 'products_name_key',
});

beforeAll(async () => {
  http = await startHttp({
    revokedAs: async (clientId) => (clientId === REVOKED ? 'wipe' : null),
    status: async () => {
      throw PG_ERROR;
    },
    ack: async () => {
      throw new SatchelError('database_unavailable');
    },
    listConflicts: async (_principal, filter) => {
      seen.push(filter);
      return { conflicts: [] };
    },
    listClients: async () => ({ clients: [] }),
    rowHistory: async (_principal, table, key) => ({ table, key, entries: [] }),
    undoConflict: async (_principal, conflictId) => {
      throw new SatchelError('conflict_unknown', { conflictId });
    },
    showConflict: async () => {
      throw new SatchelError('sql_failed', { detail: 'a code that never answers a request' });
    },
  });
});
afterAll(() => http.close());

describe('form of requests', () => {
  it('[HTTP-07] a fault in the body is request_invalid with its path and without its value', async () => {
    const push = pushBody();
    const cases: [unknown, string][] = [
      [[], ''],
      [null, ''],
      [{ ...push, batchId: 'Wheat' }, 'batchId'],
      [{ ...push, extra: 'Wheat' }, ''],
      [{ ...push, mutations: [] }, 'mutations'],
      [{ ...push, mutations: [{ ...push.mutations[0], seq: 'Wheat' }] }, 'mutations.0.seq'],
      [
        {
          ...push,
          mutations: [{ ...push.mutations[0], changes: [{ table: 'a', op: 'upsert', key: 'Wheat' }] }],
        },
        'mutations.0.changes.0.op',
      ],
      [
        {
          ...push,
          mutations: [
            { ...push.mutations[0], changes: [{ table: 'a', op: 'insert', key: 'x', values: ['Wheat'] }] },
          ],
        },
        'mutations.0.changes.0.values',
      ],
    ];
    for (const [body, path] of cases) {
      const answer = await http.ask('/v1/push', { body });
      expect([answer.status, answer.code, answer.params.path]).toEqual([400, 'request_invalid', path]);
      expect(answer.text).not.toContain('Wheat');
    }
  });

  it('[HTTP-07] every route with a body refuses an unknown field and a body of another form', async () => {
    const token = await http.token({ roles: ['admin'] });
    for (const route of ROUTES.filter(({ body }) => body !== undefined)) {
      const path = route.path.replace('{id}', uuid(1));
      for (const body of [{ unheardOf: 1 }, 7, 'text', [1]]) {
        const answer = await http.ask(path, { body, token });
        expect([route.path, answer.status, answer.code]).toEqual([route.path, 400, 'request_invalid']);
      }
    }
  });

  it('[HTTP-07] path and query are checked: form, unknown names, repeats', async () => {
    for (const [path, at] of [
      ['/v1/conflicts?limit=0', 'query.limit'],
      ['/v1/conflicts?limit=501', 'query.limit'],
      ['/v1/conflicts?state=lost', 'query.state'],
      ['/v1/conflicts?clientId=me', 'query.clientId'],
      ['/v1/conflicts?limit=1&limit=2', 'query.limit'],
      ['/v1/conflicts?colour=red', 'query'],
      ['/v1/conflicts/17', 'path.id'],
      ['/v1/history/products/a%00b', 'path.key'],
      [`/v1/history/${'t'.repeat(64)}/k`, 'path.table'],
    ] as const) {
      const answer = await http.ask(path);
      expect([path, answer.status, answer.code, answer.params.path]).toEqual([
        path,
        400,
        'request_invalid',
        at,
      ]);
    }
    expect((await http.ask('/v1/conflicts?state=open&table=products&limit=7')).status).toBe(200);
    expect(seen).toEqual([{ state: 'open', table: 'products', limit: 7 }]);
  });

  it('[HTTP-07] keys with slashes, percent signs and brackets arrive as they are', async () => {
    for (const key of ['a/b', '100%', '%41', '["JFK","LAX"]', 'ä ö', 'a+b']) {
      const answer = await http.ask(`/v1/history/products/${encodeURIComponent(key)}`);
      expect(answer.json).toMatchObject({ table: 'products', key });
    }
  });

  it('[HTTP-21] text that PostgreSQL cannot hold is refused at the door, outside of a push’s data', async () => {
    for (const bad of ['a\0b', '\ud800']) {
      const pull = await http.ask('/v1/pull', { body: { ...pullBody(), client: { deviceName: bad } } });
      expect([pull.status, pull.code, pull.params.path]).toEqual([
        400,
        'request_invalid',
        'client.deviceName',
      ]);
      const push = await http.ask('/v1/push', { body: { ...pushBody(), client: { deviceName: bad } } });
      expect([push.status, push.code]).toEqual([400, 'request_invalid']);
    }
  });

  it('[HTTP-08] older and newer protocols are told so, whatever else they send', async () => {
    for (const path of ['/v1/push', '/v1/pull']) {
      const old = await http.ask(path, { body: { protocolVersion: 0, odd: true } });
      expect([old.status, old.code, old.params.floor]).toEqual([426, 'protocol_too_old', 1]);
      const newer = await http.ask(path, { body: { protocolVersion: 99, shape: 'unknown' } });
      expect([newer.status, newer.code]).toEqual([409, 'protocol_too_new']);
      const odd = await http.ask(path, { body: { ...pullBody(), protocolVersion: '1' } });
      expect(odd.code).toBe('request_invalid');
    }
  });
});

describe('rights', () => {
  it('[HTTP-04] a revoked client is refused on every route that knows the client', async () => {
    const token = await http.token({ roles: ['admin'] });
    for (const route of ROUTES) {
      const path = route.path.replace('{id}', uuid(1)).replace('{table}', 'products').replace('{key}', 'k');
      const inQuery = Object.hasOwn(route.query, 'clientId');
      const bodies: Record<string, unknown> = {
        PushRequest: { ...pushBody(), clientId: REVOKED },
        PullRequest: { ...pullBody(), clientId: REVOKED },
        AckRequest: { clientId: REVOKED, settled: [] },
        DigestRequest: { clientId: REVOKED, cursor: 'c', depth: 'quick' },
        VersionsRequest: { clientId: REVOKED, scope: 's', table: 't', depth: 'quick' },
        RowsRequest: { clientId: REVOKED, scope: 's', table: 't', keys: [] },
        ResolveRequest: { decision: 'accept-server' },
        ResolveManyRequest: { conflictIds: [uuid(1)], decision: 'accept-server' },
      };
      const body = route.body === undefined ? undefined : (bodies[route.body] ?? {});
      const answer = await http.ask(inQuery ? `${path}?clientId=${REVOKED}` : path, {
        token,
        method: route.method,
        ...(body === undefined ? {} : { body }),
      });
      expect([route.path, answer.status, answer.code, answer.params]).toEqual([
        route.path,
        401,
        'client_revoked',
        { clientId: REVOKED, action: 'wipe' },
      ]);
    }
  });

  it('[HTTP-05] routes for administrators ask for one of the app’s roles, and every route for a token', async () => {
    for (const route of ROUTES) {
      const path = route.path.replace('{id}', uuid(1)).replace('{table}', 'products').replace('{key}', 'k');
      const anonymous = await http.ask(path, { method: route.method, token: null });
      expect([route.path, anonymous.status, anonymous.code]).toEqual([route.path, 401, 'auth_missing']);
      if (route.access !== 'administrator') continue;
      const clerk = await http.ask(path, {
        method: route.method,
        token: await http.token({ roles: ['clerk'] }),
      });
      expect([route.path, clerk.status, clerk.code]).toEqual([route.path, 403, 'not_administrator']);
    }
    expect((await http.ask('/v1/clients', { token: await http.token({ roles: ['admin'] }) })).status).toBe(
      200,
    );
  });
});

describe('errors', () => {
  it('[HTTP-10] every error has code, params, request id, and the status of the catalogue', async () => {
    const answer = await http.ask(`/v1/conflicts/${uuid(5)}/undo`, { method: 'POST' });
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({
      error: {
        code: 'conflict_unknown',
        params: { conflictId: uuid(5) },
        requestId: answer.headers['x-request-id'],
      },
    });
    expect(answer.headers['content-type']).toBe('application/json');
  });

  it('[HTTP-10] what nobody expected is server_error: a number for support, and nothing of what it said', async () => {
    for (const path of ['/v1/status', `/v1/conflicts/${uuid(5)}`]) {
      const answer = await http.ask(path);
      expect([answer.status, answer.code]).toEqual([500, 'server_error']);
      expect(answer.params).toEqual({ requestId: answer.headers['x-request-id'] });
      expect(answer.text).not.toContain('Wheat');
    }
    const line = http.log.map((text) => JSON.parse(text)).find((fields) => fields.error?.code === '23505');
    expect(line).toMatchObject({
      level: 'error',
      route: '/v1/status',
      error: { constraint: 'products_name_key' },
    });
    expect(line.error.stack.length).toBeGreaterThan(0);
  });

  it('[HTTP-10] 503 and 429 say when to come again', async () => {
    const answer = await http.ask('/v1/ack', { body: { clientId: uuid(2), settled: [] } });
    expect([answer.status, answer.code]).toEqual([503, 'database_unavailable']);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('[HTTP-10] unknown addresses are not_found, known ones with another method method_not_allowed', async () => {
    for (const path of [
      '/',
      '/v2/push',
      '/v1',
      '/v1/push/',
      '/v1/conflicts/a/b/c',
      '/docs/../package.json',
      '/docs/package.json',
      '/%E0%A4%A',
      '/.env',
    ]) {
      const answer = await http.ask(path);
      expect([path, answer.status, answer.code]).toEqual([path, 404, 'not_found']);
    }
    const wrong = await http.ask('/v1/push');
    expect([wrong.status, wrong.code, wrong.headers.allow]).toEqual([405, 'method_not_allowed', 'POST']);
    const put = await http.ask('/v1/conflicts', { method: 'PUT', body: {} });
    expect([put.status, put.headers.allow]).toEqual([405, 'GET']);
  });
});

describe('headers', () => {
  it('[HTTP-15] every answer has its request id and the security headers; a harmless id of the caller is kept', async () => {
    for (const path of ['/v1/conflicts', '/nothing', '/healthz', '/openapi.json']) {
      const answer = await http.ask(path, { headers: { 'x-request-id': 'phone-0001' } });
      expect(answer.headers).toMatchObject({
        'x-request-id': 'phone-0001',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
      });
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    }
    const odd = await http.ask('/healthz', { headers: { 'x-request-id': 'a b"c' } });
    expect(odd.headers['x-request-id']).toMatch(/^[0-9a-f]{16}$/);
  });
});
