import { SatchelError } from '@satchel/protocol';
import type { HttpExchange, HttpRequest } from '../../sync/http-exchange.ts';

/** Below this many characters compression costs more than it saves. */
const GZIP_FROM = 1_024;
/** Status line and headers of an answer, which a page cannot count. */
const HEAD_BYTES = 300;

class TimedOut extends Error {}

/**
 * HTTP over `fetch`, in a page or a worker. The browser decompresses; bytes are those
 * that the answer declares or the browser's own timing tells, else those that came out.
 */
export const fetchExchange: HttpExchange = async (asked) => {
  const stop = new AbortController();
  const called = (): void => stop.abort(asked.signal.reason);
  if (asked.signal.aborted) called();
  asked.signal.addEventListener('abort', called);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(new TimedOut()), asked.timeoutMs);
  };
  try {
    wait();
    const { body, headers } = await packed(asked);
    const asking = fetch(asked.url, {
      method: asked.method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: stop.signal,
      cache: 'no-store',
      credentials: 'omit',
    });
    // After this turn the browser has the request: work that holds this thread no longer delays it.
    setTimeout(() => asked.sent?.(), 0);
    const answer = await asking;
    if (answer.status === 200) asked.began?.(Object.fromEntries(answer.headers));
    const { text, decoded } = await readText(answer, wait);
    const size = typeof body === 'string' ? body.length : (body?.byteLength ?? 0);
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      text,
      sent: size + headBytes(asked.url, headers),
      received: HEAD_BYTES + wireBytes(answer, decoded),
    };
  } catch (error) {
    if (error instanceof TimedOut || stop.signal.reason instanceof TimedOut)
      throw new SatchelError('network_timeout', { ms: asked.timeoutMs }, { cause: error });
    throw new SatchelError('network_unreachable', {}, { cause: error });
  } finally {
    clearTimeout(timer);
    asked.signal.removeEventListener('abort', called);
  }
};

const packed = async (
  asked: HttpRequest,
): Promise<{ body: string | ArrayBuffer | undefined; headers: Record<string, string> }> => {
  const headers = { ...asked.headers };
  const packs = typeof CompressionStream === 'function';
  if (!packs || asked.body === undefined || asked.body.length < GZIP_FROM)
    return { body: asked.body, headers };
  const packing = new Blob([asked.body]).stream().pipeThrough(new CompressionStream('gzip'));
  return {
    body: await new Response(packing).arrayBuffer(),
    headers: { ...headers, 'content-encoding': 'gzip' },
  };
};

/** Reads piece by piece: a long answer is silent only when nothing comes. */
const readText = async (answer: Response, wait: () => void): Promise<{ text: string; decoded: number }> => {
  if (!answer.body) {
    // React Native gives no stream.
    const text = await answer.text();
    return { text, decoded: text.length };
  }
  const decoder = new TextDecoder();
  const reader = answer.body.getReader();
  const parts: string[] = [];
  let decoded = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    wait();
    decoded += value.byteLength;
    parts.push(decoder.decode(value, { stream: true }));
  }
  parts.push(decoder.decode());
  return { text: parts.join(''), decoded };
};

const headBytes = (url: string, headers: Readonly<Record<string, string>>): number =>
  url.length +
  Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);

const wireBytes = (answer: Response, decoded: number): number => {
  const declared = answer.headers.get('content-length');
  if (declared !== null) return Number(declared);
  const entry = performance.getEntriesByName?.(answer.url, 'resource').at(-1);
  performance.clearResourceTimings?.();
  return (entry as PerformanceResourceTiming | undefined)?.encodedBodySize || decoded;
};
