import { readFile } from 'node:fs/promises';
import type { Clock } from '@satchel/core';
import { type Json, SatchelError } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { unstorableAt } from './storable.ts';

/** Who signs the tokens, and where in them rights and channel stand. */
export interface AuthSettings {
  readonly keys:
    | { readonly kind: 'secret' /** HS256; at least 32 bytes. */; readonly secret: string | Uint8Array }
    /** RS256, PS256, ES256 or EdDSA with the public keys at `url`, fetched when a token names a new one. */
    | { readonly kind: 'jwks-url'; readonly url: string }
    | { readonly kind: 'jwks-file'; readonly path: string };
  /** Required `iss`. Default: any. */
  readonly issuer?: string;
  /** Required `aud`. Default: any. */
  readonly audience?: string;
  /** Claim that holds the roles: a list, or a text with spaces; dots go into objects. Default `roles`. */
  readonly rolesClaim?: string;
  /** Claim that names the channel. Default `channel`. */
  readonly channelClaim?: string;
  /** Channel of tokens that name none. Default `mobile`. */
  readonly defaultChannel?: string;
  /** Seconds by which `exp` and `nbf` may be off. Default 5. */
  readonly leeway?: number;
}

/** Turns the text of a token into who it speaks for, or throws `auth_…`. */
export type Authenticate = (token: string) => Promise<Principal>;

export const MIN_SECRET_BYTES = 32;
const ASYMMETRIC = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'EdDSA',
  'Ed25519',
];

/**
 * Verifies tokens by the settings. The algorithm is fixed by the kind of keys, so a
 * public key can never be taken for a shared secret; `exp` and `sub` must be there.
 *
 * Fails with `auth_expired` (sign in again), `auth_invalid` (anything else about the
 * token) or `auth_unavailable` (the issuer's keys cannot be had: not the token's fault).
 */
export const openAuth = async (settings: AuthSettings, clock: Clock): Promise<Authenticate> => {
  const { getKey, algorithms } = await keysOf(settings);
  const leeway = settings.leeway ?? 5;
  const verified = new VerifiedTokens(clock, leeway);
  return async (token) => {
    const known = verified.get(token);
    if (known !== undefined) return known;
    let payload: JWTPayload;
    try {
      const found = await jwtVerify(token, getKey, {
        algorithms,
        currentDate: new Date(clock.now()),
        clockTolerance: leeway,
        ...(settings.issuer === undefined ? {} : { issuer: settings.issuer }),
        ...(settings.audience === undefined ? {} : { audience: settings.audience }),
      });
      payload = found.payload;
    } catch (cause) {
      throw authFailure(cause);
    }
    const principal = principalOf(payload, settings);
    verified.keep(token, principal);
    return principal;
  };
};

/** Milliseconds for which a verified token is not verified again: so long a key that was taken back may still count. */
const TRUSTED_FOR = 30_000;
/** Tokens kept; beyond it all are verified again. */
const MAX_VERIFIED = 5_000;

/**
 * Tokens that were verified a moment ago: a device sends the same one with each
 * request, and the signature costs more than many a request's own work.
 */
class VerifiedTokens {
  readonly #clock: Clock;
  readonly #leeway: number;
  readonly #kept = new Map<string, { readonly principal: Principal; readonly until: number }>();

  /** `leeway`: seconds by which a token may have expired. */
  constructor(clock: Clock, leeway: number) {
    this.#clock = clock;
    this.#leeway = leeway;
  }

