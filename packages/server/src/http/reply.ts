import { NEXT_CURSOR_HEADER } from '@satchel/protocol';
import { type ContentCoding, chooseCoding, packShort, streamLines } from './compression.ts';
import type { Metrics } from './metrics.ts';
import type { Reply, Route } from './route.ts';

/** Answers shorter than this many characters go as they are: packing them gains nothing. */
const MIN_PACKED = 1_024;
/** Answers up to this many characters are packed at once, in a tenth of a millisecond; longer ones as they are read. */
const MAX_AT_ONCE = 16_384;

/** A cursor of more characters is told by the page alone: proxies refuse answers with large heads. */
const MAX_NEXT = 2_048;

/** The HTTP answer of a route's reply. */
export const answerOf = (
  route: Route,
  reply: Reply<unknown>,
  request: Request,
  given: { readonly metrics: Metrics /** Cuts the connection. */; readonly broken: (error: unknown) => void },
): Response => {
  const on = { sent: (bytes: number) => given.metrics.sent(route.path, bytes), broken: given.broken };
  switch (reply.kind) {
    case 'pushed':
      given.metrics.pushed(reply.value);
      return answerOf(route, { kind: 'json', value: reply.value }, request, given);
    case 'json':
      return jsonAnswer(JSON.stringify(reply.value), request, on);
    case 'pull': {
      if (reply.answer.kind === 'unchanged')
        return new Response(null, {
          status: 304,
          headers: reply.digest === null ? {} : { etag: `"${reply.digest}"` },
        });
      const { lines, digest, next = null } = reply.answer;
      const answer = packed(lines, 'application/jsonl', request, on);
      if (digest !== undefined) answer.headers.set('etag', `"${digest}"`);
      if (next !== null && next.length <= MAX_NEXT) answer.headers.set(NEXT_CURSOR_HEADER, next);
      return answer;
    }
  }
};

/** Text of JSON as an answer, packed where that gains something; `quick`: with gzip where it is taken. */
export const jsonAnswer = (
  text: string,
  request: Request,
  on: Parameters<typeof streamLines>[2],
  quick = false,
): Response => {
  if (text.length > MAX_AT_ONCE) return packed([text], 'application/json', request, on, quick);
  if (text.length < MIN_PACKED) {
    on.sent(Buffer.byteLength(text));
    return new Response(text, { headers: { 'content-type': 'application/json' } });
  }
  const coding = chooseCoding(request.headers.get('accept-encoding'), quick);
  const bytes = packShort(text, coding);
  on.sent(bytes.byteLength);
  return new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: packedHeaders('application/json', coding),
  });
};

const packed = (
  lines: Iterable<string> | AsyncIterable<string>,
  type: string,
  request: Request,
  on: Parameters<typeof streamLines>[2],
  quick = false,
): Response => {
  const coding = chooseCoding(request.headers.get('accept-encoding'), quick);
  return new Response(streamLines(lines, coding, on) as ReadableStream<Uint8Array>, {
    headers: packedHeaders(type, coding),
  });
};

const packedHeaders = (type: string, coding: ContentCoding): Record<string, string> => ({
  'content-type': type,
  vary: 'Accept-Encoding',
  ...(coding === 'identity' ? {} : { 'content-encoding': coding }),
});
