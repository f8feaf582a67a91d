import { type LivePushSession, type PushRequest, packPush, pushRequestSchema } from '@satchel/protocol';
import { defineApp, id, integer, table, text } from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../src/http/log.ts';
import { developmentIssuer } from '../src/operate/development-issuer.ts';
import { createServer, type SatchelServer } from '../src/server.ts';
import { systemClock, systemRandom } from '../src/system.ts';
import { WireClient } from './wire-client.ts';

const app = defineApp({
  name: 'live-push',
  tables: {
    tasks: table({ id: id(), storeId: text(), title: text(), done: integer() }, { scope: 'store:{storeId}' }),
  },
  scopesOf: ({ claims }) => [`store:${String(claims.storeId)}`],
});

const issuer = developmentIssuer({ clock: systemClock, random: systemRandom });
let database: TestDatabase;
let server: SatchelServer;
beforeAll(async () => {
  database = await testDatabase();
  server = await createServer({
    app,
    database: database.url,
    auth: issuer.auth,
    log: silentLog,
    limits: { requestsPerMinute: 200 },
    metricsToken: 'operator',
  });
});
afterAll(async () => {
  await server.stop(0);
  await database.drop();
});

const connected = async (user: string) => {
  const token = await issuer.issue({ userId: user, roles: [], claims: { storeId: 's1' } });
  const client = new WireClient(server.url, user, token);
  await client.pull();
  const live = await client.live();
  const ready = await live.until('ready');
  const session: LivePushSession = { clientId: client.clientId, userId: user, schemaVersion: 1 };
  let last = 0;
  const push = async (request: PushRequest) => {
    last += 1;
    live.say({ type: 'push', id: last, push: packPush(session, request)! });
    const answer = await live.until('answer');
    expect(answer.id).toBe(last);
    return answer;
  };
  const request = (key: string, values: object = {}): PushRequest =>
    pushRequestSchema.parse(
      client.pushBody([
        client.mutation([
          {
            table: 'tasks',
            op: 'insert',
            key,
            values: { id: key, storeId: 's1', title: 'T', done: 0, ...values },
          },
        ]),
      ]),
    );
  return { client, live, ready, push, request };
};

describe('pushes over a live connection', () => {
  it('[LIVE-24] are taken, kept and answered as by HTTP, and a repeat either way has no effect', async () => {
    const { client, live, ready, push, request } = await connected('ana');
    expect(ready.push).toBe('ana');
    const first = request('a');
    const answer = await push(first);
    expect(answer).toMatchObject({ versions: [[expect.any(Number)]], serverTime: expect.any(Number) });
    const { rows } = await database.db.query<{ body: string; address: string }>(
      'select body, address from satchel.batches where batch_id = $1',
      [first.batchId],
    );
    expect(pushRequestSchema.parse(JSON.parse(rows[0]!.body))).toEqual(first);
    const again = await client.post('/v1/push', first);
    expect(again.json).toMatchObject({
      answers: [
        { outcome: { outcome: 'applied', repeat: true, changes: [{ version: answer.versions![0]![0] }] } },
      ],
    });
    const repeat = await push(first);
    expect(repeat.response).toMatchObject({ answers: [{ outcome: { repeat: true } }] });
    const { rows: audit } = await database.db.query(`select 1 from satchel.audit where key = 'a'`);
    expect(audit).toHaveLength(1);
    live.close();
  });

  it('[LIVE-24] what is refused is told, and the connection goes on', async () => {
    const { client, live, push, request } = await connected('ben');
    const stranger = await push(request('x', { storeId: 's2' }));
    expect(stranger.response).toMatchObject({ answers: [{ outcome: { outcome: 'rejected' } }] });
    const other = request('y');
    const author = { ...other, mutations: other.mutations.map((one) => ({ ...one, author: 'eve' })) };
    const told = await push(author);
    expect(told.response?.answers[0]).toMatchObject({
      outcome: { outcome: 'rejected', problem: { code: 'author_mismatch' } },
    });
    const nul = await push({ ...request('z'), client: { deviceName: 'a\0b' } });
    expect(nul.problem).toMatchObject({ code: 'request_invalid' });
    expect((await push({ ...request('z'), client: { deviceName: 'ab' } })).versions).toBeDefined();
    await database.db.query(
      `update satchel.clients set revoked = 'lock', revoked_at = 0 where client_id = $1`,
      [client.clientId],
    );
    expect((await push(request('w'))).problem).toMatchObject({ code: 'client_revoked' });
    live.close();
  });

  it('[LIVE-25] are counted as requests are', async () => {
    const { live, push, request } = await connected('cem');
    let refused: unknown;
    for (let count = 0; count < 250 && !refused; count += 1)
      refused = (await push(request(`c${count}`))).problem;
    expect(refused).toMatchObject({ code: 'rate_limited', params: { retryAfter: expect.any(Number) } });
    const figures = await fetch(`${server.url}/metrics`, { headers: { authorization: 'Bearer operator' } });
    const text = await figures.text();
    expect(text).toMatch(
      /satchel_http_requests_total\{route="\/v1\/live push",method="LIVE",status="200"\} \d{3}/,
    );
    expect(text).toMatch(
      /satchel_http_requests_total\{route="\/v1\/live push",method="LIVE",status="429"\} 1\n/,
    );
    expect(text).toMatch(/satchel_mutations_total\{[^}]*applied[^}]*\} \d{3}/);
    live.close();
  });

  it('[LIVE-26] one that leaves out what was never said closes the connection', async () => {
    const { live, client } = await connected('dan');
    const body = pushRequestSchema.parse(
      client.pushBody([client.mutation([{ table: 'tasks', op: 'delete', key: 'a' }])]),
    );
    const session = { clientId: client.clientId, userId: 'dan', schemaVersion: 1, runId: body.runId };
    live.say({ type: 'push', id: 1, push: packPush(session, body)! });
    expect(await live.closed).toBe(4400);
  });
});
