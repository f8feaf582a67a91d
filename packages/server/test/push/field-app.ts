import {
  type App,
  type AppliedChange,
  ask,
  counter,
  decimal,
  defineApp,
  id,
  integer,
  json,
  modifiedAt,
  ref,
  review,
  serverId,
  set,
  table,
  text,
  timestamp,
} from '@satchel/schema';

const SCOPE = 'store:{storeId}';

/** Called for each change of a ticket, once it is committed; a test sets it. */
export const applied: { heard: (change: AppliedChange) => void | Promise<void> } = { heard: () => undefined };

/** One table for each policy that push has to carry out. */
export const fieldApp: App = defineApp({
  name: 'field',
  tables: {
    customers: table(
      { id: id(), storeId: text(), name: text(), phone: text({ nullable: true }) },
      { scope: SCOPE, conflicts: { update: 'client-wins', insert: 'merge', delete: 'edit-wins' } },
    ),
    sales: table(
      {
        id: id(),
        storeId: text(),
        customerId: ref('customers', { nullable: true }),
        amount: decimal(),
        note: text({ nullable: true }),
      },
      { scope: SCOPE, conflicts: { update: 'server-wins', insert: 'reject', delete: 'delete-wins' } },
    ),
    products: table(
      {
        id: id(),
        storeId: text(),
        name: text(),
        code: text({ nullable: true }),
        stock: counter(),
        tags: set(),
        parentId: ref('products', { nullable: true }),
        extra: json({ nullable: true }),
      },
      {
        scope: SCOPE,
        unique: [['storeId', 'code']],
        conflicts: { update: 'server-wins', insert: 'new-key', delete: 'ask', unique: 'reject' },
      },
    ),
    crops: table(
      {
        id: id(),
        storeId: text(),
        name: text(),
        area: integer(),
        soil: text({ nullable: true }),
        seen: integer({ nullable: true }),
      },
      {
        scope: SCOPE,
        conflicts: {
          update: review({ reason: 'two visits differ' }),
          delete: ask({ expireAfter: 1_000, then: 'client-wins' }),
          fields: { seen: review({ until: 'apply' }), soil: review({ by: { role: 'agent' } }) },
        },
      },
    ),
    alerts: table(
      {
        id: id(),
        storeId: text(),
        body: text(),
        ackedBy: text({ nullable: true }),
        ackedAt: timestamp({ nullable: true }),
      },
      {
        scope: SCOPE,
        conflicts: { update: 'latest-wins', fields: { ackedBy: 'earliest-wins', ackedAt: 'earliest-wins' } },
      },
    ),
    settings: table(
      { id: id(), storeId: text(), value: text() },
      { scope: SCOPE, conflicts: { update: { kind: 'role-wins', role: 'manager' } } },
    ),
    members: table(
      { id: id(), storeId: text(), code: text({ nullable: true }), name: text(), points: counter() },
      { scope: SCOPE, unique: [['code']], conflicts: { unique: 'merge-into', update: 'server-wins' } },
    ),
    badges: table(
      { id: id(), storeId: text(), code: text() },
      { scope: SCOPE, unique: [['code']], conflicts: { unique: { kind: 'review', by: 'author' } } },
    ),
    tickets: table(
      {
        id: id(),
        storeId: text(),
        number: serverId(),
        body: text(),
        secret: text({ nullable: true }),
        labels: set(),
        changedAt: modifiedAt(),
      },
      {
        scope: SCOPE,
        access: {
          delete: ['manager'],
          channels: { sms: ['read'] },
          columns: { secret: { read: ['manager'], write: ['manager'] }, labels: { write: ['manager'] } },
        },
      },
    ),
  },
  scopesOf: ({ claims }) => [claims.stores ?? []].flat().map((store) => `store:${String(store)}`),
  validators: {},
  onApplied: { tickets: (change) => applied.heard(change) },
});
