import {
  boolean,
  counter,
  date,
  days,
  decimal,
  defineApp,
  drop,
  id,
  integer,
  json,
  membershipScopes,
  modifiedAt,
  ref,
  rename,
  renameTable,
  review,
  roleWins,
  serverId,
  set,
  split,
  table,
  text,
  timestamp,
  via,
} from '../src/index.ts';

/** A shop's app at its third version: what a small business sells, to whom, and what they owe. */
export const bizpulse = defineApp({
  name: 'bizpulse',
  schemaVersion: 3,
  roles: ['owner', 'manager', 'staff', 'admin'],
  tables: {
    products: table(
      {
        id: id(),
        storeId: text(),
        sku: text({ maxBytes: 64 }),
        name: text({ validators: ['notEmpty'] }),
        price: decimal({ default: '0' }),
        cost: decimal({ nullable: true }),
        stock: counter(),
        tags: set(),
        active: boolean({ default: true }),
        updatedAt: modifiedAt(),
      },
      {
        scope: 'store:{storeId}',
        lane: 'medium',
        unique: [['storeId', 'sku']],
        indexes: ['name', ['storeId', 'active']],
        conflicts: {
          update: 'server-wins',
          delete: 'ask',
          insert: 'new-key',
          fields: { price: roleWins('owner', { reason: 'Only the owner sets prices' }) },
        },
        access: {
          delete: ['owner', 'manager'],
          columns: { cost: { read: ['owner', 'manager'], write: 'owner' } },
          channels: { sms: ['read'] },
        },
        staleAfter: days(1),
      },
    ),
    customers: table(
      {
        id: id({ type: 'uuid' }),
        storeId: text(),
        firstName: text(),
        lastName: text({ default: '' }),
        phone: text({ nullable: true }),
        preferences: json<{ sms?: boolean }>({ nullable: true }),
      },
      { scope: 'store:{storeId}', conflicts: { update: 'latest-wins', fields: { phone: 'review' } } },
    ),
    sales: table(
      {
        id: id({ type: 'uuid' }),
        receipt: serverId(),
        storeId: text(),
        customerId: ref('customers', { nullable: true, onDelete: 'set-null' }),
        soldOn: date(),
        soldAt: timestamp(),
        total: decimal(),
      },
      {
        scope: 'store:{storeId}',
        lane: 'high',
        partial: false,
        retry: { attempts: 10 },
        batch: { maxItems: 20 },
        conflicts: { update: review({ by: { role: 'manager' }, expireAfter: days(7), until: 'apply' }) },
      },
    ),
    saleLines: table(
      {
        id: id({ type: 'uuid' }),
        saleId: ref('sales', { onDelete: 'cascade' }),
        productId: ref('products'),
        quantity: integer(),
        price: decimal(),
      },
      {
        scope: via('saleId'),
        lane: 'high',
        coalesce: false,
        triggers: [
          {
            name: 'saleLineTakesStock',
            timing: 'after',
            event: 'insert',
            body: 'update products set stock = stock - new.quantity where id = new.product_id',
          },
        ],
      },
    ),
    storeMembers: table(
      { storeId: text(), userId: text(), role: text() },
      {
        scope: ['store:{storeId}', 'user:{userId}'],
        primaryKey: ['storeId', 'userId'],
        access: { write: 'owner' },
      },
    ),
    reports: table(
      { id: id(), storeId: text(), body: json() },
      { scope: 'store:{storeId}', lane: 'low', access: { write: [] }, adopt: 'reporting.daily_reports' },
    ),
  },
  scopesOf: membershipScopes({ table: 'storeMembers', user: 'userId', scope: 'store:{storeId}' }),
  lanes: ['high', 'medium', 'low'],
  sync: {
    schedule: '*/30 * * * *',
    maxItems: 100,
    maxRunMs: 30_000,
    retry: { attempts: 3 },
    lanes: { low: { schedule: '0 3 * * *', batch: { maxItems: 500 } } },
    quietHours: { from: 9, to: 18 },
  },
  history: [
    { to: 2, changes: [renameTable('clients', 'customers'), rename('products', 'title', 'name')] },
    {
      to: 3,
      changes: [
        split(
          'customers',
          { name: text() },
          ['firstName', 'lastName'],
          ({ name }) => {
            const [firstName = '', ...rest] = String(name).split(' ');
            return { firstName, lastName: rest.join(' ') };
          },
          ({ firstName, lastName }) => ({ name: `${firstName} ${lastName}`.trim() }),
        ),
        drop('products', 'colour', text({ nullable: true })),
      ],
    },
  ],
  functions: {
    recordSale(
      db,
      args: { readonly storeId: string; readonly productId: string; readonly quantity: number },
    ) {
      const saleId = db.newId();
      db.run('insert into sales (id, store_id, sold_on, sold_at, total) values (?, ?, ?, ?, ?)', [
        saleId,
        args.storeId,
        new Date(db.now()).toISOString().slice(0, 10),
        db.now(),
        '0',
      ]);
      return { saleId };
    },
  },
  validators: {
    notEmpty: (value) => (value === '' ? { code: 'name_empty', params: {} } : undefined),
  },
});
