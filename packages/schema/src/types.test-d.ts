import type { Insertable, Kysely, Selectable, Updateable } from 'kysely';
import type { bizpulse } from '../test/bizpulse.ts';
import type { flights } from '../test/flights.ts';
import {
  defineApp,
  type FunctionArgs,
  type FunctionName,
  type FunctionResult,
  type InsertRow,
  id,
  type KyselyDatabase,
  type Row,
  type TableName,
  table,
  text,
  type UpdateRow,
} from './index.ts';

// Checked by the compiler alone: `npm run typecheck`.

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;

type App = typeof bizpulse;
type Flights = typeof flights;

export type Checks = [
  Holds<Equal<TableName<Flights>, 'airports' | 'routes' | 'flights'>>,
  // [TYPE-01] a row holds canonical values
  Holds<
    Equal<
      Row<App, 'products'>,
      {
        id: string;
        storeId: string;
        sku: string;
        name: string;
        price: string;
        cost: string | null;
        stock: number;
        tags: readonly string[];
        active: boolean;
        updatedAt: number | null;
      }
    >
  >,
  Holds<Equal<Row<App, 'customers'>['preferences'], { sms?: boolean } | null>>,
  Holds<Equal<Row<App, 'reports'>['body'], import('@satchel/protocol').Json>>,
  // [TYPE-02] an insert may leave out what has a default or may be null, and cannot give what the server gives
  Holds<
    Equal<
      InsertRow<App, 'sales'>,
      {
        id: string;
        storeId: string;
        soldOn: string;
        soldAt: number;
        total: string;
        customerId?: string | null;
      }
    >
  >,
  // [TYPE-03] an update sets neither the key nor what the server gives
  Holds<Equal<keyof UpdateRow<App, 'sales'>, 'storeId' | 'soldOn' | 'soldAt' | 'total' | 'customerId'>>,
  Holds<Equal<keyof UpdateRow<Flights, 'routes'>, 'count'>>,
  Holds<Equal<keyof InsertRow<Flights, 'routes'>, 'origin' | 'destination' | 'count'>>,
  // [TYPE-04] Kysely sees the same rows
  Holds<Equal<Selectable<KyselyDatabase<App>['products']>['active'], boolean>>,
  Holds<Equal<keyof Updateable<KyselyDatabase<Flights>['routes']>, 'count'>>,
  Holds<Equal<Selectable<KyselyDatabase<App>['sales']>['receipt'], number | null>>,
  // [TYPE-05] local functions by name
  Holds<Equal<FunctionName<App>, 'recordSale'>>,
  Holds<Equal<FunctionName<Flights>, never>>,
  Holds<Equal<FunctionArgs<App, 'recordSale'>['quantity'], number>>,
  Holds<Equal<FunctionResult<App, 'recordSale'>, { saleId: string }>>,
];

export const kyselyTypes = (db: Kysely<KyselyDatabase<App>>): readonly unknown[] => [
  db.selectFrom('products').select(['storeId', 'stock']).where('active', '=', true),
  db.insertInto('products').values({ id: 'p1', storeId: 's1', sku: 'r', name: 'Rice' }),
  db.updateTable('sales').set({ total: '12.5' }).where('id', '=', 's'),
  // @ts-expect-error there is no table of that name
  db.selectFrom('product'),
  // @ts-expect-error there is no column of that name
  db.selectFrom('products').select('stok'),
  // @ts-expect-error a decimal is text
  db.updateTable('sales').set({ total: 12.5 }),
  // @ts-expect-error the server gives it
  db.updateTable('sales').set({ receipt: 1 }),
  // @ts-expect-error name has no default
  db.insertInto('products').values({ id: 'p1', storeId: 's1', sku: 'r' }),
  // @ts-expect-error a key never changes
  db.updateTable('products').set({ id: 'p2' }),
];

export const insertable: Insertable<KyselyDatabase<App>['products']> = {
  id: 'p1',
  storeId: 's1',
  sku: 'r',
  name: 'Rice',
  tags: ['dry'],
};

// @ts-expect-error there is no table of that name
export type Missing = Row<App, 'product'>;

export const refused = [
  // @ts-expect-error a policy for a column that the table does not have
  () => table({ id: id(), stock: text() }, { scope: 'all', conflicts: { fields: { stok: 'merge' } } }),
  // @ts-expect-error a key column that the table does not have
  () => table({ from: text(), to: text() }, { scope: 'all', primaryKey: ['from', 'too'] }),
  // @ts-expect-error an index on a column that the table does not have
  () => table({ id: id(), name: text() }, { scope: 'all', indexes: ['nam'] }),
  // @ts-expect-error a table without scope
  () => table({ id: id() }, {}),
  // @ts-expect-error a default of another type
  () => text({ default: 3 }),
  // @ts-expect-error there is no such policy
  () => table({ id: id() }, { scope: 'all', conflicts: { update: 'last-wins' } }),
  () =>
    defineApp({
      name: 'x',
      tables: { notes: table({ id: id() }, { scope: 'all' }) },
      scopesOf: () => [],
      // @ts-expect-error a table that the app does not have
      onApplied: { note: () => undefined },
    }),
];
