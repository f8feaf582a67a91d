import type { Clock } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import { SignJWT } from 'jose';

export interface TokenRequest {
  /** The `sub` claim. */
  readonly userId: string;
  /** Default none. */
  readonly roles?: readonly string[];
  /** Default none: the server's default channel. */
  readonly channel?: string;
  /** Further claims, such as `storeId`. */
  readonly claims?: Readonly<Record<string, Json>>;
  /** Seconds until it expires; negative for one that already has. Default 3,600. */
  readonly lifetime?: number;
  readonly issuer?: string;
  readonly audience?: string;
}

/**
 * Signs a token with a shared secret (HS256), for tests and for development.
 *
 * @example
 * ```ts
 * await signToken('0123456789abcdef0123456789abcdef', { userId: 'ana', roles: ['clerk'] }, systemClock);
 * ```
 */
export const signToken = async (secret: string, request: TokenRequest, clock: Clock): Promise<string> => {
  const now = Math.floor(clock.now() / 1000);
  const jwt = new SignJWT({
    ...request.claims,
    roles: request.roles ?? [],
    ...(request.channel === undefined ? {} : { channel: request.channel }),
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(request.userId)
    .setIssuedAt(now)
    .setExpirationTime(now + (request.lifetime ?? 3_600));
  if (request.issuer !== undefined) jwt.setIssuer(request.issuer);
  if (request.audience !== undefined) jwt.setAudience(request.audience);
  return await jwt.sign(new TextEncoder().encode(secret));
};
