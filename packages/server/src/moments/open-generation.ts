import { newUuidV7 } from '@satchel/core';
import { invariant, SatchelError } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import { AskedAhead } from '../postgres/asked-ahead.ts';
import type { Queryable, Transaction } from '../postgres/database.ts';
import { together } from '../postgres/together.ts';
import {
  currentPosition,
  GENERATION_COLUMNS,
  type Generation,
  type GenerationRow,
  generationOf,
  type Position,
  readStanding,
  type Standing,
} from './generation.ts';
import { isSameHistory, isSameRun } from './identity.ts';
import { noteMoment } from './note-moment.ts';

/** Serialises nodes that notice the same incident. */
const GENERATION_LOCK = 0x67656e;

/** How far versions jump: more than any history that was lost can have used. */
const VERSION_JUMP = 2 ** 32;
/** Generations are apart by up to so much: 2^21 of them fit a number. */
const GENERATION_GAP = 2 ** 32;

interface MomentRow {
  readonly lsn: string;
  readonly snapshot: string;
  /** It lies in this database's future: it was made in another cluster. */
  readonly foreign: boolean;
}

const NEWEST_MOMENT = `
select lsn::text as lsn, snapshot::text as snapshot,
  lsn > pg_current_wal_insert_lsn()
    or pg_snapshot_xmax(snapshot) > pg_snapshot_xmax(pg_current_snapshot()) as foreign
from satchel.moments order by moment_id desc limit 1`;

/**
 * Opens a new generation if the database is not the one that the newest was opened on,
 * or has none; the same epoch while the history is the same one. Any number of nodes
 * may call it. Versions jump ahead, so that a client that saw versions of a lost
 * history takes in what comes now.
 *
 * In a new epoch (a dump was restored) the transaction ids in the entries are those of
 * another cluster: they are stamped anew, and what was measured in them is forgotten.
 *
 * @throws `database_unavailable` on a standby, which cannot write: ask again
 */
export const openGeneration = async (ctx: ServerContext): Promise<Generation> => {
  const generation = await openOnce(ctx);
  // In a transaction of its own: this one's snapshot would call itself finished. With it
  // there is something that survives from the first second on.
  await ctx.db.transaction('write', async (tx) => {
    const position = await currentPosition(ctx, tx);
    if (position !== undefined) await noteMoment(tx, position.generation.generation, false);
  });
  return generation;
};

const openOnce = (ctx: ServerContext): Promise<Generation> =>
  ctx.db.transaction('write', async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [GENERATION_LOCK]);
    const standing = await readStanding(ctx.db, tx);
    const { stored, found } = standing;
    if (found.standby) throw new SatchelError('database_unavailable');
    if (stored !== undefined && isSameRun(stored.identity, found)) return stored.generation;

    const moment = (await tx.query<MomentRow>(NEWEST_MOMENT)).rows[0];
    const continues =
      stored !== undefined && isSameHistory(stored.identity, found) && moment?.foreign !== true;
    if (stored !== undefined) {
      await tx.query(`select setval('satchel.version', nextval('satchel.version') + $1)`, [VERSION_JUMP]);
    }
    if (stored !== undefined && !continues) await stampAnew(tx);
    const epoch = continues ? stored.generation.epoch : newUuidV7(ctx.clock, ctx.random);
    const generation = await insertGeneration(ctx, tx, standing, epoch, continues ? moment : undefined);
    ctx.log.info(
      { generation: generation.generation, epoch, sameHistory: continues, first: stored === undefined },
      'a new generation of the database begins',
    );
    return generation;
  });

const insertGeneration = async (
  ctx: ServerContext,
  tx: Transaction,
  { stored, found }: Standing,
  epoch: string,
  survived: MomentRow | undefined,
): Promise<Generation> => {
  const number = (stored?.generation.generation ?? 0) + 1 + Math.floor(ctx.random.next() * GENERATION_GAP);
  const { rows } = await tx.query<GenerationRow>(
    `insert into satchel.generations as g (generation, epoch, system_identifier, timeline, postmaster_start,
      moments_oid, survived_lsn, survived_snapshot, opened_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, satchel.now_ms())
    returning ${GENERATION_COLUMNS}`,
    [
      number,
      epoch,
      found.systemIdentifier,
      found.timeline,
      found.postmasterStart,
      found.momentsOid,
      survived?.lsn ?? null,
      survived?.snapshot ?? null,
    ],
  );
  const [row] = rows;
  invariant(row !== undefined, 'an insert returns its row');
  return generationOf(row);
};

/** Everything that holds transaction ids of the other history. */
const stampAnew = async (tx: Transaction): Promise<void> => {
  await tx.query('update satchel.entries set xid = pg_current_xact_id()');
  await tx.query('update satchel.mutations set xid = pg_current_xact_id()');
  await tx.query('delete from satchel.horizons');
  await tx.query('delete from satchel.hours');
  await tx.query('update satchel.clients set holds_below = null where holds_below is not null');
  await tx.query('delete from satchel.moments');
};

/**
 * Runs `work` in a read-only snapshot of which it is known where it stands; opens a
 * new generation first where one is due. What `ahead` asks leaves along with the
 * question where the snapshot stands: what `work` will ask in all likelihood.
 *
 * @example
 * ```ts
 * const page = await inGeneration(ctx, async (tx, position) => readPage(tx, position.snapshot));
 * await waitFlushed(ctx, position);
 * ```
 */
export const inGeneration = async <T>(
  ctx: ServerContext,
  work: (tx: Transaction, position: Position) => Promise<T>,
  ahead: (tx: Queryable) => Promise<unknown> = async () => {},
): Promise<T> => {
  for (;;) {
    const done = await ctx.db.transaction('snapshot', async (tx) => {
      const asked = new AskedAhead(tx);
      const [position] = await together([currentPosition(ctx, tx), ahead(asked.ahead)]);
      return position === undefined ? undefined : { result: await work(asked, position) };
    });
    if (done !== undefined) return done.result;
    await openGeneration(ctx);
  }
};