  get(token: string): Principal | undefined {
    const kept = this.#kept.get(token);
    if (kept === undefined) return undefined;
    if (this.#clock.now() < kept.until) return kept.principal;
    this.#kept.delete(token);
    return undefined;
  }

  keep(token: string, principal: Principal): void {
    if (this.#kept.size >= MAX_VERIFIED) this.#kept.clear();
    const now = this.#clock.now();
    const until = Math.min(now + TRUSTED_FOR, principal.expiresAt + this.#leeway * 1_000);
    this.#kept.set(token, { principal, until });
  }
}

const keysOf = async (settings: AuthSettings): Promise<{ getKey: JWTVerifyGetKey; algorithms: string[] }> => {
  const { keys } = settings;
  switch (keys.kind) {
    case 'secret': {
      const secret = typeof keys.secret === 'string' ? new TextEncoder().encode(keys.secret) : keys.secret;
      if (secret.byteLength < MIN_SECRET_BYTES)
        throw new SatchelError('config_invalid', {
          name: 'auth secret',
          reason: `it has fewer than ${MIN_SECRET_BYTES} bytes`,
        });
      return { getKey: async () => secret, algorithms: ['HS256'] };
    }
    case 'jwks-url': {
      if (!URL.canParse(keys.url))
        throw new SatchelError('config_invalid', { name: 'auth jwks url', reason: 'it is not an address' });
      return { getKey: createRemoteJWKSet(new URL(keys.url)), algorithms: ASYMMETRIC };
    }
    case 'jwks-file':
      return { getKey: createLocalJWKSet(await readKeySet(keys.path)), algorithms: ASYMMETRIC };
  }
};

const readKeySet = async (path: string): Promise<JSONWebKeySet> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new SatchelError('file_missing', { path }, { cause });
  }
  const unfit = (cause?: unknown) =>
    new SatchelError(
      'config_invalid',
      { name: 'auth jwks file', reason: 'it is not a JSON Web Key Set' },
      { cause },
    );
  try {
    const data: unknown = JSON.parse(text);
    if (typeof data !== 'object' || data === null || !Array.isArray(Reflect.get(data, 'keys'))) throw unfit();
    return data as JSONWebKeySet;
  } catch (cause) {
    throw cause instanceof SatchelError ? cause : unfit(cause);
  }
};

const authFailure = (cause: unknown): SatchelError => {
  if (cause instanceof errors.JWTExpired) return new SatchelError('auth_expired', {}, { cause });
  // Key not found and broken tokens are the token's fault; everything else around the key set is not.
  const keysAway =
    cause instanceof errors.JWKSTimeout ||
    cause instanceof errors.JWKSInvalid ||
    !(cause instanceof errors.JOSEError) ||
    cause.code === 'ERR_JOSE_GENERIC';
  return new SatchelError(keysAway ? 'auth_unavailable' : 'auth_invalid', {}, { cause });
};

const principalOf = (payload: JWTPayload, settings: AuthSettings): Principal => {
  const { sub, iss, exp } = payload;
  // `sub` is what the audit and every right hang on, and it is stored as text.
  if (typeof sub !== 'string' || sub === '' || sub.length > 256 || exp === undefined)
    throw new SatchelError('auth_invalid');
  const claims = payload as Readonly<Record<string, Json>>;
  if (unstorableAt(claims) !== undefined) throw new SatchelError('auth_invalid');
  const channel = claimAt(claims, settings.channelClaim ?? 'channel');
  return {
    id: `${encodeURIComponent(iss ?? '')}|${encodeURIComponent(sub)}`,
    userId: sub,
    roles: rolesOf(claimAt(claims, settings.rolesClaim ?? 'roles')),
    channel: typeof channel === 'string' && channel !== '' ? channel : (settings.defaultChannel ?? 'mobile'),
    claims,
    expiresAt: exp * 1000,
  };
};

const claimAt = (claims: Readonly<Record<string, Json>>, path: string): Json | undefined => {
  // A claim whose own name has dots (an address, as some issuers use) comes before a path.
  if (Object.hasOwn(claims, path)) return claims[path];
  let at: Json | undefined = claims;
  for (const part of path.split('.')) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, part))
      return undefined;
    at = (at as Readonly<Record<string, Json>>)[part];
  }
  return at;
};

const rolesOf = (claim: Json | undefined): readonly string[] => {
  if (typeof claim === 'string') return claim.split(' ').filter((role) => role !== '');
  if (Array.isArray(claim)) return claim.filter((role) => typeof role === 'string');
  return [];
};
