import { describe, expect, it } from 'vitest';
import { type Mistake, mistakeOf, products, same } from '../test/mistaken.ts';
import { ask, custom, earliestWins, json, review, roleWins, serverId, set, text } from './index.ts';

const MISTAKES: readonly Mistake[] = [
  [
    'an unknown setting of a table',
    products({}, { lanes: 'high' }),
    'tables.products.lanes',
    'Did you mean "lane"?',
  ],
  ['an unknown lane', products({}, { lane: 'hihg' }), 'tables.products.lane', 'Did you mean "high"?'],
  [
    'an unknown policy',
    products({}, { conflicts: { update: 'last-wins' } }),
    'tables.products.conflicts.update',
    '"latest-wins"',
  ],
  [
    'an update policy for deletions',
    products({}, { conflicts: { delete: 'server-wins' } }),
    'tables.products.conflicts.delete',
    'ask, delete-wins, edit-wins',
  ],
  [
    'a policy of a column that is not there',
    products({}, { conflicts: { fields: { stok: 'merge' } } }),
    'tables.products.conflicts.fields.stok',
    'Did you mean "stock"?',
  ],
  [
    'a policy of the key',
    products({}, { conflicts: { fields: { id: 'merge' } } }),
    'tables.products.conflicts.fields.id',
    'Leave it out',
  ],
  [
    'a policy of what the server gives',
    products({ number: serverId() }, { conflicts: { fields: { number: 'merge' } } }),
    'tables.products.conflicts.fields.number',
    'Leave it out',
  ],
  [
    'role-wins without a role',
    products({}, { conflicts: { update: 'role-wins' } }),
    'tables.products.conflicts.update',
    "roleWins('manager')",
  ],
  [
    'an unknown role in a policy',
    same({
      ...(products({}, { conflicts: { update: roleWins('manger') } }) as object),
      roles: ['manager', 'admin'],
    }),
    'tables.products.conflicts.update.role',
    'Did you mean "manager"?',
  ],
  [
    'an unknown resolver',
    products({}, { conflicts: { update: custom('nearest') } }),
    'tables.products.conflicts.update.name',
    'none to choose',
  ],
  [
    'earliest-wins by a column that is not there',
    products({}, { conflicts: { update: earliestWins('ackedAt') } }),
    'tables.products.conflicts.update.column',
    'Its columns are',
  ],
  [
    'a review decided by nobody known',
    products({}, { conflicts: { update: review(same({ by: 'owner' })) } }),
    'tables.products.conflicts.update.by',
    'author, administrators',
  ],
  [
    'an outcome of a review that never expires',
    products({}, { conflicts: { delete: ask(Object.fromEntries([['then', 'reject']])) } }),
    'tables.products.conflicts.delete.then',
    'expireAfter',
  ],
  [
    'a setting that the policy does not have',
    products({}, { conflicts: { update: { kind: 'server-wins', until: 'hold' } } }),
    'tables.products.conflicts.update.until',
    'There are',
  ],
  [
    'new-key where no key can be made',
    products({ code: text() }, { primaryKey: ['id', 'code'], conflicts: { insert: 'new-key' } }),
    'tables.products.conflicts.insert',
    "'merge' or 'reject'",
  ],
  [
    'a unique policy without unique columns',
    products({}, { conflicts: { unique: 'review' } }),
    'tables.products.conflicts.unique',
    "unique: ['code']",
  ],
  [
    'unique on a column that is not there',
    products({}, { unique: ['sku'] }),
    'tables.products.unique[0]',
    'Its columns are',
  ],
  [
    'unique on a set',
    products({ tags: set() }, { unique: [['storeId', 'tags']] }),
    'tables.products.unique[0]',
    'Leave it out',
  ],
  [
    'an index on json',
    products({ body: json() }, { indexes: ['body'] }),
    'tables.products.indexes[0]',
    'Leave it out',
  ],
  [
    'an unknown operation',
    products({}, { access: { reed: ['*'] } }),
    'tables.products.access.reed',
    'Did you mean "read"?',
  ],
  [
    'an unknown role',
    same({ ...(products({}, { access: { read: ['ownr'] } }) as object), roles: ['owner', 'admin'] }),
    'tables.products.access.read',
    'Did you mean "owner"?',
  ],
  [
    'access to a column that is not there',
    products({}, { access: { columns: { cost: { read: 'owner' } } } }),
    'tables.products.access.columns.cost',
    'Its columns are',
  ],
  [
    'a key that some may not read',
    products({}, { access: { columns: { id: { read: 'owner' } } } }),
    'tables.products.access.columns.id.read',
    'scope',
  ],
  [
    'an unknown channel',
    products({}, { access: { channels: { usd: ['read'] } } }),
    'tables.products.access.channels.usd',
    'Did you mean "ussd"?',
  ],
  [
    'an unknown operation by channel',
    products({}, { access: { channels: { sms: ['write'] } } }),
    'tables.products.access.channels.sms',
    'read, insert, update, delete',
  ],
];

describe('mistakes of lanes, policies and access', () => {
  it.each(MISTAKES)('[APP-04] a mistake names its place and its remedy: %s', (_, input, where, remedy) => {
    expect(mistakeOf(input)).toMatchObject({ where, remedy: expect.stringContaining(remedy) });
  });
});
