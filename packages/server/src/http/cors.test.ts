import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpFixture, startHttp } from '../../test/http-fixture.ts';
import { originRule } from './cors.ts';

const APP = 'https://app.example.org';
let http: HttpFixture;
beforeAll(async () => {
  http = await startHttp({ listConflicts: async () => ({ conflicts: [] }) }, { origins: [APP] });
});
afterAll(() => http.close());

const preflight = (origin: string) =>
  http.ask('/v1/push', {
    method: 'OPTIONS',
    token: null,
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    },
  });

describe('web origins', () => {
  it('[HTTP-14] a named origin may ask and read; its preflight needs no token', async () => {
    const allowed = await preflight(APP);
    expect(allowed.status).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET, POST',
      vary: 'Origin',
    });
    expect(allowed.headers['access-control-allow-headers']).toContain('Authorization');
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
    const answer = await http.ask('/v1/conflicts', { headers: { origin: APP } });
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, APP]);
    // The page must be able to read an error as well.
    const error = await http.ask('/v1/conflicts', { token: null, headers: { origin: APP } });
    expect([error.status, error.headers['access-control-allow-origin']]).toEqual([401, APP]);
  });

  it('[HTTP-14] every other origin is origin_denied, before anything is done for it', async () => {
    for (const origin of [
      'https://app.example.org.evil.test',
      'http://app.example.org',
      'https://app.example.org:444',
      'null',
      'https://example.org',
      'junk',
    ]) {
      for (const answer of [
        await preflight(origin),
        await http.ask('/v1/conflicts', { headers: { origin } }),
      ]) {
        expect([origin, answer.status, answer.code]).toEqual([origin, 403, 'origin_denied']);
        expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      }
    }
  });

  it('[HTTP-14] the server’s own page is no stranger, and programs send no origin', async () => {
    expect((await http.ask('/v1/conflicts', { headers: { origin: http.url } })).status).toBe(200);
    expect((await http.ask('/v1/conflicts')).headers['access-control-allow-origin']).toBeUndefined();
  });

  it('[HTTP-14] patterns and addresses with paths are refused at the start', () => {
    for (const origin of ['*', 'https://*.example.org', `${APP}/`, `${APP}/app`, 'app.example.org', 'null'])
      expect(() => originRule([origin])).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });
});
