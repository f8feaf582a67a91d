import type { ServerContext } from '../context.ts';
import type { Transaction } from '../postgres/database.ts';
import type { Here, Standing } from './page.ts';
import { cursorToPosition } from './position.ts';
import { digestOfToken, tokenToCursor } from './token.ts';

/** The snapshot of the transaction, and the history that it belongs to. */
export const readHere = async (ctx: ServerContext, tx: Transaction): Promise<Here> => {
  const { rows } = await tx.query<{ snapshot: string; lsn: string }>(
    `select pg_current_snapshot()::text as snapshot, (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text as lsn`,
    [],
    'here',
  );
  return { ...rows[0]!, epoch: 'e', generation: 1, at: ctx.clock.now() };
};

/** What a token says, and what the server's history says of it. Throws `cursor_invalid`. */
export const readStanding = async (
  _ctx: ServerContext,
  _tx: Transaction,
  token: string | null,
): Promise<Standing> => {
  if (token === null) return { position: null, judgement: { kind: 'valid' }, digest: null, origin: null };
  const cursor = tokenToCursor(token);
  const { epoch, generation, lsn, at } = cursor;
  return {
    position: cursorToPosition(cursor),
    judgement: { kind: 'valid' },
    digest: digestOfToken(token),
    origin: { epoch, generation, lsn, at },
  };
};
