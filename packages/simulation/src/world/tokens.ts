import { createHmac } from 'node:crypto';
import type { Clock } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { Authenticate } from '@satchel/server';

/*
 * Tokens of the simulation. The server's own are verified by WebCrypto in a thread of its
 * own, which ends when it likes; these are verified at once. What a token says, how long
 * it lasts and how it fails is the same.
 */

interface Claims {
  readonly sub: string;
  readonly roles: readonly string[];
  /** UTC seconds. */
  readonly exp: number;
}

const SECRET = 'a secret of the simulation';
const sign = (body: string): string => createHmac('sha256', SECRET).update(body).digest('base64url');

export const tokenOf = (claims: Claims): string => {
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${body}.${sign(body)}`;
};

export const principalOf = ({ sub, roles, exp }: Claims): Principal => ({
  id: `simulation|${sub}`,
  userId: sub,
  roles,
  channel: 'mobile',
  claims: { sub, roles: [...roles], exp },
  expiresAt: exp * 1_000,
});

export const authenticateAt =
  (clock: Clock): Authenticate =>
  async (token) => {
    const [body, signature] = token.split('.');
    if (body === undefined || signature !== sign(body)) throw new SatchelError('auth_invalid');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims;
    if (claims.exp * 1_000 <= clock.now()) throw new SatchelError('auth_expired');
    return principalOf(claims);
  };
