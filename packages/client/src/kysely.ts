import { SatchelError } from '@satchel/protocol';
import type { App, KyselyDatabase } from '@satchel/schema';
import {
  CamelCasePlugin,
  type CompiledQuery,
  type DatabaseConnection,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { CanonicalValuesPlugin } from './kysely-values.ts';
import type { Satchel } from './satchel.ts';

/**
 * Kysely over a local database, typed by the app: camelCase names and canonical
 * values, no code generation. Reads run where the data is; a write is a local
 * transaction of its own. For several statements in one transaction hand them to
 * `db.write([...])`; `transaction()` throws `interactive_transaction`.
 *
 * @example
 * ```ts
 * const q = kysely(db);
 * await q.selectFrom('products').select(['id', 'name']).where('stock', '<', 5).execute();
 * await db.write([q.updateTable('products').set({ name: 'Tea' }).where('id', '=', id)]);
 * ```
 */
export const kysely = <A extends App>(db: Satchel<A>): Kysely<KyselyDatabase<A>> => {
  const connection: DatabaseConnection = {
    executeQuery: (query) => execute(db, query),
    streamQuery: () => {
      throw new SatchelError('statement_refused', { reason: 'rows come all at once; use execute()' });
    },
  };
  const refuse = async (): Promise<never> => {
    throw new SatchelError('interactive_transaction');
  };
  return new Kysely<KyselyDatabase<A>>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => ({
        init: async () => {},
        acquireConnection: async () => connection,
        beginTransaction: refuse,
        commitTransaction: refuse,
        rollbackTransaction: refuse,
        releaseConnection: async () => {},
        destroy: async () => {},
      }),
      createIntrospector: (kyselyDb) => new SqliteIntrospector(kyselyDb),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
    plugins: [new CanonicalValuesPlugin(db.app), new CamelCasePlugin()],
  });
};

const execute = async <R>(
  db: Pick<Satchel, 'all' | 'write'>,
  query: CompiledQuery,
): Promise<QueryResult<R>> => {
  if (query.query.kind === 'SelectQueryNode')
    return { rows: (await db.all(query.sql, query.parameters)) as R[] };
  await db.write([query]);
  return { rows: [] };
};
