import {
  counter,
  defineApp,
  id,
  integer,
  latestWins,
  ref,
  review,
  set,
  table,
  text,
  via,
} from '@satchel/schema';

/** A shop with every way in which writes can meet: chains on one field, counters, sets, losers, reviews. */
export const stockApp = defineApp({
  name: 'epoch-stock',
  schemaVersion: 1,
  roles: ['clerk', 'boss', 'admin'],
  tables: {
    items: table(
      {
        id: id(),
        storeId: text(),
        name: text(),
        note: text({ nullable: true }),
        remark: text({ nullable: true }),
        price: integer({ default: 0 }),
        stock: counter(),
        tags: set(),
      },
      {
        scope: 'store:{storeId}',
        lane: 'urgent',
        // Each edit goes up by itself, several of a row in one batch.
        coalesce: false,
        access: { columns: { price: { write: 'boss' } } },
        conflicts: {
          update: latestWins(),
          delete: 'delete-wins',
          fields: { note: 'server-wins', remark: review() },
        },
      },
    ),
    sales: table(
      { id: id(), itemId: ref('items', { onDelete: 'cascade' }), quantity: integer(), seller: text() },
      {
        scope: via('itemId'),
        lane: 'urgent',
        coalesce: false,
        conflicts: { update: 'client-wins', insert: 'reject', delete: 'delete-wins' },
      },
    ),
  },
  scopesOf: () => ['store:1'],
  // What fails while the database is away is tried again soon: nobody is there to ask for it.
  sync: { schedule: 1, retry: { attempts: 1_000, firstDelay: 200, maxDelay: 1_000 } },
});
