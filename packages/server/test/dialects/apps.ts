import {
  clientWins,
  counter,
  defineApp,
  type HttpInput,
  id,
  json,
  latestWins,
  modifiedAt,
  real,
  ref,
  review,
  roleWins,
  serverId,
  table,
  text,
  timestamp,
  via,
} from '@satchel/schema';

const MANAGERS = ['manager', 'admin'];

/** Forms that stores fill in, over tables and timestamps. */
export const formsApp = (http: HttpInput = {}) =>
  defineApp({
    name: 'forms',
    tables: {
      forms: table(
        { id: id(), title: text(), updatedAt: modifiedAt() },
        {
          scope: 'forms',
          conflicts: { update: roleWins('manager', { then: latestWins() }) },
          access: { write: MANAGERS },
        },
      ),
      formTemplates: table(
        { id: id(), title: text(), updatedAt: modifiedAt() },
        { scope: 'forms', access: { read: MANAGERS, write: MANAGERS } },
      ),
      submissions: table(
        {
          id: id(),
          formId: ref('forms'),
          storeId: text(),
          status: text({ default: 'in_progress' }),
          note: text({ nullable: true }),
          visits: counter(),
          updatedAt: modifiedAt(),
        },
        {
          scope: 'store:{storeId}',
          conflicts: {
            update: latestWins(),
            fields: { note: 'server-wins' },
            delete: 'ask',
            insert: 'new-key',
          },
        },
      ),
      submissionAnswers: table(
        {
          id: id(),
          submissionId: ref('submissions', { onDelete: 'cascade' }),
          value: json({ nullable: true }),
          updatedAt: modifiedAt(),
        },
        { scope: via('submissionId'), conflicts: { update: latestWins() } },
      ),
      team: table(
        { id: id(), storeId: text(), name: text(), updatedAt: modifiedAt() },
        { scope: 'store:{storeId}', conflicts: { update: 'server-wins' } },
      ),
      kpiData: table(
        { id: id(), storeId: text(), value: real(), updatedAt: modifiedAt() },
        { scope: 'store:{storeId}', conflicts: { update: latestWins() } },
      ),
    },
    scopesOf: ({ claims }) => ['forms', `store:${String(claims.storeId)}`],
    http: {
      dialects: ['tables'],
      given: { submissions: ({ claims }) => ({ storeId: String(claims.storeId) }) },
      ...http,
    },
  });

/** Reports of citizens, over actions. */
export const reportsApp = (http: HttpInput = {}) =>
  defineApp({
    name: 'reports',
    tables: {
      reports: table(
        {
          id: id(),
          serverId: serverId(),
          reporterId: text(),
          title: text(),
          description: text({ default: '' }),
          category: text({ default: 'other' }),
          latitude: real({ nullable: true }),
          longitude: real({ nullable: true }),
          status: text({ default: 'received' }),
          updatedAt: modifiedAt(),
        },
        {
          scope: ['user:{reporterId}', 'officers'],
          conflicts: {
            update: 'server-wins',
            fields: { title: review({ by: 'author' }), description: clientWins() },
          },
          access: { columns: { status: { write: ['officer', 'admin'] } } },
        },
      ),
      profiles: table(
        {
          id: id(),
          name: text({ default: '' }),
          phone: text({ nullable: true }),
          updatedAt: modifiedAt(),
        },
        { scope: 'user:{id}', conflicts: { update: clientWins(), insert: 'merge' } },
      ),
      tasks: table(
        {
          id: id(),
          serverId: serverId(),
          reportId: ref('reports'),
          title: text(),
          status: text({ default: 'open' }),
          updatedAt: modifiedAt(),
        },
        { scope: 'officers', access: { read: ['officer', 'admin'], write: ['officer', 'admin'] } },
      ),
    },
    scopesOf: ({ userId, roles }) => [
      `user:${userId}`,
      ...(roles.includes('officer') || roles.includes('admin') ? ['officers'] : []),
    ],
    http: {
      dialects: ['actions'],
      names: { profiles: { one: 'profile', many: 'profile' } },
      given: {
        reports: ({ userId }) => ({ reporterId: userId }),
        profiles: ({ userId }) => ({ id: userId }),
      },
      ...http,
    },
  });

/** Meter readings and submissions, over batches with temporary ids. */
export const metersApp = (http: HttpInput = {}) =>
  defineApp({
    name: 'meters',
    tables: {
      meters: table(
        {
          id: id(),
          district: text(),
          code: text(),
          reading: real({ default: 0 }),
          deviceTs: timestamp({ nullable: true }),
          lastUpdatedBy: text({ default: 'sys' }),
          updatedAt: modifiedAt(),
        },
        {
          scope: 'district:{district}',
          unique: ['code'],
          conflicts: { update: review({ by: 'administrators' }), unique: 'review' },
        },
      ),
      forms: table({ id: id(), title: text() }, { scope: 'forms', access: { write: 'admin' } }),
      submissions: table(
        {
          id: id(),
          district: text(),
          formId: ref('forms'),
          formVersion: text({ default: 'v1' }),
          data: json(),
          status: text({ default: 'submitted' }),
          updatedAt: modifiedAt(),
        },
        { scope: 'district:{district}', conflicts: { update: review({ by: 'administrators' }) } },
      ),
      submissionNotes: table(
        { id: id(), submissionId: ref('submissions', { onDelete: 'cascade' }), text: text() },
        { scope: via('submissionId') },
      ),
    },
    scopesOf: ({ claims }) => ['forms', `district:${String(claims.district)}`],
    http: {
      dialects: ['mobile'],
      maxItems: 50,
      given: {
        submissions: ({ claims }) => ({ district: String(claims.district) }),
        meters: ({ claims }) => ({ district: String(claims.district) }),
      },
      ...http,
    },
  });
