import type { Clock, Random } from '@satchel/core';
import { SatchelError } from '@satchel/protocol';
import type { AuthSettings } from '../http/auth.ts';
import { signToken, type TokenRequest } from './token.ts';

export interface DevelopmentIssuer {
  /** What the server needs in order to believe this issuer. */
  readonly auth: AuthSettings;
  /** A token for anybody, with any rights. */
  issue(request: Omit<TokenRequest, 'issuer' | 'audience'>): Promise<string>;
}

export const DEVELOPMENT_ISSUER = 'satchel-development';

/**
 * Signs tokens for whoever asks: for `satchel dev`, the demo and tests. Without a
 * `secret` it draws a new one, so that its tokens end with the process.
 *
 * Fails with `production_refused` where NODE_ENV is `production`.
 */
export const developmentIssuer = (given: {
  readonly clock: Clock;
  readonly random: Random;
  readonly secret?: string;
  /** The environment that is asked; default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}): DevelopmentIssuer => {
  const environment = given.environment ?? process.env;
  if (environment.NODE_ENV === 'production')
    throw new SatchelError('production_refused', { what: 'The development issuer of tokens' });
  const secret = given.secret ?? Buffer.from(given.random.bytes(32)).toString('hex');
  return {
    auth: { keys: { kind: 'secret', secret }, issuer: DEVELOPMENT_ISSUER },
    issue: (request) => signToken(secret, { ...request, issuer: DEVELOPMENT_ISSUER }, given.clock),
  };
};
