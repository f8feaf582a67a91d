import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { makeTasks } from './rows.ts';

describe('the rows of the benchmarks', () => {
  it('[BENCH-01] are the same for the same seed, others for another, with keys of their own', () => {
    expect(makeTasks(50)).toEqual(makeTasks(50));
    expect(makeTasks(10)).toEqual(makeTasks(50).slice(0, 10));
    const ids = new Set([...makeTasks(500, 1), ...makeTasks(500, 2)].map(({ id }) => id));
    expect(ids.size).toBe(1_000);
  });

  it('[BENCH-02] have about 300 bytes as JSON and about 95 after gzip', () => {
    const text = JSON.stringify(makeTasks(2_000));
    expect(text.length / 2_000).toBeGreaterThan(285);
    expect(text.length / 2_000).toBeLessThan(315);
    const packed = gzipSync(text, { level: 1 }).length / 2_000;
    expect(packed).toBeGreaterThan(85);
    expect(packed).toBeLessThan(105);
  });
});
