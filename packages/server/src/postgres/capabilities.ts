import type { Queryable } from './database.ts';

/** What stands in the way of Satchel in a database, or of its promises. For `satchel doctor`. */
export interface DatabaseProblem {
  readonly kind: /** Text is not kept in UTF-8. */
    | 'encoding'
    /** The server is a standby: it takes no writes, and its snapshots lose rows (rule 42). */
    | 'standby'
    /** Schema `satchel` is not there and the role may not make it. */
    | 'schema-denied'
    /** The role may not make tables in schema `public`. */
    | 'tables-denied'
    /** The role may not read what tells the server's history (rule 44). */
    | 'identity-denied'
    /** The server forgets commits when it loses its power. */
    | 'not-durable'
    /** In sessions of a role called satchel, our tables come before the app's of the same name. */
    | 'role-name';
  /** In PostgreSQL's words. */
  readonly detail: string;
}

/** Looks at server, database and role; no superuser is needed. Empty when all is well. */
export const checkDatabase = async (db: Queryable): Promise<readonly DatabaseProblem[]> => {
  const { rows } = await db.query<DatabaseProblem>(PROBLEMS);
  return rows;
};

const PROBLEMS = `
select p.kind, p.detail
from (values
  (1, 'encoding', current_setting('server_encoding'), current_setting('server_encoding') <> 'UTF8'),
  (2, 'standby', 'pg_is_in_recovery()', pg_is_in_recovery()),
  (3, 'schema-denied', 'create on database ' || current_database(),
    to_regnamespace('satchel') is null and not has_database_privilege(current_database(), 'create')),
  (4, 'tables-denied', 'create on schema public',
    to_regnamespace('public') is null or not has_schema_privilege('public', 'create')),
  (5, 'identity-denied', 'execute on pg_control_system(), pg_control_checkpoint()',
    not has_function_privilege('pg_control_system()', 'execute')
    or not has_function_privilege('pg_control_checkpoint()', 'execute')),
  (6, 'not-durable', 'fsync = ' || current_setting('fsync') || ', full_page_writes = ' || current_setting('full_page_writes'),
    current_setting('fsync') = 'off' or current_setting('full_page_writes') = 'off'),
  (7, 'role-name', 'role ' || current_user, current_user = 'satchel')
) p(place, kind, detail, is_there)
where p.is_there
order by p.place`;
