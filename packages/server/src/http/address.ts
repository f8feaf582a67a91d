import type { IncomingMessage } from 'node:http';

/**
 * The caller's address: that of the connection, or behind `proxies` trusted ones the
 * entry of `X-Forwarded-For` that the outermost of them wrote. What stands further
 * left was written by the caller and proves nothing.
 */
export const addressOf = (
  request: Request,
  incoming: IncomingMessage | undefined,
  proxies: number,
): string => {
  const direct = incoming?.socket.remoteAddress ?? 'unknown';
  if (proxies === 0) return direct;
  const chain = (request.headers.get('x-forwarded-for') ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part.length <= 64);
  return chain[chain.length - proxies] ?? direct;
};
