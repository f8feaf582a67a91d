/*
 * The two conditions that are together exactly "not visible in a snapshot" (rule 41).
 *
 * Each names both bounds of a range, though one of them says nothing, and takes the
 * running transactions one by one. Of a range whose bounds it does not know PostgreSQL
 * expects 1 row in 200 and takes the index; of one bound alone, or of a list, it expects
 * a third and more, and the plan that it keeps for a prepared statement then reads the
 * whole table once for each scope (10,000 entries in 10 scopes: 9.5 ms instead of 0.07;
 * 100,000: 72 ms instead of 0.08).
 */

/** The transaction began after the snapshot, or is its `xmax`. */
export const beganAfter = (xid: string, xmax: string): string =>
  `${xid} >= ${xmax}::xid8 and ${xid} <= '${LAST_XID}'::xid8`;

/**
 * What `select` finds for each transaction that was running when the snapshot was taken:
 * `running` is its `xip`, all of which lie before `xmax`.
 */
export const ofRunning = (
  xid: string,
  running: string,
  xmax: string,
  select: (condition: string) => string,
): string =>
  `select found.* from unnest(${running}::xid8[]) as running(xid)
     cross join lateral (${select(
       `${xid} = running.xid and ${xid} >= '${FIRST_XID}'::xid8 and ${xid} < ${xmax}::xid8`,
     )} offset 0) found`;

/** Smaller numbers are no transactions. */
const FIRST_XID = '3';
const LAST_XID = '18446744073709551615';
