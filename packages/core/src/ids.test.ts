import { isUuid } from '@satchel/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Random } from './capabilities.ts';
import { derivedUuid, newUuidV7, UuidV7Source } from './ids.ts';

/** A small deterministic generator, enough to fill bytes. */
const seeded = (seed: number): Random => {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return { next, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)) };
};

test('[CORE-ID-01] a UUIDv7 holds the milliseconds, its version and its variant', () => {
  const id = newUuidV7({ now: () => 0x0123456789ab }, seeded(1));
  expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(isUuid(id)).toBe(true);
});

test('[CORE-ID-01] the same clock and random numbers give the same id', () => {
  const clock = { now: () => 1_700_000_000_000 };
  expect(newUuidV7(clock, seeded(7))).toBe(newUuidV7(clock, seeded(7)));
});

test('[CORE-ID-02] ids of one source rise, whatever the clock does', () => {
  const moves = fc.array(fc.integer({ min: -1_000_000, max: 1_000 }), { maxLength: 50 });
  fc.assert(
    fc.property(moves, fc.integer(), (steps, seed) => {
      let now = 1_700_000_000_000;
      const source = new UuidV7Source({ now: () => now }, seeded(seed));
      let last = source.next();
      for (const step of steps) {
        now += step;
        const id = source.next();
        expect(id > last).toBe(true);
        expect(isUuid(id)).toBe(true);
        last = id;
      }
    }),
  );
});

test('[CORE-ID-02] ids rise within one millisecond beyond what its counter holds', () => {
  const source = new UuidV7Source({ now: () => 5 }, seeded(3));
  let last = source.next();
  for (let index = 0; index < 10_000; index++) {
    const id = source.next();
    expect(id > last).toBe(true);
    last = id;
  }
});

test('[CORE-ID-03] a derived id depends on its text alone', () => {
  expect(derivedUuid('a')).toBe(derivedUuid('a'));
  expect(derivedUuid('a')).not.toBe(derivedUuid('b'));
  expect(derivedUuid('abc')).toBe('ba7816bf-8f01-8fea-8141-40de5dae2223');
});
