import { SatchelError } from '@satchel/protocol';

/**
 * A `pg_snapshot`: which transactions had finished when it was taken. All below `xmin`
 * had; none from `xmax` on; between them all but those in `xip`.
 */
export interface Snapshot {
  readonly xmin: bigint;
  readonly xmax: bigint;
  /** Transactions in progress, ascending, from `xmin` to below `xmax`. */
  readonly xip: readonly bigint[];
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

const parse = (text: string, absolute: boolean): Snapshot => {
  const match = /^(\d{1,20}):(\d{1,20}):((?:\d{1,20}(?:,\d{1,20})*)?)$/.exec(text);
  if (!match) throw new SatchelError('cursor_invalid');
  const xmin = BigInt(match[1]!);
  const from = absolute ? 0n : xmin;
  const xmax = from + BigInt(match[2]!);
  const xip = match[3] === '' ? [] : match[3]!.split(',').map((part) => from + BigInt(part));
  xip.sort(ascending);
  // PostgreSQL knows no transaction 0, and refuses a snapshot that names it.
  if (xmin === 0n || xmax < xmin || xip.some((xid) => xid < xmin || xid >= xmax))
    throw new SatchelError('cursor_invalid');
  return { xmin, xmax, xip };
};

/** Reads `xmin:xmax:xip,…`. Throws `cursor_invalid`: such texts also come in from clients. */
export const parseSnapshot = (text: string): Snapshot => parse(text, true);

export const formatSnapshot = ({ xmin, xmax, xip }: Snapshot): string => `${xmin}:${xmax}:${xip.join(',')}`;

/**
 * The text of a snapshot inside a cursor: xmax and xip as differences from xmin, so that
 * many transactions in progress take two or three characters each.
 */
export const packSnapshot = ({ xmin, xmax, xip }: Snapshot): string =>
  `${xmin}:${xmax - xmin}:${xip.map((xid) => xid - xmin).join(',')}`;

/** Reads what `packSnapshot` wrote. Throws `cursor_invalid`. */
export const unpackSnapshot = (text: string): Snapshot => parse(text, false);

const holds = (xids: readonly bigint[], wanted: bigint): boolean => {
  let low = 0;
  let high = xids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xids[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return xids[low] === wanted;
};

/** Whether the snapshot calls the transaction finished. */
export const isVisible = (snapshot: Snapshot, xid: bigint): boolean =>
  xid < snapshot.xmin || (xid < snapshot.xmax && !holds(snapshot.xip, xid));

/**
 * Whether a cursor's snapshot has everything that the horizon has: nothing that is
 * visible in `horizon` is invisible in `cursor` (rule 46). If not, entries that the
 * client still needs may have been pruned: reset the scope.
 */
export const covers = (cursor: Snapshot, horizon: Snapshot): boolean => {
  if (cursor.xmin >= horizon.xmax) return true;
  // What the cursor does not know of, from its xmax to below the horizon's, must all be in progress there,
  if (cursor.xmax < horizon.xmax) {
    const unfinished = horizon.xip.filter((xid) => xid >= cursor.xmax).length;
    if (BigInt(unfinished) !== horizon.xmax - cursor.xmax) return false;
  }
  // and so must what it knows to be in progress.
  return cursor.xip.every((xid) => !isVisible(horizon, xid));
};

/**
 * The form that loses nothing though its in-progress list is unknown: a snapshot taken
 * on a standby (rule 42). The next delta may repeat rows.
 */
export const floorSnapshot = ({ xmin }: Snapshot): Snapshot => ({ xmin, xmax: xmin, xip: [] });
