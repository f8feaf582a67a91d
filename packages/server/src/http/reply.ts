import { pushResponseSchema } from '@satchel/protocol';
import { chooseCoding, streamLines } from './compression.ts';
import type { Metrics } from './metrics.ts';
import type { Reply, Route } from './route.ts';

/** Answers shorter than this many characters go as they are: packing them gains nothing. */
const MIN_PACKED = 1_024;

/** The HTTP answer of a route's reply. */
export const answerOf = (
  route: Route,
  reply: Reply<unknown>,
  request: Request,
  given: { readonly metrics: Metrics },
): Response => {
  const counted = (bytes: number) => given.metrics.sent(route.path, bytes);
  switch (reply.kind) {
    case 'json': {
      if (route.answer === 'PushResponse') countAnswers(reply.value, given.metrics);
      const text = JSON.stringify(reply.value);
      if (text.length < MIN_PACKED) {
        counted(Buffer.byteLength(text));
        return new Response(text, { headers: { 'content-type': 'application/json' } });
      }
      return packed([text], 'application/json', request, counted);
    }
    case 'pull': {
      if (reply.answer.kind === 'unchanged')
        return new Response(null, {
          status: 304,
          headers: reply.digest === null ? {} : { etag: `"${reply.digest}"` },
        });
      const { lines, digest } = reply.answer;
      const answer = packed(lines, 'application/jsonl', request, counted);
      if (digest !== undefined) answer.headers.set('etag', `"${digest}"`);
      return answer;
    }
  }
};

const packed = (
  lines: Iterable<string> | AsyncIterable<string>,
  type: string,
  request: Request,
  counted: (bytes: number) => void,
): Response => {
  const coding = chooseCoding(request.headers.get('accept-encoding'));
  const headers = new Headers({ 'content-type': type, vary: 'Accept-Encoding' });
  if (coding !== 'identity') headers.set('content-encoding', coding);
  return new Response(streamLines(lines, coding, counted) as ReadableStream<Uint8Array>, { headers });
};

const countAnswers = (value: unknown, metrics: Metrics): void => {
  const parsed = pushResponseSchema.safeParse(value);
  if (parsed.success) metrics.pushed(parsed.data);
};
