import { counter, defineApp, id, real, review, table, text } from '@satchel/schema';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../src/http/log.ts';
import { developmentIssuer } from '../src/operate/development-issuer.ts';
import { createServer, type SatchelServer } from '../src/server.ts';
import { systemClock, systemRandom } from '../src/system.ts';
import { ask } from './http-fixture.ts';
import { WireClient } from './wire-client.ts';

const app = defineApp({
  name: 'end-to-end',
  tables: {
    products: table(
      { id: id(), storeId: text(), name: text(), price: real(), stock: counter() },
      {
        scope: 'store:{storeId}',
        conflicts: { update: 'server-wins', delete: 'edit-wins', insert: 'new-key' },
      },
    ),
    visits: table(
      { id: id(), storeId: text(), report: text() },
      { scope: 'store:{storeId}', conflicts: { update: review({ reason: 'Two reports of one visit' }) } },
    ),
  },
  scopesOf: ({ claims }) => [`store:${String(claims.storeId)}`],
});

const issuer = developmentIssuer({ clock: systemClock, random: systemRandom });
let database: TestDatabase;
let server: SatchelServer;
const opened: SatchelServer[] = [];

const start = async (): Promise<SatchelServer> => {
  const started = await createServer({
    app,
    database: database.url,
    auth: issuer.auth,
    log: silentLog,
    metricsToken: 'operator',
    metricsListener: { port: 0 },
    corsOrigins: ['https://app.example.org'],
  });
  opened.push(started);
  return started;
};

const clientOf = async (user: string, storeId: string, at = server, roles: string[] = []) =>
  new WireClient(at.url, user, await issuer.issue({ userId: user, roles, claims: { storeId } }));

const product = (key: string, storeId: string, values: object = {}) =>
  ({
    table: 'products',
    op: 'insert',
    key,
    values: { id: key, storeId, name: `Product ${key}`, price: 2.5, stock: 3, ...values },
  }) as const;

beforeAll(async () => {
  database = await testDatabase();
  server = await start();
});
afterEach(async () => {
  for (const one of opened.splice(0)) if (one !== server) await one.stop(0);
});
afterAll(async () => {
  await server.stop(0);
  await database.drop();
});

