import { sha256 } from '@noble/hashes/sha2.js';
import { utf8Bytes } from './utf8.ts';

const HEX = '0123456789abcdef';

export const toHex = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += HEX[byte >> 4]! + HEX[byte & 15]!;
  return text;
};

export const sha256Text = (text: string): Uint8Array => sha256(utf8Bytes(text));

/** Hex digits of a digest: the first 16 of the 32 bytes. */
export const DIGEST_LENGTH = 32;

/** A digest of one text. @example digestText('abc') // 'ba7816bf8f01cfea414140de5dae2223' */
export const digestText = (text: string): string => toHex(sha256Text(text)).slice(0, DIGEST_LENGTH);

/** Takes in lines one by one, in an order that both sides share. */
export interface Digest {
  add(line: string): void;
  /** Lines taken in so far. */
  readonly lines: number;
  /** The digest; nothing may be added afterwards. */
  done(): string;
}

/** Texts are hashed in chunks of about this many characters. */
const CHUNK = 65_536;

/**
 * The digest of a set of rows in key order: the SHA-256 of its lines, each ended by a
 * line feed, as the first 32 hex digits. So in SQL it is
 * `left(encode(sha256(convert_to(string_agg(line || E'\n', '' order by key collate "C"), 'UTF8')), 'hex'), 32)`.
 */
export const newDigest = (): Digest => {
  const hash = sha256.create();
  let waiting = '';
  let lines = 0;
  return {
    add(line) {
      waiting += `${line}\n`;
      lines++;
      if (waiting.length >= CHUNK) {
        hash.update(utf8Bytes(waiting));
        waiting = '';
      }
    },
    get lines() {
      return lines;
    },
    done() {
      hash.update(utf8Bytes(waiting));
      return toHex(hash.digest()).slice(0, DIGEST_LENGTH);
    },
  };
};

/** The line of a row in a quick digest: what it is and which version of it. */
export const quickLine = (key: string, version: number): string => `${JSON.stringify(key)}:${version}`;
