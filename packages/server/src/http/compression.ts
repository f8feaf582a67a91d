import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';

export type ContentCoding = 'br' | 'gzip' | 'identity';

/** Brotli 4 where it is taken, else gzip 1; `q=0` refuses one. */
export const chooseCoding = (acceptEncoding: string | null): ContentCoding => {
  const weights = new Map<string, number>();
  for (const part of (acceptEncoding ?? '').split(',')) {
    const [name, ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    if (name === undefined || name === '') continue;
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    weights.set(name, Number.isFinite(weight) ? weight : 0);
  }
  const weightOf = (name: string): number => weights.get(name) ?? weights.get('*') ?? 0;
  const br = weightOf('br');
  const gzip = weightOf('gzip');
  if (br > 0 && br >= gzip) return 'br';
  return gzip > 0 ? 'gzip' : 'identity';
};

/** Bytes handed to the compressor at a time. */
const CHUNK = 65_536;

/**
 * Lines as a stream of bytes, one `\n` after each, compressed. A line is pulled only
 * when the reader has room, so a slow phone holds a chunk, not an answer. A failing
 * source tears the stream: the reader must never take a cut page for a whole one.
 */
export const streamLines = (
  lines: Iterable<string> | AsyncIterable<string>,
  coding: ContentCoding,
  counted: (bytes: number) => void,
): ReadableStream<Uint8Array> => {
  const source = Readable.from(gather(lines), { objectMode: false, highWaterMark: CHUNK });
  const packed = coding === 'identity' ? source : source.compose(compressor(coding));
  packed.on('data', (chunk: Uint8Array) => counted(chunk.byteLength));
  packed.pause();
  return Readable.toWeb(packed, {
    strategy: new ByteLengthQueuingStrategy({ highWaterMark: CHUNK }),
  }) as ReadableStream<Uint8Array>;
};

const compressor = (coding: 'br' | 'gzip') =>
  coding === 'br'
    ? createBrotliCompress({
        params: {
          [constants.BROTLI_PARAM_QUALITY]: 4,
          [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        },
      })
    : createGzip({ level: 1 });

async function* gather(lines: Iterable<string> | AsyncIterable<string>): AsyncGenerator<Buffer> {
  let parts: string[] = [];
  let size = 0;
  for await (const line of lines) {
    parts.push(line, '\n');
    size += line.length + 1;
    if (size >= CHUNK) {
      yield Buffer.from(parts.join(''), 'utf8');
      parts = [];
      size = 0;
    }
  }
  if (size > 0) yield Buffer.from(parts.join(''), 'utf8');
}
