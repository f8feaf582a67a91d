import { SatchelError } from '@satchel/protocol';
import { checkDatabase, type DatabaseProblem } from '../../postgres/capabilities.ts';
import { pendingMigrations } from '../../postgres/migrate.ts';
import type { Finding } from '../finding.ts';
import type { DoctorCase } from './doctor-case.ts';

const OLDEST = 150_000;
/** Transactions of the oldest table after which wraparound is worth a word: half of what PostgreSQL can bear. */
const OLD_AGE = 1_000_000_000;
/** Milliseconds. */
const CLOCK_TOLERANCE = 5_000;

/** The server itself: version, role in replication, settings that give up durability, clock, size, migrations. */
export const checkPostgres = async ({ db, clock }: DoctorCase): Promise<readonly Finding[]> => {
  const before = clock.now();
  const { rows } = await db.query<ServerFacts>(FACTS);
  const after = clock.now();
  const facts = rows[0];
  if (facts === undefined) return [];
  const findings: Finding[] = [];
  if (facts.version < OLDEST)
    findings.push({
      code: 'postgres-too-old',
      severity: 'error',
      where: 'PostgreSQL',
      what: `Version ${facts.version_text} is older than 15.`,
      remedy: 'Move to PostgreSQL 15 or later.',
    });
  // Whichever moment within the round trip the server's clock was read at.
  const offset = facts.now < before ? facts.now - before : facts.now > after ? facts.now - after : 0;
  if (Math.abs(offset) > CLOCK_TOLERANCE)
    findings.push({
      code: 'clock-differs',
      severity: 'warning',
      where: 'clock',
      what: `PostgreSQL's clock is ${offset > 0 ? 'ahead of' : 'behind'} this machine's by ${Math.round(Math.abs(offset) / 1000)} s.`,
      remedy: 'Let both keep time by NTP: latest-wins and earliest-wins compare their stamps.',
    });
  if (facts.oldest_age > OLD_AGE)
    findings.push({
      code: 'wraparound-near',
      severity: 'warning',
      where: 'PostgreSQL',
      what: `The oldest unfrozen row is ${facts.oldest_age} transactions old.`,
      remedy: 'See that autovacuum runs and that nothing holds it back.',
    });
  findings.push({
    code: 'database-size',
    severity: 'note',
    where: 'PostgreSQL',
    what: `Version ${facts.version_text}; the database takes ${Math.ceil(facts.bytes / 1e6)} MB, Satchel's own tables ${Math.ceil(facts.satchel_bytes / 1e6)} MB of it.`,
    remedy: 'Nothing.',
  });
  return [...findings, ...(await checkCapabilities({ db })), ...(await checkMigrations({ db }))];
};

const checkCapabilities = async ({ db }: Pick<DoctorCase, 'db'>): Promise<Finding[]> =>
  (await checkDatabase(db)).map(({ kind, detail }) => ({ code: kind, where: detail, ...CAPABILITIES[kind] }));

const CAPABILITIES: Readonly<Record<DatabaseProblem['kind'], Pick<Finding, 'severity' | 'what' | 'remedy'>>> =
  {
    encoding: {
      severity: 'error',
      what: 'Text is not kept in UTF-8: some of it could not be stored.',
      remedy: 'Create the database with encoding UTF8.',
    },
    standby: {
      severity: 'error',
      what: 'This is a replica: its snapshots do not list the transactions in progress, and it takes no writes.',
      remedy: 'Point Satchel at the primary.',
    },
    'schema-denied': {
      severity: 'error',
      what: 'Schema satchel is not there and the role may not make it.',
      remedy: 'grant create on the database to the role, or make the schema for it.',
    },
    'tables-denied': {
      severity: 'warning',
      what: 'The role may not make tables in schema public.',
      remedy: 'grant create on schema public to the role, or let another one run satchel migrate.',
    },
    'identity-denied': {
      severity: 'warning',
      what: "The role may not read the server's identity: a data directory that was put back may be noticed later than it could.",
      remedy: 'grant execute on these functions to the role (or give it pg_monitor).',
    },
    'not-durable': {
      severity: 'error',
      what: 'A crash of the machine can lose or damage what was acknowledged.',
      remedy: 'Set fsync and full_page_writes to on.',
    },
    'role-name': {
      severity: 'warning',
      what: "Sessions of this role look into schema satchel first: plain SQL without a schema may meet Satchel's tables.",
      remedy: 'Give the role another name, or set its search_path to public.',
    },
  };

const checkMigrations = async ({ db }: Pick<DoctorCase, 'db'>): Promise<Finding[]> => {
  try {
    const pending = await pendingMigrations(db);
    return pending.map((name) => ({
      code: 'migrations-pending',
      severity: 'error',
      where: name,
      what: 'This migration has not run.',
      remedy: 'Run satchel migrate.',
    }));
  } catch (error) {
    if (!(error instanceof SatchelError)) throw error;
    return [
      {
        code: 'migrations-unfit',
        severity: 'error',
        where: 'satchel.migrations',
        what: error.message,
        remedy: 'Run the version of Satchel that the database was migrated by.',
      },
    ];
  }
};

interface ServerFacts {
  readonly version: number;
  readonly version_text: string;
  readonly now: number;
  readonly bytes: number;
  readonly satchel_bytes: number;
  readonly oldest_age: number;
}

const FACTS = `
select current_setting('server_version_num')::int as version,
  current_setting('server_version') as version_text,
  floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now,
  pg_database_size(current_database()) as bytes,
  coalesce((select sum(pg_total_relation_size(c.oid)) from pg_class c
             join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'satchel' and c.relkind = 'r'), 0)::bigint as satchel_bytes,
  (select age(datfrozenxid)::bigint from pg_database where datname = current_database()) as oldest_age`;
