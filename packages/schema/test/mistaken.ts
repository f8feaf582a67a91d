import { SatchelError } from '@satchel/protocol';
import { counter, defineApp, id, table, text } from '../src/index.ts';

/** What is wrong, the wrong definition, where that is, and a word of the remedy. */
export type Mistake = readonly [title: string, input: unknown, where: string, remedy: string];

/** An app that is right, with some of it replaced. */
export const app = (parts: object): unknown => ({
  name: 'shop',
  tables: { products: table({ id: id(), storeId: text(), stock: counter() }, { scope: 'store:{storeId}' }) },
  scopesOf: () => [],
  ...parts,
});

/** The `products` table with these columns and settings beside its own. */
export const products = (columns: object, options: object = {}): unknown =>
  app({
    tables: {
      products: table({ id: id(), storeId: text(), stock: counter(), ...columns }, {
        scope: 'store:{storeId}',
        ...options,
      } as never),
    },
  });

export const tables = (given: object): unknown => app({ tables: given });

/** A table of a key alone, with these settings and columns. */
export const plain = (options: object = {}, columns: object = {}): unknown =>
  table({ id: id(), ...columns }, { scope: 'all', ...options } as never);

/** A value that the types refuse. */
export const same = (value: unknown): never => value as never;

/** The parameters of the `app_invalid` that a definition ends in, or whatever else it ended in. */
export const mistakeOf = (input: unknown): unknown => {
  try {
    return defineApp(input as never);
  } catch (error) {
    return error instanceof SatchelError && error.code === 'app_invalid' ? error.params : error;
  }
};
