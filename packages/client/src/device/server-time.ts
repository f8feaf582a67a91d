import { readMeta, writeMeta } from '../database/meta.ts';
import type { EngineContext } from '../engine-context.ts';

/** Milliseconds by which the time that is kept may lag: live pages would write it several times a second. */
const MAX_LAG = 3_600_000;

/** Keeps what a page says of the server's clock. */
export const keepServerTime = (context: EngineContext, serverTime: number): void => {
  const kept = lastServerTime(context);
  if (kept === null || Math.abs(serverTime - kept) >= MAX_LAG)
    writeMeta(context.db, 'server-time', serverTime);
};

/** The server's clock as a page last told it, up to an hour earlier; `null` before the first page. */
export const lastServerTime = ({ db }: EngineContext): number | null => {
  const kept = readMeta(db, 'server-time');
  return typeof kept === 'number' ? kept : null;
};
