import {
  type App,
  add,
  addTable,
  ask,
  counter,
  date,
  defineApp,
  drop,
  earliestWins,
  id,
  integer,
  membership,
  minutes,
  modifiedAt,
  ref,
  rename,
  renameTable,
  review,
  roleWins,
  set,
  split,
  sql,
  table,
  text,
  via,
} from '@satchel/schema';

/*
 * One app that uses all that can meet: scopes from columns, through parents over two
 * levels and by membership; counters, sets, unique codes, references, every policy,
 * lanes in which a child is more urgent than its parent, and three versions.
 */

/** The tables of rights: ordinary tables of PostgreSQL that no device holds. */
export const RIGHTS_TABLES = `
create table grants (user_id text not null, store_id text not null, primary key (user_id, store_id));
create table region_rights (user_id text not null, region text not null, primary key (user_id, region));
create table farm_agents (farm_id text not null, agent_id text not null, primary key (farm_id, agent_id));`;

const productColumns = {
  id: id(),
  storeId: text(),
  code: text({ nullable: true }),
  note: text({ nullable: true }),
  remark: text({ nullable: true }),
  flag: text({ nullable: true }),
  price: integer({ default: 0 }),
  stock: counter(),
  tags: set(),
  soldOn: date({ nullable: true }),
  changedAt: modifiedAt(),
};
const ofProducts = {
  scope: 'store:{storeId}',
  lane: 'medium',
  unique: ['code'],
  access: { columns: { price: { write: ['boss', 'clerk'] } } },
} as const;
const clashesOfProducts = {
  update: 'latest-wins',
  insert: 'new-key',
  delete: 'edit-wins',
  unique: 'reject',
} as const;
const clashesOfFields = {
  note: 'server-wins',
  remark: review({ expireAfter: minutes(30), then: 'server-wins' }),
  flag: review({ until: 'apply' }),
  price: roleWins('boss', { then: 'latest-wins' }),
} as const;
const productsAtFirst = table(
  { ...productColumns, label: text() },
  {
    ...ofProducts,
    conflicts: { ...clashesOfProducts, fields: { ...clashesOfFields, label: 'client-wins' } },
  },
);
const products = table(
  { ...productColumns, name: text(), origin: text({ nullable: true }) },
  { ...ofProducts, conflicts: { ...clashesOfProducts, fields: { ...clashesOfFields, name: 'client-wins' } } },
);

const ofCustomers = {
  scope: 'store:{storeId}',
  lane: 'low',
  coalesce: false,
  conflicts: { update: 'client-wins', insert: 'merge', delete: 'delete-wins' },
} as const;
const customersAtFirst = table(
  { id: id(), storeId: text(), fullName: text(), phone: text({ nullable: true }), visits: counter() },
  ofCustomers,
);
const customers = table(
  { id: id(), storeId: text(), firstName: text(), lastName: text(), visits: counter() },
  ofCustomers,
);

/** A sale is more urgent than the product it is of: a lane must never break the reference. */
const sales = table(
  {
    id: id(),
    productId: ref('products', { onDelete: 'cascade' }),
    seller: text(),
    total: integer(),
    voided: text({ nullable: true }),
  },
  {
    scope: via('productId'),
    lane: 'urgent',
    conflicts: { update: 'client-wins', insert: 'reject', delete: 'delete-wins' },
  },
);

const saleLines = table(
  { id: id(), saleId: ref('sales', { onDelete: 'cascade' }), quantity: integer() },
  {
    scope: via('saleId'),
    lane: 'high',
    conflicts: { update: 'client-wins', insert: 'reject', delete: 'delete-wins' },
  },
);

/** Each entry is written once and never again: what is in it twice, or not, is seen at once. */
const ledger = table(
  { id: id(), storeId: text(), author: text(), amount: integer() },
  {
    scope: 'store:{storeId}',
    lane: 'high',
    coalesce: false,
    conflicts: { update: 'client-wins', insert: 'reject', delete: 'delete-wins' },
  },
);

