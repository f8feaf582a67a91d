import { describe, expect, test } from 'vitest';
import type { ServerContext } from '../context.ts';
import { inChunks } from './chunks.ts';
import type { Submitted } from './submitted.ts';

const submitted = (...sizes: number[]): Submitted[] =>
  sizes.map((size) => ({ changes: Array.from({ length: size }) }) as unknown as Submitted);

describe('parts of a batch', () => {
  test('[PUSH-15] shrink where the transaction before took long, so that each ends within a second', async () => {
    let now = 0;
    const ctx = { clock: { now: () => now } } as ServerContext;
    const took: number[] = [];
    for await (const chunk of inChunks(ctx, submitted(...Array.from({ length: 20_000 }, () => 1)))) {
      // Two changes a millisecond: 4,000 take two seconds.
      now += chunk.length / 2;
      took.push(chunk.length / 2);
    }
    expect(took[0]).toBe(2_000);
    expect(Math.max(...took.slice(1))).toBeLessThan(1_000);
    expect(took.reduce((sum, one) => sum + one, 0)).toBe(10_000);
  });

  test('[PUSH-15] a mutation is never cut', async () => {
    const ctx = { clock: { now: () => 0 } } as ServerContext;
    const sizes: number[][] = [];
    for await (const chunk of inChunks(ctx, submitted(3_000, 3_000, 9_000, 1))) {
      sizes.push(chunk.map(({ changes }) => changes.length));
    }
    expect(sizes).toEqual([[3_000], [3_000], [9_000, 1]]);
  });
});
