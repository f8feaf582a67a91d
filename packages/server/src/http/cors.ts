import { SatchelError } from '@satchel/protocol';

/** Which web pages may talk to the server. Programs that send no `Origin` are not concerned. */
export interface OriginRule {
  allows(origin: string, host: string | null): boolean;
}

/**
 * Only origins that are named, whole (`https://app.example.org`), and the server's
 * own. No patterns: a pattern that is a little too wide is found by others first.
 */
export const originRule = (allowed: readonly string[]): OriginRule => {
  for (const origin of allowed) {
    if (origin.includes('*') || !URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new SatchelError('config_invalid', {
        name: 'corsOrigins',
        reason: `${origin} is not an origin such as https://app.example.org`,
      });
  }
  const named = new Set(allowed);
  return {
    allows: (origin, host) =>
      named.has(origin) || (host !== null && URL.canParse(origin) && new URL(origin).host === host),
  };
};

/** Headers that let the page at `origin` read an answer. */
export const corsHeaders = (origin: string): Readonly<Record<string, string>> => ({
  'access-control-allow-origin': origin,
  'access-control-expose-headers': 'ETag, Retry-After, Satchel-Next, X-Request-Id',
  vary: 'Origin',
});

/** The answer to a preflight, beside `corsHeaders`. */
export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers':
    'Authorization, Content-Type, Content-Encoding, If-None-Match, X-Request-Id',
  'access-control-max-age': '7200',
};