describe('a server and its clients over real HTTP', () => {
  it('[HTTP-30] what one pushes another pulls, and hears live', async () => {
    const ana = await clientOf('ana', 's1');
    const ben = await clientOf('ben', 's1');
    const cleo = await clientOf('cleo', 's2');
    for (const client of [ana, ben, cleo]) await client.pull();
    expect(ben.checkpoint).toBe(true);
    expect(await ben.pullOnce()).toBe('unchanged');

    const live = await ben.live();
    expect(await live.next()).toMatchObject({ type: 'ready' });

    const first = await ana.push([ana.mutation([product('p1', 's1')])]);
    expect(first.answers[0]).toMatchObject({ kind: 'outcome', outcome: { outcome: 'applied' } });
    while (!ben.rows.has('products p1')) {
      const message = await live.next();
      if ('page' in message) ben.take(message.page);
    }
    expect(ben.rows.get('products p1')).toMatchObject({ name: 'Product p1', price: 2.5, stock: 3 });
    live.close();

    await ana.pull();
    expect(ana.rows.get('products p1')).toMatchObject({ stock: 3 });
    await cleo.pull();
    expect(cleo.rows.size).toBe(0);
  });

  it('[HTTP-30] plain SQL is captured, and a deletion leaves', async () => {
    const ana = await clientOf('ana', 's3');
    await ana.pull();
    await database.db.query(
      `insert into public.products (id, store_id, name, price, stock) values ('sql', 's3', 'By hand', 1, 1)`,
    );
    await ana.pull();
    expect(ana.rows.get('products sql')).toMatchObject({ name: 'By hand' });
    await database.db.query(`delete from public.products where id = 'sql'`);
    await ana.pull();
    expect(ana.rows.size).toBe(0);
  });

  it('[HTTP-30] a repeat over another node gets the first outcome, and the effect stands once', async () => {
    const other = await start();
    const ana = await clientOf('ana', 's4');
    await ana.push([ana.mutation([product('c', 's4')])]);
    const step = ana.mutation([
      {
        table: 'products',
        op: 'update',
        key: 'c',
        values: { stock: 8 },
        confirmed: { version: 1, values: { stock: 3 } },
      },
    ]);
    const body = ana.pushBody([step]);
    const [here, there] = await Promise.all([
      ana.post('/v1/push', body),
      ask(`${other.url}/v1/push`, ana.token, { body }),
    ]);
    expect([here.status, there.status]).toEqual([200, 200]);
    const repeats = [here, there].map((answer) => JSON.parse(answer.text).answers[0].outcome.repeat ?? false);
    expect(repeats.sort()).toEqual([false, true]);
    const { rows } = await database.db.query<{ stock: number }>(
      `select stock from public.products where id = 'c'`,
    );
    expect(rows[0]?.stock).toBe(8);
  });

  it('[HTTP-30] 10,000 rows come down in pages, each a valid page, and equal SQL', async () => {
    await database.db.query(
      `insert into public.products (id, store_id, name, price, stock)
       select 'b' || n, 's5', 'Bulk ' || n, n * 0.5, n from generate_series(1, 10000) n`,
    );
    const ana = await clientOf('ana', 's5');
    await ana.pull();
    expect([ana.rows.size, ana.checkpoint]).toEqual([10_000, true]);
    expect(ana.rows.get('products b777')).toMatchObject({ name: 'Bulk 777', price: 388.5, stock: 777 });
  });

  it('[HTTP-04] a revoked client is refused on its next request and its socket is closed; a restored one goes on', async () => {
    const ana = await clientOf('ana', 's6');
    await ana.pull();
    const live = await ana.live();
    expect(await live.next()).toMatchObject({ type: 'ready' });
    const admin = await clientOf('root', 's6', server, ['admin']);
    const revoked = await admin.post(`/v1/clients/${ana.clientId}/revoke`, { action: 'lock' });
    expect(revoked.json).toMatchObject({ clientId: ana.clientId, revoked: 'lock' });
    expect(await live.closed).toBe(4403);
    await expect(ana.pullOnce()).rejects.toMatchObject({ code: 'client_revoked' });
    await expect(ana.push([ana.mutation([product('r', 's6')])])).rejects.toMatchObject({
      code: 'client_revoked',
    });
    expect((await ana.get(`/v1/status?clientId=${ana.clientId}`)).code).toBe('client_revoked');
    expect((await admin.post(`/v1/clients/${ana.clientId}/restore`, {})).status).toBe(200);
    expect(await ana.pullOnce()).toBe('unchanged');
  });

  it('[HTTP-30] a clash waits for a person: listed, shown, resolved and undone over HTTP', async () => {
    const ana = await clientOf('ana', 's9');
    const ben = await clientOf('ben', 's9');
    const admin = await clientOf('root', 's9', server, ['admin']);
    const made = await ana.push([
      ana.mutation([
        { table: 'visits', op: 'insert', key: 'v', values: { id: 'v', storeId: 's9', report: 'dry' } },
      ]),
    ]);
    const first = made.answers[0]!;
    const version = first.kind === 'outcome' ? first.outcome.changes[0]!.version! : 0;
    const edit = (client: WireClient, report: string) =>
      client.push([
        client.mutation([
          {
            table: 'visits',
            op: 'update',
            key: 'v',
            values: { report },
            confirmed: { version, values: { report: 'dry' } },
          },
        ]),
      ]);
    await edit(ana, 'wet');
    const held = (await edit(ben, 'flooded')).answers[0]!;
    expect(held).toMatchObject({ kind: 'outcome', outcome: { outcome: 'review' } });
    const report = async () =>
      (await database.db.query<{ report: string }>(`select report from public.visits where id = 'v'`)).rows[0]
        ?.report;
    expect(await report()).toBe('wet');

    const list = (await admin.get('/v1/conflicts?state=open')).json as {
      conflicts: { conflictId: string }[];
    };
    expect(list.conflicts).toHaveLength(1);
    const path = `/v1/conflicts/${list.conflicts[0]!.conflictId}`;
    expect((await admin.get(path)).json).toMatchObject({
      state: 'open',
      base: { report: 'dry' },
      client: { report: 'flooded' },
      server: { report: 'wet' },
      reason: 'Two reports of one visit',
    });
    expect((await (await clientOf('cleo', 's2')).get(path)).code).toBe('conflict_unknown');
    const resolved = await admin.post(`${path}/resolve`, {
      decision: 'merged',
      fields: { report: { take: 'value', value: 'wet, then flooded' } },
    });
    expect(resolved.json).toMatchObject({ state: 'settled', decision: 'merged', decidedBy: 'root' });
    expect(await report()).toBe('wet, then flooded');
    expect((await admin.post(`${path}/resolve`, { decision: 'accept-server' })).code).toBe(
      'conflict_settled',
    );
    const undone = await ask(`${server.url}${path}/undo`, admin.token, { method: 'POST' });
    expect(undone.status).toBe(200);
    expect(await report()).toBe('wet');
  });

  it('[HTTP-30] a batch is replayed: dry it changes nothing, for good it answers as before', async () => {
    const ana = await clientOf('ana', 's10');
    const body = ana.pushBody([ana.mutation([product('rep', 's10')])]);
    expect((await ana.post('/v1/push', body)).status).toBe(200);
    for (const dryRun of [true, false]) {
      const replayed = await ana.post(`/v1/batches/${body.batchId}/replay`, { dryRun });
      expect(replayed.json).toMatchObject({
        dryRun,
        answers: [{ kind: 'outcome', outcome: { outcome: 'applied', repeat: true } }],
      });
    }
    expect((await (await clientOf('ben', 's10')).post(`/v1/batches/${body.batchId}/replay`, {})).code).toBe(
      'batch_unknown',
    );
  });

  it('[HTTP-30] status, history, batches and clients are answered from the same database', async () => {
    const ana = await clientOf('ana', 's7');
    const body = ana.pushBody([ana.mutation([product('h', 's7')])]);
    expect((await ana.post('/v1/push', body)).status).toBe(200);
    expect((await ana.get(`/v1/status?clientId=${ana.clientId}`)).json).toMatchObject({
      schemaVersion: 1,
      scopes: ['store:s7'],
      openConflicts: 0,
    });
    const history = await ana.get('/v1/history/products/h');
    expect(history.json).toMatchObject({ entries: [{ op: 'insert', source: 'push', userId: 'ana' }] });
    const batch = await ana.get(`/v1/batches/${body.batchId}`);
    expect(JSON.parse((batch.json as { body: string }).body)).toEqual(body);
    const admin = await clientOf('root', 's7', server, ['admin']);
    const clients = (await admin.get('/v1/clients')).json as {
      clients: { clientId: string; userId: string }[];
    };
    expect(clients.clients.find(({ clientId }) => clientId === ana.clientId)?.userId).toBe('ana');
  });

  it('[HTTP-14] the live socket asks the same of web origins as the routes', async () => {
    const upgrade = (origin: string, path = '/v1/live') =>
      ask(`${server.url}${path}`, null, {
        headers: {
          origin,
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        },
      });
    expect((await upgrade('https://evil.example.org')).status).toBe(403);
    // Upgrades that nobody serves are answered, not left open.
    expect((await upgrade('https://app.example.org', '/v1/other')).status).toBe(404);
  });

  it('[HTTP-20] a stop closes live sessions as going away, and everything else behind it', async () => {
    const node = await start();
    const ana = await clientOf('ana', 's8', node);
    await ana.pull();
    const live = await ana.live();
    expect(await live.next()).toMatchObject({ type: 'ready' });
    const stopped = node.stop(1_000);
    expect(await live.closed).toBe(1001);
    await stopped;
    await node.stop();
    await expect(ana.get('/healthz')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
