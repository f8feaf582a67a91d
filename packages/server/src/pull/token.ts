import { createHash } from 'node:crypto';
import { type Cursor, decodeCursor, encodeCursor, SatchelError, type TokenCodec } from '@satchel/protocol';

const codec: TokenCodec = {
  encode: (text) => Buffer.from(text, 'utf8').toString('base64url'),
  decode: (token) => Buffer.from(token, 'base64url').toString('utf8'),
};

/** A cursor as the client keeps it. */
export const cursorToToken = (cursor: Cursor): string => encodeCursor(cursor, codec);

/** Throws `cursor_invalid` for anything that this server did not make. */
export const tokenToCursor = (token: string): Cursor => {
  const cursor = decodeCursor(token, codec);
  if (!cursor) throw new SatchelError('cursor_invalid');
  return cursor;
};

/** What names a token in `head.from` and `If-None-Match`: the first 16 bytes of its sha-256, in hex. */
export const digestOfToken = (token: string): string =>
  createHash('sha256').update(token).digest('hex').slice(0, 32);
