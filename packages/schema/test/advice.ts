import {
  custom,
  date,
  decimal,
  defineApp,
  earliestWins,
  id,
  json,
  media,
  membership,
  ref,
  review,
  roleWins,
  set,
  sql,
  table,
  text,
  textDocument,
  timestamp,
  via,
  yjsDocuments,
} from '../src/index.ts';

/** Advice for farmers, small: what the shop's app does not show (channels, memberships, SQL scopes, documents). */
export const advice = defineApp({
  name: 'advice',
  roles: ['farmer', 'agent', 'manager', 'support', 'admin'],
  tables: {
    profiles: table(
      { id: id(), name: text(), role: text() },
      {
        scope: 'user:{id}',
        conflicts: { update: 'latest-wins', reason: 'Low impact' },
        access: { columns: { role: { write: [] } }, channels: { ussd: ['read', 'insert'] } },
      },
    ),
    farms: table(
      { id: id(), ownerId: ref('profiles'), village: text() },
      {
        scope: [
          'user:{ownerId}',
          membership({ table: 'farmAgents', column: 'farmId', scope: 'agent:{agentId}' }),
        ],
      },
    ),
    farmAgents: table(
      { farmId: ref('farms'), agentId: text() },
      { scope: 'agent:{agentId}', primaryKey: ['farmId', 'agentId'], access: { write: 'support' } },
    ),
    crops: table(
      {
        id: id(),
        farmId: ref('farms'),
        acreage: decimal(),
        plantedOn: date({ nullable: true }),
        status: text({ default: 'planted' }),
        labels: set(),
        notes: textDocument({ nullable: true }),
        photo: media({ nullable: true }),
      },
      {
        scope: via('farmId'),
        conflicts: {
          update: review({ by: { role: 'agent' }, notify: 'must-review' }),
          fields: { status: custom('laterStatus') },
        },
        access: { columns: { status: { write: ['agent'] } } },
      },
    ),
    alerts: table(
      {
        id: id(),
        farmId: ref('farms'),
        acknowledgedAt: timestamp({ nullable: true }),
        acknowledgedBy: text({ nullable: true }),
      },
      {
        scope: via('farmId'),
        lane: 'urgent',
        conflicts: {
          fields: {
            acknowledgedAt: earliestWins(),
            acknowledgedBy: earliestWins('acknowledgedAt', { reason: 'The first acknowledgement counts' }),
          },
        },
      },
    ),
    settings: table(
      { name: text(), region: text(), value: json() },
      {
        scope: 'region:{region}',
        primaryKey: ['region', 'name'],
        conflicts: { update: roleWins('manager') },
        staleAfter: 86_400_000,
      },
    ),
  },
  documents: yjsDocuments({ mergeUpdates: (updates) => updates[0]! }),
  resolvers: {
    laterStatus: ({ client }) => (client === 'harvested' ? { take: 'client' } : { take: 'server' }),
  },
  scopesOf: sql(
    "select 'user:' || $1 union all select 'region:' || region from public.regions where user_id = $1",
    { reads: ['public.regions'] },
  ),
  sync: { schedule: { any: 600, cellular: '0 * * * *' }, budget: { dailyBytes: 5_000_000 } },
});
