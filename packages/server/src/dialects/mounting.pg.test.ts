import { SatchelError } from '@satchel/protocol';
import { DIALECTS } from '@satchel/schema';
import { describe, expect, test } from 'vitest';
import { formsApp, reportsApp } from '../../test/dialects/apps.ts';
import { openDialects } from '../../test/dialects/fixture.ts';
import { expectAnswer } from '../../test/dialects/shape.ts';
import { openApiDocument } from '../http/openapi.ts';
import { routesOf } from './mount.ts';

test('[DIA-70] both status contracts at one address: with device_id the one, without the other', async () => {
  const field = await openDialects(formsApp({ dialects: ['tables', 'actions'] }));
  const ana = field.as(await field.token({ userId: 'ana', claims: { storeId: 's1' } }));
  expectAnswer('tables', 'tablesStatus', await ana.get('/api/v1/sync/status'));
  expectAnswer('actions', 'actionsStatus', await ana.get('/api/v1/sync/status?device_id=d1'));
  const document = await ana.get<{ paths: Record<string, unknown> }>('/openapi.json');
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(['/api/v1/sync/push', '/api/v1/sync/upload', '/v1/push']),
  );
  expect(Object.keys(document.paths).filter((path) => path.includes('/mobile/'))).toEqual([]);
  await field.close();
});

test('[DIA-71] an app that asks for no dialect has none', async () => {
  const field = await openDialects(formsApp({ dialects: [] }));
  const ana = field.as(await field.token({ userId: 'ana' }));
  for (const dialect of DIALECTS)
    for (const { method, path } of routesOf(dialect))
      expect([path, (await ana.ask(path, { method })).status]).toEqual([path, 404]);
  await field.close();
});

test('[DIA-72] every route of every dialect is in the document, with its schemas', () => {
  const routes = DIALECTS.flatMap(routesOf);
  const { paths } = openApiDocument(routes) as {
    paths: Record<string, Record<string, { requestBody?: unknown; responses: Record<string, unknown> }>>;
  };
  for (const { path, method, body } of routes) {
    const operation = paths[path]?.[method.toLowerCase()];
    expect([path, operation?.requestBody !== undefined]).toEqual([path, body !== undefined]);
    expect(Object.keys(operation?.responses ?? {})).toEqual(
      expect.arrayContaining(['200', '400', '401', '403']),
    );
  }
});

describe('a private network', () => {
  test('[DIA-73] is an explicit setting on a named address', async () => {
    const app = reportsApp({ auth: 'private-network' });
    for (const host of [undefined, '0.0.0.0', '::'])
      await expect(openDialects(app, host === undefined ? {} : { host })).rejects.toThrow(SatchelError);
  });

  test('[DIA-74] takes the device at its word in dialects, and nowhere else', async () => {
    const app = reportsApp({
      auth: 'private-network',
      dialects: ['actions', 'tables'],
      deviceUser: (deviceId) => ({ userId: `of-${deviceId}`, roles: deviceId === 'desk' ? ['officer'] : [] }),
    });
    const field = await openDialects(app, { host: '127.0.0.1' });
    const open = field.as('');
    const noToken = { headers: { authorization: '' } };
    const bare = (path: string, body?: unknown) =>
      fetch(`${field.server.url}${path}`, {
        ...(body === undefined
          ? {}
          : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
    const uploaded = await bare('/api/v1/sync/upload', {
      device_id: 'phone',
      actions: [
        {
          client_id: 'u-1',
          action_type: 'create_report',
          entity_type: 'report',
          timestamp: Date.now(),
          data: { title: 'T' },
        },
      ],
    });
    expect(await uploaded.json()).toMatchObject({ results: [{ status: 'success' }] });
    expect(await field.sql('select reporter_id from reports')).toEqual([{ reporter_id: 'of-phone' }]);
    const desk = await bare('/api/v1/sync/download?device_id=desk');
    expect(await desk.json()).toMatchObject({ data: { reports: [{ client_id: 'u-1' }] } });
    expect(await (await bare('/api/v1/sync/status')).json()).toMatchObject({
      last_sync: { phone: expect.any(String), desk: expect.any(String) },
    });
    expect((await bare('/api/v1/sync/conflicts')).status).toBe(400);
    expect((await bare('/v1/status')).status).toBe(401);
    expect((await open.ask('/api/v1/sync/status', noToken)).status).toBe(401);
    // A token is still believed, and a device is its first user's.
    const ana = field.as(await field.token({ userId: 'ana' }));
    expect((await ana.ask('/api/v1/sync/download?device_id=phone')).status).toBe(403);
    await field.close();
  });
});
