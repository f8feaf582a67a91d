import {
  type App,
  add,
  addTable,
  counter,
  defineApp,
  drop,
  dropTable,
  id,
  integer,
  ref,
  rename,
  renameTable,
  split,
  table,
  text,
  via,
} from '@satchel/schema';

/*
 * One app in three versions. From the first to the second a table and a column are
 * renamed, a column and a table are new; from the second to the third a column is
 * split, a column is dropped, and a table.
 */
const name = 'versions-crm';
const scopesOf = () => ['store:1'];
const inStore = {
  scope: 'store:{storeId}',
  coalesce: false,
  lane: 'urgent',
  conflicts: { update: 'client-wins', delete: 'delete-wins' },
} as const;
const ofParent = {
  coalesce: false,
  lane: 'urgent',
  conflicts: { update: 'client-wins', delete: 'delete-wins' },
} as const;
const sync = { schedule: 1, retry: { attempts: 1_000, firstDelay: 200, maxDelay: 1_000 } } as const;

const drafts = table({ id: id(), storeId: text(), body: text() }, inStore);
const visits = {
  to: 2,
  changes: [
    renameTable('clients', 'customers'),
    rename('parts', 'label', 'title'),
    add('customers', 'email'),
    addTable('tasks'),
  ],
};
const tasks = table({ id: id(), storeId: text(), task: text() }, inStore);

/** "Asha Rao" to Asha and Rao. A name without letters has no parts: whoever wrote it is asked. */
const namesOf = ({
  name: whole,
}: Readonly<Record<string, unknown>>): { firstName: string; lastName: string } => {
  const [firstName, ...rest] = String(whole).split(' ');
  if (!firstName) throw new Error('a name without a first name');
  return { firstName, lastName: rest.join(' ') };
};

const second = {
  to: 3,
  changes: [
    split('customers', { name: text() }, ['firstName', 'lastName'], namesOf, ({ firstName, lastName }) => ({
      name: lastName === '' ? String(firstName) : `${String(firstName)} ${String(lastName)}`,
    })),
    drop('customers', 'phone', text({ nullable: true }), 'no longer kept'),
    dropTable('drafts'),
  ],
};

const versions: readonly App[] = [
  defineApp({
    name,
    schemaVersion: 1,
    tables: {
      clients: table(
        { id: id(), storeId: text(), name: text(), phone: text({ nullable: true }), visits: counter() },
        inStore,
      ),
      parts: table(
        { id: id(), clientId: ref('clients', { onDelete: 'cascade' }), label: text(), size: integer() },
        { ...ofParent, scope: via('clientId') },
      ),
      drafts,
    },
    scopesOf,
    sync,
  }),
  defineApp({
    name,
    schemaVersion: 2,
    history: [visits],
    tables: {
      customers: table(
        {
          id: id(),
          storeId: text(),
          name: text(),
          phone: text({ nullable: true }),
          visits: counter(),
          email: text({ nullable: true }),
        },
        inStore,
      ),
      parts: table(
        { id: id(), clientId: ref('customers', { onDelete: 'cascade' }), title: text(), size: integer() },
        { ...ofParent, scope: via('clientId') },
      ),
      tasks,
      drafts,
    },
    scopesOf,
    sync,
  }),
  defineApp({
    name,
    schemaVersion: 3,
    history: [visits, second],
    tables: {
      customers: table(
        {
          id: id(),
          storeId: text(),
          firstName: text(),
          lastName: text(),
          visits: counter(),
          email: text({ nullable: true }),
        },
        inStore,
      ),
      parts: table(
        { id: id(), clientId: ref('customers', { onDelete: 'cascade' }), title: text(), size: integer() },
        { ...ofParent, scope: via('clientId') },
      ),
      tasks,
    },
    scopesOf,
    sync,
  }),
];

export const crm = (version: 1 | 2 | 3): App => versions[version - 1]!;
