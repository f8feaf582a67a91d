import type { Queryable } from '../postgres/database.ts';

/** A point of this history that a cursor may be made from. */
export interface Moment {
  readonly generation: number;
  /** UTC milliseconds. */
  readonly at: number;
  /** WAL bytes; on disk. */
  readonly lsn: bigint;
  /** Text of `pg_snapshot`. */
  readonly snapshot: string;
}

export interface MomentRow {
  readonly generation: number;
  readonly at: number;
  readonly lsn: string;
  readonly snapshot: string;
}

export const MOMENT_COLUMNS = `m.generation, m.at, (m.lsn - '0/0'::pg_lsn)::text as lsn, m.snapshot::text as snapshot`;

export const momentOf = (row: MomentRow): Moment => ({ ...row, lsn: BigInt(row.lsn) });

/** Milliseconds between two moments; a crash takes back at most so much that was handed out. */
export const MOMENT_EVERY = 1_000;

/**
 * The statement's snapshot is taken before it gets a transaction id, so the moment does
 * not call itself finished; the log's position is read after the snapshot.
 * Nothing happened since the newest moment when no transaction ended but its own.
 */
const RECORD = `
insert into satchel.moments as m (generation, at, lsn, snapshot)
select $1, satchel.now_ms(), pg_current_wal_insert_lsn(), pg_current_snapshot()
where $2 or not exists (
  select from (select at, generation, snapshot from satchel.moments order by moment_id desc limit 1) n
  where n.generation = $1
    and (n.at > satchel.now_ms() - $3
      or pg_snapshot_xmax(pg_current_snapshot())::text::numeric <= pg_snapshot_xmax(n.snapshot)::text::numeric + 1
        and array(select pg_snapshot_xip(pg_current_snapshot())) = array(select pg_snapshot_xip(n.snapshot))))
returning ${MOMENT_COLUMNS}`;

/**
 * Notes a moment of the generation, which the caller has checked in the same
 * transaction without writing anything. `undefined` when nothing has happened and
 * `force` is not set.
 */
export const noteMoment = async (
  tx: Queryable,
  generation: number,
  force: boolean,
): Promise<Moment | undefined> => {
  const { rows } = await tx.query<MomentRow>(RECORD, [generation, force, MOMENT_EVERY], 'moments_record');
  return rows.map(momentOf)[0];
};
