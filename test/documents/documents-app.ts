import {
  ask,
  defineApp,
  id,
  integer,
  json,
  latestWins,
  modifiedAt,
  real,
  review,
  roleWins,
  serverId,
  table,
  text,
} from '@satchel/schema';

const ALL = { scope: 'store:{storeId}' } as const;

/** The documents' own tables in one app, with their columns. */
export const documentsApp = defineApp({
  name: 'documents',
  roles: ['staff', 'manager', 'citizen', 'admin'],
  tables: {
    products: table(
      {
        id: id(),
        storeId: text(),
        name: text(),
        price: real(),
        stock: integer({ default: 0 }),
        updatedAt: modifiedAt(),
      },
      { ...ALL, conflicts: { update: 'server-wins', delete: ask({ by: 'author' }), insert: 'new-key' } },
    ),
    forms: table(
      { id: id(), storeId: text(), title: text(), updatedAt: modifiedAt() },
      { ...ALL, access: { write: 'manager' }, conflicts: { update: roleWins('manager') } },
    ),
    submissions: table(
      { id: id(), storeId: text(), formId: text(), status: text(), updatedAt: modifiedAt() },
      { ...ALL, conflicts: { update: latestWins() } },
    ),
    reports: table(
      {
        id: id(),
        serverId: serverId(),
        storeId: text(),
        title: text(),
        description: text({ default: '' }),
        category: text({ default: '' }),
        latitude: real({ nullable: true }),
        longitude: real({ nullable: true }),
        status: text({ default: 'received' }),
        updatedAt: modifiedAt(),
      },
      { ...ALL, conflicts: { update: review({ by: 'author' }) } },
    ),
    profile: table({ id: id(), storeId: text(), preferences: json({ nullable: true }) }, ALL),
  },
  scopesOf: ({ claims }) => [`store:${String(claims.storeId)}`],
  sync: { maxItems: 100, maxRunMs: 30_000, schedule: '*/30 * * * *', retry: { attempts: 3 } },
  documentViews: true,
});
