import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { SatchelError } from '@satchel/protocol';

export interface ReadBody {
  readonly text: string;
  /** Bytes on the wire, before decompression. */
  readonly received: number;
}

/**
 * The text of a request's body: decompressed, at most `limit` bytes before and after,
 * strict UTF-8. Reading stops at the limit, so a bomb costs no more than the limit.
 *
 * Fails with `media_type` (not JSON, or an encoding that is not taken), `body_too_large`,
 * `body_encoding` (broken or cut compression) or `body_not_json` (not UTF-8, or cut).
 */
export const readBody = async (request: Request, limit: number): Promise<ReadBody> => {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new SatchelError('media_type');
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > limit) throw new SatchelError('body_too_large', { limit });
  const decoder = decoderOf(request.headers.get('content-encoding'));
  if (request.body === null) return { text: '', received: 0 };

  const stream = Readable.fromWeb(request.body as ReadableStream);
  let received = 0;
  stream.on('data', (chunk: Uint8Array) => {
    received += chunk.byteLength;
    if (received > limit) stream.destroy(new SatchelError('body_too_large', { limit }));
  });
  if (decoder === null) return { text: toText(await collect(stream, limit)), received };

  stream.on('error', (error) => decoder.destroy(error));
  stream.pipe(decoder);
  try {
    const text = toText(await collect(decoder, limit));
    return { text, received };
  } catch (cause) {
    if (cause instanceof SatchelError) throw cause;
    throw new SatchelError('body_encoding', {}, { cause });
  } finally {
    stream.destroy();
    decoder.destroy();
  }
};

const decoderOf = (encoding: string | null) => {
  switch (encoding?.trim().toLowerCase() ?? 'identity') {
    case 'identity':
    case '':
      return null;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      throw new SatchelError('media_type');
  }
};

const collect = async (stream: Readable, limit: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      if (bytes > limit) throw new SatchelError('body_too_large', { limit });
      chunks.push(chunk);
    }
  } finally {
    stream.destroy();
  }
  return Buffer.concat(chunks, bytes);
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

const toText = (bytes: Buffer): string => {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new SatchelError('body_not_json', {}, { cause });
  }
};
