import { expect, test } from 'vitest';
import { cursorToPosition, type Origin, type Position, positionToCursor } from './position.ts';
import { cursorToToken, digestOfToken, tokenToCursor } from './token.ts';

const ORIGIN: Origin = {
  epoch: 'e'.repeat(36),
  generation: 4_000_000_000,
  lsn: '123456789012',
  at: 1_764_000_000_000,
};

/** A snapshot with 500 transactions in flight, at xids as an old cluster has them. */
const busy = (from: number): string => {
  const running = Array.from({ length: 500 }, (_, at) => 10_000_000_000 + from + at * 7);
  return `${running[0]}:${(running.at(-1) ?? 0) + 1}:${running.join(',')}`;
};
const position = (scopes: number, snapshotOf: (at: number) => string): Position => ({
  view: { 1: 'a'.repeat(16) },
  outcomes: snapshotOf(0),
  scopes: new Map(Array.from({ length: scopes }, (_, at) => [`store:${at}`, { s: snapshotOf(at) }] as const)),
});

test('[TRIAL-26] a cursor of fifty scopes says what they share once, and xids as differences', () => {
  const one = cursorToToken(
    positionToCursor(
      position(1, () => busy(0)),
      ORIGIN,
    ),
  );
  const fifty = cursorToToken(
    positionToCursor(
      position(50, () => busy(0)),
      ORIGIN,
    ),
  );
  expect(busy(0).length).toBeGreaterThan(5_000);
  expect(one.length).toBeLessThan(4_000);
  expect((fifty.length - one.length) / 49).toBeLessThan(40);
  // What goes into a header is its digest, whatever its size.
  expect(digestOfToken(fifty)).toHaveLength(32);
});

test('[TRIAL-26] nothing is lost by it', () => {
  const before = position(50, (at) => busy(Math.floor(at / 10)));
  expect(cursorToPosition(tokenToCursor(cursorToToken(positionToCursor(before, ORIGIN))))).toEqual(before);
});
