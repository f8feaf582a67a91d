import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectError, newPlace, type Place } from './command.ts';

let place: Place;
beforeAll(async () => {
  place = newPlace();
  await place.run(['init']);
});
afterAll(() => place.remove());

interface Served {
  readonly url: string;
  readonly token: string;
  readonly userId: string;
  readonly roles: readonly string[];
  readonly database: string;
}

const pull = (url: string, token: string, client: number): Promise<Response> =>
  fetch(`${url}/v1/pull`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      protocolVersion: 1,
      schemaVersion: 1,
      clientId: `0192f0c1-7a3e-7c11-9a5e-00000000000${client}`,
      cursor: null,
    }),
  });

describe('dev', () => {
  it('[CMD-10] brings PostgreSQL, server and tokens; Ctrl-C leaves no process and no socket, only the data', async () => {
    const dev = place.start(['dev', '--port', '0', '--user', 'ana', '--json']);
    const served = JSON.parse(await dev.output('\n')) as Served;
    expect(served).toMatchObject({ userId: 'ana', roles: ['admin'] });
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
    expect((await pull(served.url, served.token, 1)).status).toBe(200);
    const { token } = await place.json<{ token: string }>(['token', 'ben']);
    expect((await pull(served.url, token, 2)).status).toBe(200);
    expect((await pull(served.url, `${token}x`, 2)).status).toBe(401);

    expect((await place.run(['doctor', '--database', served.database])).code).toBe(0);

    expect(place.processes().length).toBeGreaterThan(1);
    dev.signal('SIGINT');
    const { code, stdout, stderr } = await dev.ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toEqual(served);
    expect(place.processes()).toEqual([]);
    expect(readdirSync(place.temporary)).toEqual([]);
    expect(existsSync(join(place.folder, '.satchel/postgres/PG_VERSION'))).toBe(true);
    expect(existsSync(join(place.folder, '.satchel/postgres/postmaster.pid'))).toBe(false);
    await expect(fetch(`${served.url}/healthz`)).rejects.toThrow();
  });

  it('[CMD-11] Ctrl-C while PostgreSQL starts, sent twice as npx does, ends in good order', async () => {
    const dev = place.start(['dev', '--port', '0']);
    while (readdirSync(place.temporary).length === 0) await new Promise((done) => setTimeout(done, 5));
    dev.signal('SIGINT');
    dev.signal('SIGINT', 'process');
    const { code, stdout, stderr } = await dev.ended;
    expect([code, stdout, stderr]).toEqual([130, '', '']);
    expect(place.processes()).toEqual([]);
    expect(readdirSync(place.temporary)).toEqual([]);
  });

  it('[CMD-10] a port that is taken is an error, and PostgreSQL does not stay behind', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const ended = await place.run(['dev', '--port', String(port)]);
    other.close();
    expect(ended.code).toBe(1);
    expect(expectError(ended, 'config_invalid')).toContain(String(port));
    expect(place.processes()).toEqual([]);
    expect(readdirSync(place.temporary)).toEqual([]);
  });
});
