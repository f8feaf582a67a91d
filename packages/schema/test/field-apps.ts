import {
  boolean,
  clientWins,
  custom,
  date,
  decimal,
  defineApp,
  earliestWins,
  id,
  integer,
  json,
  latestWins,
  media,
  membership,
  modifiedAt,
  real,
  ref,
  review,
  roleWins,
  serverId,
  set,
  sql,
  table,
  text,
  textDocument,
  timestamp,
  via,
  yjsDocuments,
} from '../src/index.ts';

/** Farm advice: profiles, crops, alerts, markets, insurance, bookmarks. */
export const farmAdvisory = defineApp({
  name: 'farm-advisory',
  roles: ['farmer', 'agent', 'support', 'admin'],
  tables: {
    profiles: table(
      { id: id(), name: text(), phone: text(), language: text(), role: text(), preferences: json() },
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
        cropType: text(),
        acreage: decimal(),
        plantedOn: date({ nullable: true }),
        harvestedOn: date({ nullable: true }),
        notes: textDocument({ nullable: true }),
        photo: media({ nullable: true }),
      },
      {
        scope: via('farmId'),
        lane: 'crop-updates',
        conflicts: { update: review({ by: { role: 'agent' }, notify: 'must-review' }) },
      },
    ),
    alerts: table(
      {
        id: id(),
        farmId: ref('farms'),
        text: text(),
        acknowledgedAt: timestamp({ nullable: true }),
        acknowledgedBy: text({ nullable: true }),
      },
      {
        scope: via('farmId'),
        lane: 'alerts',
        conflicts: {
          fields: {
            acknowledgedAt: earliestWins(),
            acknowledgedBy: earliestWins('acknowledgedAt', { reason: 'The first acknowledgement counts' }),
          },
        },
      },
    ),
    marketPrices: table(
      { id: id(), crop: text(), market: text(), price: decimal(), region: text() },
      { scope: 'region:{region}', access: { write: [] }, staleAfter: 86_400_000 },
    ),
  },
  lanes: ['alerts', 'crop-updates', 'media'],
  documents: yjsDocuments({ mergeUpdates: (updates) => updates[0]! }),
  scopesOf: sql(
    "select 'user:' || $1 union all select 'region:' || region from public.regions where user_id = $1",
    {
      reads: ['public.regions'],
    },
  ),
  sync: {
    schedule: { any: 600, cellular: '0 * * * *' },
    wifiOnly: false,
    budget: { dailyBytes: 5_000_000 },
    retry: { attempts: 3 },
  },
});

/** Forms that a chain's stores fill in. */
export const storeForms = defineApp({
  name: 'store-forms',
  tables: {
    forms: table(
      { id: id({ type: 'uuid' }), title: text(), updatedAt: modifiedAt() },
      {
        scope: 'all',
        access: { write: 'manager' },
        conflicts: {
          update: roleWins('manager', { then: latestWins(), reason: 'Only the manager edits forms' }),
        },
      },
    ),
    fields: table(
      {
        id: id({ type: 'uuid' }),
        formId: ref('forms', { onDelete: 'cascade' }),
        label: text(),
        position: integer(),
      },
      { scope: via('formId') },
    ),
    submissions: table(
      {
        id: id({ type: 'uuid' }),
        formId: ref('forms'),
        storeId: text(),
        status: text({ default: 'in_progress' }),
      },
      {
        scope: 'store:{storeId}',
        conflicts: { update: latestWins({ reason: 'Most recent data is correct' }) },
      },
    ),
    submissionAnswers: table(
      { id: id({ type: 'uuid' }), submissionId: ref('submissions'), fieldId: ref('fields'), value: json() },
      { scope: via('submissionId') },
    ),
    settings: table(
      { name: text(), storeId: text(), value: json() },
      {
        scope: 'store:{storeId}',
        primaryKey: ['storeId', 'name'],
        conflicts: { update: roleWins('manager') },
      },
    ),
  },
  scopesOf: ({ claims }) => ['all', `store:${claims.storeId}`],
  sync: { schedule: 300, onStart: 'full', retry: { attempts: 5 } },
});

/** Potholes and other reports by citizens. */
export const civicReports = defineApp({
  name: 'civic-reports',
  tables: {
    reports: table(
      {
        id: id({ type: 'uuid' }),
        serverId: serverId(),
        reporterId: text(),
        ward: text(),
        title: text(),
        description: text({ maxBytes: 10_000 }),
        category: text(),
        latitude: real(),
        longitude: real(),
        status: text({ default: 'received' }),
        labels: set(),
      },
      {
        scope: ['user:{reporterId}', 'ward:{ward}'],
        conflicts: {
          update: 'server-wins',
          fields: { status: custom('laterStatus'), description: clientWins() },
        },
        access: { delete: ['officer'], columns: { status: { write: ['officer'] } } },
      },
    ),
    reportPhotos: table(
      { id: id({ type: 'uuid' }), reportId: ref('reports', { onDelete: 'cascade' }), photo: media() },
      { scope: via('reportId'), lane: 'low' },
    ),
  },
  resolvers: {
    laterStatus: ({ client }) => (client === 'closed' ? { take: 'client' } : { take: 'server' }),
  },
  scopesOf: ({ userId, claims }) => [`user:${userId}`, `ward:${claims.ward}`],
});

/** Meter readings and form submissions, resolved by an administrator. */
export const meterReadings = defineApp({
  name: 'meter-readings',
  tables: {
    meters: table(
      { id: id(), district: text(), code: text(), reading: real(), verified: boolean({ default: false }) },
      {
        scope: 'district:{district}',
        unique: ['code'],
        conflicts: { update: review({ by: 'administrators' }), unique: 'review' },
      },
    ),
    submissions: table(
      { id: id(), number: serverId(), district: text(), formId: text(), formVersion: text(), data: json() },
      { scope: 'district:{district}' },
    ),
    submissionMedia: table(
      { id: id(), submissionId: ref('submissions'), file: media() },
      { scope: via('submissionId'), lane: 'low', batch: { maxItems: 1 } },
    ),
  },
  scopesOf: ({ claims }) => [`district:${claims.district}`],
  sync: { maxItems: 50, order: 'upload-first' },
});