const farms = table(
  {
    id: id(),
    region: text({ nullable: true }),
    name: text(),
    secret: text({ nullable: true }),
    calls: counter(),
  },
  {
    scope: [
      'region:{region}',
      membership({ table: 'farm_agents', plain: true, column: 'farmId', scope: 'agent:{agentId}' }),
    ],
    lane: 'medium',
    access: { columns: { secret: { read: 'boss', write: 'boss' } } },
    conflicts: {
      update: 'server-wins',
      insert: 'new-key',
      delete: ask({ expireAfter: minutes(30), then: 'server-wins' }),
    },
  },
);

const visits = table(
  { id: id(), farmId: ref('farms', { onDelete: 'cascade' }), finding: text() },
  {
    scope: via('farmId'),
    lane: 'medium',
    conflicts: { update: 'client-wins', insert: 'new-key', delete: 'delete-wins' },
  },
);

/** From version 3 on an alert is only for its store; before it was for everybody. */
const alerts = (version: 2 | 3) =>
  table(
    { id: id(), storeId: text(), what: text(), ackedBy: text({ nullable: true }) },
    {
      scope: version === 2 ? 'all' : 'store:{storeId}',
      lane: 'urgent',
      conflicts: {
        update: 'client-wins',
        insert: 'reject',
        delete: 'delete-wins',
        fields: { ackedBy: earliestWins() },
      },
    },
  );

/** "Ada Lovell" to Ada and Lovell. A name without letters has no parts: whoever wrote it is asked. */
const partsOfName = ({ fullName }: Readonly<Record<string, unknown>>) => {
  const [firstName, ...rest] = String(fullName).split(' ');
  if (!firstName) throw new Error('a name without a first name');
  return { firstName, lastName: rest.join(' ') };
};

const toSecond = {
  to: 2,
  changes: [rename('products', 'label', 'name'), add('products', 'origin'), addTable('alerts')],
};
const toThird = {
  to: 3,
  changes: [
    renameTable('calls', 'visits'),
    split(
      'customers',
      { fullName: text() },
      ['firstName', 'lastName'],
      partsOfName,
      ({ firstName, lastName }) => ({
        fullName: lastName === '' ? String(firstName) : `${String(firstName)} ${String(lastName)}`,
      }),
    ),
    drop('customers', 'phone', text({ nullable: true }), 'no longer kept'),
  ],
};

const scopesOf = sql(
  `select 'agent:' || $1::text
   union select 'all'
   union select 'store:' || g.store_id from grants g where g.user_id = $1
   union select 'region:' || r.region from region_rights r where r.user_id = $1`,
  { reads: ['grants', 'region_rights'] },
);

const common = {
  name: 'simulation-field',
  roles: ['boss', 'clerk', 'admin'],
  scopesOf,
  sync: { schedule: 60, retry: { attempts: 5, firstDelay: 1_000, maxDelay: 60_000 } },
} as const;

const VERSIONS: readonly App[] = [
  defineApp({
    ...common,
    schemaVersion: 1,
    tables: {
      products: productsAtFirst,
      customers: customersAtFirst,
      sales,
      saleLines,
      ledger,
      farms,
      calls: visits,
    },
  }),
  defineApp({
    ...common,
    schemaVersion: 2,
    history: [toSecond],
    tables: {
      products,
      customers: customersAtFirst,
      sales,
      saleLines,
      ledger,
      farms,
      calls: visits,
      alerts: alerts(2),
    },
  }),
  defineApp({
    ...common,
    schemaVersion: 3,
    history: [toSecond, toThird],
    tables: {
      products,
      customers,
      sales,
      saleLines,
      ledger,
      farms,
      visits,
      alerts: alerts(3),
    },
  }),
];

export type SchemaVersion = 1 | 2 | 3;
export const NEWEST: SchemaVersion = 3;

/** The app as it was in a version. */
export const fieldApp = (version: SchemaVersion): App => VERSIONS[version - 1] as App;
