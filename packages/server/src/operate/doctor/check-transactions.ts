import type { Finding } from '../finding.ts';
import type { DoctorCase } from './doctor-case.ts';

/** Transactions by which a slot may lag. */
const SLOT_LAG = 1_000_000;

/**
 * What holds back vacuum and makes every delta list more transactions: old open
 * transactions (with who holds them), prepared ones, replication slots.
 */
export const checkTransactions = async ({ db, oldTransaction }: DoctorCase): Promise<readonly Finding[]> => {
  const { rows: sessions } = await db.query<{
    pid: number;
    application: string | null;
    user_name: string | null;
    state: string | null;
    seconds: number;
  }>(
    `select pid, application_name as application, usename as user_name, state,
            extract(epoch from clock_timestamp() - xact_start)::int as seconds
       from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
        and xact_start < clock_timestamp() - make_interval(secs => $1)
        and (backend_xid is not null or backend_xmin is not null)
      order by xact_start`,
    [oldTransaction],
  );
  const { rows: prepared } = await db.query<{ gid: string; seconds: number }>(
    `select gid, extract(epoch from clock_timestamp() - prepared)::int as seconds from pg_prepared_xacts
      where database = current_database() and prepared < clock_timestamp() - make_interval(secs => $1)
      order by prepared`,
    [oldTransaction],
  );
  const { rows: slots } = await db.query<{ slot_name: string; active: boolean; lag: number }>(
    `select slot_name, active, greatest(age(xmin), age(catalog_xmin)) as lag from pg_replication_slots
      where greatest(age(xmin), age(catalog_xmin)) > $1 order by slot_name`,
    [SLOT_LAG],
  );
  return [
    ...sessions.map(
      (session): Finding => ({
        code: 'transaction-old',
        severity: 'warning',
        where: `process ${session.pid}`,
        what: `${session.user_name ?? 'Somebody'} (${session.application || 'no name'}) has had a transaction open for ${minutes(session.seconds)}, ${session.state ?? 'state unknown'}. Nothing is lost, but vacuum waits for it.`,
        remedy: `End it in that program, or: select pg_terminate_backend(${session.pid}).`,
      }),
    ),
    ...prepared.map(
      ({ gid, seconds }): Finding => ({
        code: 'prepared-transaction',
        severity: 'warning',
        where: gid,
        what: `A prepared transaction has waited for ${minutes(seconds)}; it outlives restarts, and vacuum waits for it.`,
        remedy: 'Commit or roll it back by its name.',
      }),
    ),
    ...slots.map(
      ({ slot_name, active, lag }): Finding => ({
        code: 'slot-holds-back',
        severity: 'warning',
        where: slot_name,
        what: `A replication slot (${active ? 'in use' : 'not in use'}) is ${lag} transactions behind; vacuum waits for it.`,
        remedy: 'Let its reader catch up, or drop it.',
      }),
    ),
  ];
};

const minutes = (seconds: number): string => `${Math.floor(seconds / 60)} min`;
