import {
  clientWins,
  date,
  defineApp,
  id,
  latestWins,
  media,
  merge,
  modifiedAt,
  real,
  ref,
  review,
  serverId,
  set,
  table,
  text,
  timestamp,
  type Validator,
  via,
} from '@satchel/schema';

const OFFICERS = ['officer', 'admin'] as const;

/** The citizen's own words: two devices that wrote them differently ask who wrote last. */
const theUserChooses = review({
  by: 'author',
  notify: 'must-review',
  reason: 'Two versions of the same report: whoever wrote it chooses',
});

const oneOf =
  (code: string, words: readonly string[]): Validator =>
  (value) =>
    words.some((word) => word === value) ? undefined : { code, params: { words: words.join(', ') } };

/**
 * Potholes and other reports by citizens to their city. A citizen reports from the
 * street, an officer works through tasks in the field, administrators watch over both.
 *
 * Scopes: `user:` a citizen's own reports and profile, `officers` all reports and
 * tasks, `admins` all profiles.
 */
export default defineApp({
  name: 'civic-reports',
  roles: ['citizen', 'officer', 'admin'],
  lanes: ['high', 'medium', 'low'],
  tables: {
    reports: table(
      {
        id: id(),
        serverId: serverId(),
        reporterId: text(),
        title: text({ maxBytes: 1_000, validators: ['filled'] }),
        description: text({ default: '', maxBytes: 20_000 }),
        category: text({ default: 'other' }),
        latitude: real({ nullable: true, validators: ['latitude'] }),
        longitude: real({ nullable: true, validators: ['longitude'] }),
        status: text({ default: 'received', validators: ['reportStatus'] }),
        labels: set(),
        createdAt: timestamp({ nullable: true }),
        updatedAt: modifiedAt(),
      },
      {
        scope: ['user:{reporterId}', 'officers'],
        lane: 'high',
        conflicts: {
          update: 'server-wins',
          fields: { title: theUserChooses, description: theUserChooses, category: theUserChooses },
          delete: 'ask',
        },
        access: {
          delete: OFFICERS,
          columns: { status: { write: OFFICERS }, labels: { write: OFFICERS } },
        },
      },
    ),
    reportPhotos: table(
      { id: id(), reportId: ref('reports', { onDelete: 'cascade' }), photo: media() },
      { scope: via('reportId'), lane: 'low', batch: { maxItems: 5 } },
    ),
    profiles: table(
      {
        id: id(),
        serverId: serverId(),
        name: text({ default: '' }),
        phone: text({ nullable: true }),
        language: text({ default: 'en' }),
        updatedAt: modifiedAt(),
      },
      {
        scope: ['user:{id}', 'admins'],
        lane: 'medium',
        conflicts: {
          update: clientWins({ reason: 'What people say of themselves is right' }),
          insert: 'merge',
        },
        access: { delete: 'admin' },
      },
    ),
    tasks: table(
      {
        id: id(),
        serverId: serverId(),
        reportId: ref('reports', { onDelete: 'cascade' }),
        officerId: text(),
        title: text(),
        status: text({ default: 'open', validators: ['taskStatus'] }),
        note: text({ default: '' }),
        labels: set(),
        dueOn: date({ nullable: true }),
        updatedAt: modifiedAt(),
      },
      {
        scope: 'officers',
        lane: 'high',
        conflicts: {
          update: merge({
            then: latestWins(),
            reason: 'Two officers at one task: each field for itself, the later of the same one',
          }),
        },
        access: { read: OFFICERS, write: OFFICERS },
      },
    ),
  },
  scopesOf: ({ userId, roles }) => [
    `user:${userId}`,
    ...(roles.includes('officer') || roles.includes('admin') ? ['officers'] : []),
    ...(roles.includes('admin') ? ['admins'] : []),
  ],
  sync: { schedule: 300, order: 'upload-first', maxItems: 100, retry: { attempts: 5 } },
  http: {
    dialects: ['actions'],
    names: { profiles: { one: 'profile', many: 'profile' } },
    // A report made over HTTP is its sender's.
    given: { reports: ({ userId }) => ({ reporterId: userId }) },
  },
  documentViews: true,
  validators: {
    filled: (value) =>
      typeof value === 'string' && value.trim() !== '' ? undefined : { code: 'text_empty', params: {} },
    latitude: (value) =>
      value === null || (typeof value === 'number' && Math.abs(value) <= 90)
        ? undefined
        : { code: 'latitude_invalid', params: {} },
    longitude: (value) =>
      value === null || (typeof value === 'number' && Math.abs(value) <= 180)
        ? undefined
        : { code: 'longitude_invalid', params: {} },
    reportStatus: oneOf('status_unknown', ['received', 'in_progress', 'resolved', 'rejected']),
    taskStatus: oneOf('status_unknown', ['open', 'in_progress', 'done']),
  },
});
