import type { Clock, Random } from './capabilities.ts';
import { sha256Text, toHex } from './digest.ts';

const MAX_MILLIS = 2 ** 48 - 1;

const withDashes = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;

const millisOf = (clock: Clock): number => Math.min(MAX_MILLIS, Math.max(0, Math.floor(clock.now())));

const uuidV7 = (millis: number, counter: number, random: Uint8Array): string => {
  const tail = random.slice(0, 8);
  tail[0] = (tail[0]! & 0x3f) | 0x80;
  const head = millis.toString(16).padStart(12, '0') + (0x7000 | counter).toString(16);
  return withDashes(head + toHex(tail));
};

/** A UUIDv7: its first 48 bits are the clock's UTC milliseconds, the rest is random. */
export const newUuidV7 = (clock: Clock, random: Random): string => {
  const bytes = random.bytes(10);
  return uuidV7(millisOf(clock), ((bytes[8]! << 8) | bytes[9]!) & 0xfff, bytes);
};

/**
 * UUIDv7s that rise one after the other, also within a millisecond and when the clock
 * falls back.
 */
export class UuidV7Source {
  readonly #clock: Clock;
  readonly #random: Random;
  #millis = -1;
  #counter = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  next(): string {
    const now = millisOf(this.#clock);
    const bytes = this.#random.bytes(10);
    if (now > this.#millis) {
      this.#millis = now;
      // The top bit starts clear, which leaves room for 2,048 more in this millisecond.
      this.#counter = ((bytes[8]! << 8) | bytes[9]!) & 0x7ff;
    } else if (this.#counter < 0xfff) {
      this.#counter++;
    } else {
      this.#millis++;
      this.#counter = 0;
    }
    return uuidV7(this.#millis, this.#counter, bytes);
  }
}

/**
 * A UUIDv8 that the same text always gives: for keys which a retry must make again
 * (rule 4), such as the new key of a row under `new-key`.
 */
export const derivedUuid = (seedText: string): string => {
  const hash = sha256Text(seedText).slice(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x80;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return withDashes(toHex(hash));
};
