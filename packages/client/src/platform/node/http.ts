import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, gzip, inflate } from 'node:zlib';
import { SatchelError } from '@satchel/protocol';
import type { HttpAnswer, HttpExchange, HttpRequest } from '../../sync/http-exchange.ts';

/** Below this many characters compression costs more than it saves. */
const GZIP_FROM = 1_024;

const decoders = {
  br: promisify(brotliDecompress),
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
} as const;
const gzipAsync = promisify<string, { level: number }, Buffer>(gzip);

const TLS_CODES = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'EPROTO',
]);

/**
 * HTTP over `node:http`, which tells the bytes as they went over the wire (compressed).
 * Connections are kept; `destroy` closes them.
 */
export const nodeHttp = (): { readonly exchange: HttpExchange; destroy(): void } => {
  const plain = new HttpAgent({ keepAlive: true, maxSockets: 4 });
  const secure = new HttpsAgent({ keepAlive: true, maxSockets: 4 });

  const exchange: HttpExchange = async (asked) => {
    const body =
      asked.body === undefined
        ? undefined
        : asked.body.length >= GZIP_FROM
          ? await gzipAsync(asked.body, { level: 1 })
          : Buffer.from(asked.body);
    const headers: Record<string, string> = { ...asked.headers, 'accept-encoding': 'br, gzip' };
    if (body) {
      headers['content-length'] = String(body.length);
      if ((asked.body?.length ?? 0) >= GZIP_FROM) headers['content-encoding'] = 'gzip';
    }
    const raw = await send(asked, headers, body, asked.url.startsWith('https:') ? secure : plain);
    return { ...raw, text: await decode(raw.body, raw.headers['content-encoding']) };
  };
  return {
    exchange,
    destroy: () => {
      plain.destroy();
      secure.destroy();
    },
  };
};

const decode = async (body: Buffer, encoding: string | undefined): Promise<string> => {
  if (body.length === 0 || encoding === undefined || encoding === 'identity') return body.toString('utf8');
  const decoder = decoders[encoding as keyof typeof decoders];
  if (!decoder) throw new SatchelError('answer_invalid', { encoding });
  try {
    return (await decoder(body)).toString('utf8');
  } catch (cause) {
    throw new SatchelError('answer_invalid', { encoding }, { cause });
  }
};

const send = (
  asked: HttpRequest,
  headers: Record<string, string>,
  body: Buffer | undefined,
  agent: HttpAgent | HttpsAgent,
): Promise<Omit<HttpAnswer, 'text'> & { readonly body: Buffer }> =>
  new Promise((resolve, reject) => {
    const start = asked.url.startsWith('https:') ? httpsRequest : httpRequest;
    const outgoing = start(asked.url, { method: asked.method, headers, agent, signal: asked.signal });
    const sentBefore = () => outgoing.socket?.bytesWritten ?? 0;
    const receivedBefore = () => outgoing.socket?.bytesRead ?? 0;
    let sentMark = 0;
    let receivedMark = 0;
    outgoing.once('socket', (socket) => {
      sentMark = socket.bytesWritten;
      receivedMark = socket.bytesRead;
    });
    const fail = (error: Error) => reject(networkError(error, asked.timeoutMs));
    outgoing.setTimeout(asked.timeoutMs, () => outgoing.destroy(new TimedOut()));
    outgoing.once('error', fail);
    outgoing.once('response', (incoming: IncomingMessage) => {
      if (incoming.statusCode === 200) asked.began?.(flatHeaders(incoming));
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', fail);
      incoming.once('aborted', () => fail(new Error('aborted')));
      incoming.once('end', () => {
        if (!incoming.complete) return fail(new Error('incomplete'));
        resolve({
          status: incoming.statusCode ?? 0,
          headers: flatHeaders(incoming),
          body: Buffer.concat(chunks),
          sent: Math.max(0, sentBefore() - sentMark),
          received: Math.max(0, receivedBefore() - receivedMark),
        });
      });
    });
    outgoing.end(body, () => asked.sent?.());
  });

class TimedOut extends Error {}

const networkError = (error: Error, ms: number): SatchelError => {
  if (error instanceof TimedOut) return new SatchelError('network_timeout', { ms }, { cause: error });
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && TLS_CODES.has(code))
    return new SatchelError('network_intercepted', {}, { cause: error });
  return new SatchelError('network_unreachable', {}, { cause: error });
};

const flatHeaders = (incoming: IncomingMessage): Record<string, string> => {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers))
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  return flat;
};
