import type { App, TableName } from '@satchel/schema';
import { type MutationInView, useMutation } from './hooks/use-mutation.ts';
import { type QueryOptions, useQuery } from './hooks/use-query.ts';
import { type AppRow, type RowResult, useRow } from './hooks/use-row.ts';
import { useSatchel } from './provider.tsx';
import type { SatchelClient } from './satchel-client.ts';

export interface TypedHooks<A extends App> {
  readonly useSatchel: () => SatchelClient<A>;
  readonly useQuery: typeof useQuery;
  readonly useRow: <T extends TableName<A>>(
    table: T,
    key: string,
    options?: QueryOptions,
  ) => RowResult<AppRow<A, T>>;
  readonly useMutation: () => MutationInView<A>;
}

/**
 * The hooks that know an app's tables and functions, for it to export once.
 *
 * @example
 * ```ts
 * export const { useRow, useMutation, useQuery, useSatchel } = satchelHooks<typeof app>();
 * const { row } = useRow('products', id); // row?.price is a number
 * ```
 */
export const satchelHooks = <A extends App>(): TypedHooks<A> => ({
  useSatchel: useSatchel as unknown as () => SatchelClient<A>,
  useQuery,
  useRow: useRow as unknown as TypedHooks<A>['useRow'],
  useMutation: useMutation as unknown as () => MutationInView<A>,
});
