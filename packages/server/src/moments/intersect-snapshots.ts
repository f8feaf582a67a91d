import type { Snapshot } from '@satchel/core';

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/**
 * The snapshot that calls finished what both do: what a cursor that is taken back to a
 * moment may keep. Never just the older of the two: a scope's snapshot may lie before
 * the moment, and what came between would be skipped.
 */
export const intersectSnapshots = (a: Snapshot, b: Snapshot): Snapshot => {
  const xmax = min(a.xmax, b.xmax);
  const xip = [...new Set([...a.xip, ...b.xip])].filter((xid) => xid < xmax).sort((x, y) => (x < y ? -1 : 1));
  return { xmin: xip[0] ?? xmax, xmax, xip };
};
