import {
  type RowDiff,
  type RowOf,
  type RowReader,
  rowReader,
  type SqlRow,
  type TypedQuery,
} from '@satchel/client';
import type { App, Query } from '@satchel/schema';
import { useSatchel } from '../provider.tsx';
import type { SatchelClient } from '../satchel-client.ts';
import { Observed } from '../store/observed.ts';
import { observersOf } from '../store/observers.ts';
import { useObserved } from './use-observed.ts';

/** Plain SQL, or a query of Kysely's. */
export type LiveQueryInput = (Query | TypedQuery<unknown>) & {
  /** Columns (as in SQL) that name a row, so that a changed row is told as changed and not as gone and new. */
  readonly identity?: readonly string[];
};

export interface QueryOptions {
  /** Lets the nearest `Suspense` show its fallback until the first rows are there. */
  readonly suspense?: boolean;
}

/** What the last change did to the rows of a query. */
export interface QueryDiff<Row> {
  readonly added: readonly Row[];
  readonly removed: readonly Row[];
  readonly changed: readonly { readonly before: Row; readonly after: Row }[];
}

export interface QueryResult<Row> {
  /** Rows that did not change are the same objects as before. */
  readonly rows: readonly Row[];
  /** Undefined until the first rows were told. */
  readonly diff: QueryDiff<Row> | undefined;
  readonly loading: boolean;
  readonly error: unknown;
}

export interface Seen {
  readonly rows: readonly unknown[];
  readonly diff: QueryDiff<unknown>;
}

const nameOf = (query: Query, identity: readonly string[]): string =>
  JSON.stringify(['query', query.sql, query.parameters ?? [], identity], (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );

/** Live rows of a query, read as the app's types say. */
export const observeQuery = (
  db: SatchelClient,
  query: Query,
  identity: readonly string[],
  reader: RowReader,
): Observed<Seen> =>
  observersOf(db).named(nameOf(query, identity), () => {
    const read = new WeakMap<SqlRow, unknown>();
    const one = (row: SqlRow): unknown => {
      const known = read.get(row);
      if (known !== undefined) return known;
      const fresh = reader(row);
      read.set(row, fresh);
      return fresh;
    };
    const seen = ({ rows, added, removed, changed }: RowDiff): Seen => ({
      rows: rows.map(one),
      diff: {
        added: added.map(one),
        removed: removed.map(one),
        changed: changed.map(({ before, after }) => ({ before: one(before), after: one(after) })),
      },
    });
    return new Observed((tell, fail) => {
      const live = db.live({ ...query, identity }, (diff) => tell(seen(diff)), fail);
      return () => live.stop();
    });
  });

/**
 * Live rows of a query: drawn again when a table that it reads has changed, on this
 * device or by a page from the server, and only if the rows differ.
 *
 * @example
 * ```tsx
 * const { rows } = useQuery(q.selectFrom('products').select(['id', 'name']).orderBy('name'));
 * const { rows: low } = useQuery<{ n: number }>({ sql: 'select count(*) as n from products where stock < ?', parameters: [5] });
 * ```
 */
export function useQuery<Q extends TypedQuery<unknown>>(
  query: Q & { readonly identity?: readonly string[] },
  options?: QueryOptions,
): QueryResult<RowOf<Q>>;
export function useQuery<Row = SqlRow>(
  query: Query & { readonly identity?: readonly string[] },
  options?: QueryOptions,
): QueryResult<Row>;
export function useQuery(query: LiveQueryInput, options: QueryOptions = {}): QueryResult<unknown> {
  const db = useSatchel();
  const compiled = 'compile' in query ? query.compile() : query;
  const observed = observeQuery(
    db,
    { sql: compiled.sql, ...(compiled.parameters ? { parameters: compiled.parameters } : {}) },
    query.identity ?? [],
    rowReader(db.app as App, compiled),
  );
  const { value, error } = useObserved(observed);
  if (options.suspense && value === undefined) {
    if (error !== undefined) throw error;
    throw observed.first();
  }
  return { rows: value?.rows ?? [], diff: value?.diff, loading: value === undefined, error };
}
