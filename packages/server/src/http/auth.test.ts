import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Principal } from '@satchel/schema';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { type HttpFixture, NOW, SECRET, startHttp } from '../../test/http-fixture.ts';
import { type AuthSettings, openAuth } from './auth.ts';

const clock = { now: () => NOW };
const secretKeys: AuthSettings['keys'] = { kind: 'secret', secret: SECRET };
const encoded = new TextEncoder().encode(SECRET);
const seconds = NOW / 1000;

const sign = (
  claims: Record<string, unknown>,
  alg = 'HS256',
  key: Parameters<SignJWT['sign']>[0] = encoded,
) => new SignJWT(claims).setProtectedHeader({ alg }).sign(key);
const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
  } catch (error) {
    return Reflect.get(error as Error, 'code');
  }
  return 'accepted';
};

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe('tokens', () => {
  it('[HTTP-02] only a token that is signed, current and for somebody is accepted', async () => {
    const authenticate = await openAuth({ keys: secretKeys, issuer: 'shop', audience: 'satchel' }, clock);
    const good = { sub: 'ana', exp: seconds + 60, iss: 'shop', aud: 'satchel' };
    const unsigned = `${btoa('{"alg":"none"}').replace(/=+$/, '')}.${btoa(JSON.stringify(good)).replace(/=+$/, '')}.`;
    const token = await sign(good);
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const answers = {
      good: await codeOf(authenticate(token)),
      expired: await codeOf(authenticate(await sign({ ...good, exp: seconds - 60 }))),
      notYet: await codeOf(authenticate(await sign({ ...good, nbf: seconds + 60 }))),
      otherSecret: await codeOf(
        authenticate(
          await sign(good, 'HS256', new TextEncoder().encode('another secret of thirty-two bytes')),
        ),
      ),
      otherAlgorithm: await codeOf(authenticate(await sign(good, 'HS512'))),
      otherKind: await codeOf(authenticate(await sign(good, 'RS256', privateKey))),
      unsigned: await codeOf(authenticate(unsigned)),
      noSubject: await codeOf(authenticate(await sign({ ...good, sub: undefined }))),
      emptySubject: await codeOf(authenticate(await sign({ ...good, sub: '' }))),
      noExpiry: await codeOf(authenticate(await sign({ ...good, exp: undefined }))),
      otherIssuer: await codeOf(authenticate(await sign({ ...good, iss: 'mall' }))),
      otherAudience: await codeOf(authenticate(await sign({ ...good, aud: 'till' }))),
      garbled: await codeOf(authenticate(`${token.slice(0, -3)}abc`)),
      text: await codeOf(authenticate('a.b.c')),
      nothing: await codeOf(authenticate('')),
      nulSubject: await codeOf(authenticate(await sign({ ...good, sub: 'a\0b' }))),
      loneSurrogateClaim: await codeOf(authenticate(await sign({ ...good, store: ['\ud800'] }))),
    };
    expect(publicKey.type).toBe('public');
    expect(answers).toEqual({
      good: 'accepted',
      expired: 'auth_expired',
      ...Object.fromEntries(
        Object.keys(answers)
          .filter((name) => name !== 'good' && name !== 'expired')
          .map((name) => [name, 'auth_invalid']),
      ),
    });
  });

  it('[HTTP-02] a secret that is too short is refused at the start', async () => {
    expect(await codeOf(openAuth({ keys: { kind: 'secret', secret: 'short' } }, clock))).toBe(
      'config_invalid',
    );
  });

  it('[HTTP-03] roles, channel and identity come from the configured claims', async () => {
    const principal = async (claims: object, settings: Partial<AuthSettings> = {}): Promise<Principal> =>
      (await openAuth({ keys: secretKeys, ...settings }, clock))(
        await sign({ sub: 'ana', exp: seconds + 60, ...claims }),
      );
    const plain = await principal({ roles: ['clerk', 7], channel: 'agent', storeId: 's1' });
    expect(plain).toMatchObject({
      userId: 'ana',
      roles: ['clerk'],
      channel: 'agent',
      expiresAt: NOW + 60_000,
    });
    expect(plain.claims.storeId).toBe('s1');
    expect(await principal({})).toMatchObject({ roles: [], channel: 'mobile' });
    expect(await principal({ scope: 'clerk  lead' }, { rolesClaim: 'scope' })).toMatchObject({
      roles: ['clerk', 'lead'],
    });
    expect(await principal({ realm: { roles: ['lead'] } }, { rolesClaim: 'realm.roles' })).toMatchObject({
      roles: ['lead'],
    });
    expect(
      await principal({ 'https://example.org/roles': ['lead'] }, { rolesClaim: 'https://example.org/roles' }),
    ).toMatchObject({ roles: ['lead'] });
    expect(await principal({}, { defaultChannel: 'web' })).toMatchObject({ channel: 'web' });
    // Issuer and subject together are one identity, without two of them meeting in one text.
    const one = await principal({ iss: 'a|b', sub: 'c' });
    const other = await principal({ iss: 'a', sub: 'b|c' });
    expect(one.id).not.toBe(other.id);
  });

  it('[HTTP-02] public keys: from a file and from an address; a key that cannot be fetched is not the token’s fault', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const set = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] });
    const folder = await mkdtemp(join(tmpdir(), 'satchel-jwks-'));
    closing.push(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'keys.json'), set);
    await writeFile(join(folder, 'broken.json'), '{"keys": 1}');
    let status = 200;
    const issuer = createServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(status === 200 ? set : 'no');
    }).listen(0);
    closing.push(() => new Promise((resolve) => issuer.close(resolve)));
    const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/keys`;

    const token = await new SignJWT({ sub: 'ana', exp: seconds + 60 })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(privateKey);
    const foreign = await new SignJWT({ sub: 'ana', exp: seconds + 60 })
      .setProtectedHeader({ alg: 'ES256', kid: 'two' })
      .sign(privateKey);
    const symmetric = await sign({ sub: 'ana', exp: seconds + 60 });
    for (const keys of [
      { kind: 'jwks-file', path: join(folder, 'keys.json') },
      { kind: 'jwks-url', url },
    ] as const) {
      const authenticate = await openAuth({ keys }, clock);
      expect(await codeOf(authenticate(token))).toBe('accepted');
      expect(await codeOf(authenticate(foreign))).toBe('auth_invalid');
      expect(await codeOf(authenticate(symmetric))).toBe('auth_invalid');
    }
    status = 500;
    expect(await codeOf((await openAuth({ keys: { kind: 'jwks-url', url } }, clock))(token))).toBe(
      'auth_unavailable',
    );
    expect(
      await codeOf(openAuth({ keys: { kind: 'jwks-file', path: join(folder, 'none.json') } }, clock)),
    ).toBe('file_missing');
    expect(
      await codeOf(openAuth({ keys: { kind: 'jwks-file', path: join(folder, 'broken.json') } }, clock)),
    ).toBe('config_invalid');
    expect(await codeOf(openAuth({ keys: { kind: 'jwks-url', url: 'keys' } }, clock))).toBe('config_invalid');
  });

  it('[HTTP-02] over HTTP: 401 with the code and a challenge, for none, broken and expired', async () => {
    const http: HttpFixture = await startHttp();
    closing.push(() => http.close());
    const expired = await http.token({ lifetime: -60 });
    for (const [token, code] of [
      [null, 'auth_missing'],
      ['abc', 'auth_invalid'],
      [expired, 'auth_expired'],
    ] as const) {
      const answer = await http.ask('/v1/status', { token });
      expect([answer.status, answer.code]).toEqual([401, code]);
      expect(answer.headers['www-authenticate']).toContain('Bearer');
    }
    const basic = await http.ask('/v1/status', { token: null, headers: { authorization: 'Basic YTpi' } });
    expect(basic.code).toBe('auth_missing');
  });
});
