import { afterEach, describe, expect, it } from 'vitest';
import { type HttpFixture, startHttp } from '../../test/http-fixture.ts';

let http: HttpFixture | undefined;
afterEach(async () => {
  await http?.close();
  http = undefined;
});
const conflicts = { listConflicts: async () => ({ conflicts: [] }) };

describe('rate limits', () => {
  it('[HTTP-11] each principal has its own count; past it 429 with the seconds to wait', async () => {
    http = await startHttp(conflicts, { perPrincipal: 3 });
    const token = await http.token({ userId: 'ben' });
    for (let i = 0; i < 3; i++) expect((await http.ask('/v1/conflicts', { token })).status).toBe(200);
    const refused = await http.ask('/v1/conflicts', { token });
    expect([refused.status, refused.code]).toEqual([429, 'rate_limited']);
    expect(Number(refused.headers['retry-after'])).toBe(refused.params.retryAfter);
    expect((await http.ask('/v1/conflicts')).status).toBe(200);
  });

  it('[HTTP-11] without a good token the address is counted, for tokens, pages and metrics alike', async () => {
    http = await startHttp(conflicts, { perAddress: 3, metricsToken: 'operator' });
    expect((await http.ask('/v1/conflicts', { token: 'guess-1' })).status).toBe(401);
    expect((await http.ask('/docs', { token: null })).status).toBe(200);
    expect((await http.ask('/metrics', { token: 'guess' })).status).toBe(401);
    for (const [path, token] of [
      ['/v1/conflicts', 'guess-2'],
      ['/openapi.json', null],
      ['/metrics', 'guess'],
    ] as const)
      expect([path, (await http.ask(path, { token })).status]).toEqual([path, 429]);
    // Whoever holds a good token is not shut out by a stranger behind the same address.
    expect((await http.ask('/v1/conflicts')).status).toBe(200);
    expect((await http.ask('/healthz', { token: null })).status).toBe(200);
  });

  it('[HTTP-11] X-Forwarded-For counts only as far as proxies are trusted', async () => {
    http = await startHttp({}, { perAddress: 1 });
    const from = (address: string) => ({ token: null, headers: { 'x-forwarded-for': address } });
    expect((await http.ask('/docs', from('10.0.0.1'))).status).toBe(200);
    expect((await http.ask('/docs', from('10.0.0.2'))).status).toBe(429);
    await http.close();
    http = await startHttp({}, { perAddress: 1, trustedProxies: 1 });
    expect((await http.ask('/docs', from('forged, 10.0.0.1'))).status).toBe(200);
    expect((await http.ask('/docs', from('forged, 10.0.0.2'))).status).toBe(200);
    expect((await http.ask('/docs', from('other, 10.0.0.1'))).status).toBe(429);
  });
});
