import { invariant } from '@satchel/protocol';
import type { Queryable } from '../postgres/database.ts';

/** What tells one run of one history of a database from another (rule 44). */
export interface Identity {
  /**
   * Of the cluster, given at initdb and kept by physical copies (`-` where the role may
   * not read it), then the oid of the database: a copy by CREATE DATABASE … TEMPLATE has
   * another.
   */
  readonly systemIdentifier: string;
  /** Rises with each promotion and each recovery to a point in time. */
  readonly timeline: number;
  /** Text of a timestamptz; another after each restart, so after every put-back data directory too. */
  readonly postmasterStart: string;
  /** A restored dump has another. */
  readonly momentsOid: string;
  /** A standby: it takes no writes, and its snapshots lack the transactions in progress. */
  readonly standby: boolean;
}

/** Where a role may not call pg_control_system(), the rest of the identity has to do. */
const MAY_READ = `select has_function_privilege('pg_catalog.pg_control_system()', 'execute') as may`;

/** PostgreSQL checks the right to a function when a statement begins, so it is left out of the text. */
export const identityColumns = (mayReadControl: boolean): string => `
  ${mayReadControl ? '(select c.system_identifier::text from pg_control_system() c)' : `'-'::text`}
    || '/' || (select d.oid::text from pg_database d where d.datname = current_database()) as system_identifier,
  case when pg_is_in_recovery() then 0
    else ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int end as timeline,
  pg_postmaster_start_time()::text as postmaster_start,
  'satchel.moments'::regclass::oid::text as moments_oid,
  pg_is_in_recovery() as standby`;

export interface IdentityRow {
  readonly system_identifier: string;
  readonly timeline: number;
  readonly postmaster_start: string;
  readonly moments_oid: string;
  readonly standby: boolean;
}

export const identityOf = (row: IdentityRow): Identity => ({
  systemIdentifier: row.system_identifier,
  timeline: row.timeline,
  postmasterStart: row.postmaster_start,
  momentsOid: row.moments_oid,
  standby: row.standby,
});

/** Rights of our role do not change under way: asked once for each pool. */
const rights = new WeakMap<object, boolean>();

/** What is known of it already, so that whoever asks next need not wait a turn. */
export const knownToReadControl = (pool: object): boolean | undefined => rights.get(pool);

/**
 * Whether the role may read the system identifier. `pool` stands for its connections;
 * the question is put on `tx`, which has one of them.
 */
export const mayReadControl = async (pool: object, tx: Queryable): Promise<boolean> => {
  const known = rights.get(pool);
  if (known !== undefined) return known;
  const { rows } = await tx.query<{ may: boolean }>(MAY_READ);
  const may = rows[0]?.may === true;
  rights.set(pool, may);
  return may;
};

export const readIdentity = async (pool: Queryable): Promise<Identity> => {
  const { rows } = await pool.query<IdentityRow>(
    `select ${identityColumns(await mayReadControl(pool, pool))}`,
  );
  const [row] = rows;
  invariant(row !== undefined, 'a select without FROM gives one row');
  return identityOf(row);
};

/** The same run of the same history. A standby shares it with its primary, whose start it does not know. */
export const isSameRun = (stored: Identity, found: Identity): boolean =>
  stored.systemIdentifier === found.systemIdentifier &&
  stored.momentsOid === found.momentsOid &&
  (found.standby || (stored.timeline === found.timeline && stored.postmasterStart === found.postmasterStart));

/** The same history, at whatever point of it: its transaction ids and log positions still mean the same. */
export const isSameHistory = (stored: Identity, found: Identity): boolean =>
  stored.systemIdentifier === found.systemIdentifier && stored.momentsOid === found.momentsOid;
