import type { Position as Moment } from '../moments/generation.ts';
import { type CursorJudgement, judgeCursor } from '../moments/judge-cursor.ts';
import type { Queryable } from '../postgres/database.ts';
import { cursorToPosition, type Origin, type Position } from './position.ts';
import { digestOfToken, tokenToCursor } from './token.ts';

/** What a client stands at, and what the server's history says of it. */
export interface Standing {
  /** `null` for a client that has nothing. */
  readonly position: Position | null;
  readonly judgement: CursorJudgement;
  /** Digest of its cursor. */
  readonly digest: string | null;
  /** Where its newest snapshot was taken. */
  readonly origin: Origin | null;
}

/** A client that has nothing. */
export const NOTHING: Standing = {
  position: null,
  judgement: { kind: 'valid' },
  digest: null,
  origin: null,
};

/** What a token says, judged in the transaction of `moment`. Throws `cursor_invalid`. */
export const readStanding = async (
  tx: Queryable,
  moment: Moment,
  token: string | null,
): Promise<Standing> => {
  if (token === null) return NOTHING;
  const cursor = tokenToCursor(token);
  const { epoch, generation, lsn, at } = cursor;
  return {
    position: cursorToPosition(cursor),
    judgement: await judgeCursor(tx, moment, { epoch, generation, lsn: BigInt(lsn) }),
    digest: digestOfToken(token),
    origin: { epoch, generation, lsn, at },
  };
};

/** Where a page is read. */
export const originOf = ({ generation, lsn, at }: Moment): Origin => ({
  epoch: generation.epoch,
  generation: generation.generation,
  lsn: String(lsn),
  at,
});
