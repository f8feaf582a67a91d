import type { Finding } from '../finding.ts';
import type { DoctorCase } from './doctor-case.ts';

/** Attempts of an onApplied function after which somebody should look. */
const MANY_ATTEMPTS = 5;
/** Milliseconds by which a held mutation may be late: the chore that ends them comes round each few seconds. */
const LATE = 600_000;

/** Satchel's own books: the schema they were made for, runs without a client, work that does not get done. */
export const checkBooks = async ({ db, app, clock, tableIds }: DoctorCase): Promise<readonly Finding[]> => {
  if (tableIds.size === 0) return [];
  const { rows } = await db.query<{
    schema_version: number | null;
    orphaned: number;
    overdue: number;
    failing: number;
  }>(
    `select (select (value #>> '{}')::int from satchel.meta where name = 'schemaVersion') as schema_version,
            (select count(*) from satchel.runs r
              where not exists (select 1 from satchel.clients c where c.client_id = r.client_id))::int as orphaned,
            (select count(*) from satchel.held where until < $1)::int as overdue,
            (select count(*) from satchel.applied where attempts >= $2)::int as failing`,
    [clock.now() - LATE, MANY_ATTEMPTS],
  );
  const books = rows[0];
  if (books === undefined) return [];
  const findings: Finding[] = [];
  if (books.schema_version !== null && books.schema_version !== app.schemaVersion)
    findings.push({
      code: 'schema-differs',
      severity: 'error',
      where: 'app',
      what: `The database is at schema version ${books.schema_version}, this app at ${app.schemaVersion}.`,
      remedy: books.schema_version > app.schemaVersion ? 'Deploy the newer app.' : 'Run satchel migrate.',
    });
  if (books.orphaned > 0)
    findings.push({
      code: 'run-orphaned',
      severity: 'warning',
      where: 'satchel.runs',
      what: `${books.orphaned} runs have no client.`,
      remedy: 'Leave them: they know what was settled. Find out who deletes rows of satchel.clients.',
    });
  if (books.overdue > 0)
    findings.push({
      code: 'held-overdue',
      severity: 'warning',
      where: 'satchel.held',
      what: `${books.overdue} mutations wait for a row past their time.`,
      remedy: 'See that a server runs; its chores end them.',
    });
  if (books.failing > 0)
    findings.push({
      code: 'applied-failing',
      severity: 'warning',
      where: 'satchel.applied',
      what: `${books.failing} calls of onApplied functions failed ${MANY_ATTEMPTS} times or more.`,
      remedy: "Look for 'chore failed' in the server's log.",
    });
  return findings;
};
