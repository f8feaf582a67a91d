import { invariant } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Queryable, Transaction } from '../postgres/database.ts';
import {
  type Identity,
  type IdentityRow,
  identityColumns,
  identityOf,
  isSameRun,
  knownToReadControl,
  mayReadControl,
} from './identity.ts';

/**
 * A stretch of this database's history between two incidents (a restart, a failover, a
 * data directory put back). Within it no transaction id means two things.
 */
export interface Generation {
  /** Rises, with random gaps: a history that was lost may have had generations of its own, and none may share a number. */
  readonly generation: number;
  /** The history: another one knows nothing of this one's transaction ids. */
  readonly epoch: string;
  /** WAL position in bytes up to which the generation before is known to be here; null for an epoch's first. */
  readonly survivedLsn: bigint | null;
  /** `pg_snapshot` of the newest moment that survived. */
  readonly survivedSnapshot: string | null;
}

export interface GenerationRow {
  readonly generation: number;
  readonly epoch: string;
  readonly survived_lsn: string | null;
  readonly survived_snapshot: string | null;
}

export const GENERATION_COLUMNS = `g.generation, g.epoch,
  (g.survived_lsn - '0/0'::pg_lsn)::text as survived_lsn, g.survived_snapshot::text as survived_snapshot`;

export const generationOf = (row: GenerationRow): Generation => ({
  generation: row.generation,
  epoch: row.epoch,
  survivedLsn: row.survived_lsn === null ? null : BigInt(row.survived_lsn),
  survivedSnapshot: row.survived_snapshot,
});

/** Where a transaction stands: which generation, what it sees, and how far the log was then. */
export interface Position {
  readonly generation: Generation;
  /** Text of `pg_snapshot`. On a standby `xmin:xmin:`: complete, but the next delta may repeat rows (rule 42). */
  readonly snapshot: string;
  /** WAL bytes, read after the snapshot: hand the snapshot out once this is on disk (`waitFlushed`). */
  readonly lsn: bigint;
  /** The same had already been flushed when it was read. */
  readonly flushed: boolean;
  /** UTC milliseconds. */
  readonly at: number;
  readonly standby: boolean;
}

export interface Standing {
  readonly found: Identity;
  /** The newest generation, and the identity under which it was opened; absent in a new database. */
  readonly stored?: { readonly generation: Generation; readonly identity: Identity };
  readonly position: Omit<Position, 'generation'>;
}

type StandingRow = IdentityRow & {
  readonly snapshot: string;
  readonly lsn: string;
  readonly flushed: boolean;
  readonly at: number;
  readonly own_xid: string | null;
  readonly generation: number | null;
  readonly epoch: string;
  readonly survived_lsn: string | null;
  readonly survived_snapshot: string | null;
  readonly stored_system_identifier: string;
  readonly stored_timeline: number;
  readonly stored_postmaster_start: string;
  readonly stored_moments_oid: string;
};

/** The snapshot is the statement's or the transaction's own, so the log's position, a volatile call, is read after it. */
const standingText = (mayRead: boolean): string => `
select ${identityColumns(mayRead)},
  case when pg_is_in_recovery()
    then pg_snapshot_xmin(pg_current_snapshot())::text || ':' || pg_snapshot_xmin(pg_current_snapshot())::text || ':'
    else pg_current_snapshot()::text end as snapshot,
  (l.lsn - '0/0'::pg_lsn)::text as lsn,
  case when pg_is_in_recovery() then true else l.lsn <= pg_current_wal_flush_lsn() end as flushed,
  satchel.now_ms() as at,
  pg_current_xact_id_if_assigned()::text as own_xid,
  ${GENERATION_COLUMNS},
  g.system_identifier as stored_system_identifier, g.timeline as stored_timeline,
  g.postmaster_start::text as stored_postmaster_start, g.moments_oid::text as stored_moments_oid
from (
  select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end as lsn
  offset 0
) l
left join lateral (
  select generation, epoch, survived_lsn, survived_snapshot, system_identifier, timeline, postmaster_start, moments_oid
  from satchel.generations order by generation desc limit 1
) g on true`;

/** `pool` stands for the connections of our role. */
export const readStanding = async (pool: object, tx: Queryable): Promise<Standing> => {
  const mayRead = knownToReadControl(pool) ?? (await mayReadControl(pool, tx));
  const { rows } = await tx.query<StandingRow>(
    standingText(mayRead),
    [],
    mayRead ? 'moments_standing' : 'moments_standing_without_control',
  );
  const [row] = rows;
  invariant(row !== undefined, 'a left join of one row gives one row');
  invariant(
    row.own_xid === null,
    'a cursor is minted in a transaction that has written: it would see itself',
  );
  return {
    found: identityOf(row),
    position: {
      snapshot: row.snapshot,
      lsn: BigInt(row.lsn),
      flushed: row.flushed,
      at: row.at,
      standby: row.standby,
    },
    ...(row.generation === null
      ? {}
      : {
          stored: {
            generation: generationOf({ ...row, generation: row.generation }),
            identity: {
              systemIdentifier: row.stored_system_identifier,
              timeline: row.stored_timeline,
              postmasterStart: row.stored_postmaster_start,
              momentsOid: row.stored_moments_oid,
              standby: false,
            },
          },
        }),
  };
};

/**
 * Where the transaction stands, as its first statement or any later one before it
 * writes. `undefined` when the database is not what the newest generation was opened
 * on: leave the transaction, call `openGeneration`, begin again (`inGeneration` does).
 */
export const currentPosition = async (ctx: ServerContext, tx: Transaction): Promise<Position | undefined> => {
  const { found, stored, position } = await readStanding(ctx.db, tx);
  if (stored === undefined || !isSameRun(stored.identity, found)) return undefined;
  return { generation: stored.generation, ...position };
};
