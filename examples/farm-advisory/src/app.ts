import type { Json } from '@satchel/protocol';
import {
  type AccessInput,
  CHANNELS,
  custom,
  date,
  days,
  decimal,
  defineApp,
  earliestWins,
  hours,
  id,
  json,
  latestWins,
  media,
  membership,
  minutes,
  modifiedAt,
  ref,
  review,
  table,
  text,
  timestamp,
  via,
} from '@satchel/schema';
import { keyByKey } from './key-by-key.ts';

type Channel = (typeof CHANNELS)[number];

/** Open on these channels alone: on the others nothing of the table can be read or written. */
const onlyBy = (...open: readonly Channel[]): NonNullable<AccessInput['channels']> =>
  Object.fromEntries(CHANNELS.filter((channel) => !open.includes(channel)).map((channel) => [channel, []]));

const STAFF = ['support', 'admin'] as const;

/** E.164: a plus, the country, at most fifteen digits. */
const PHONE = /^\+[1-9]\d{6,14}$/;

/**
 * An advisory service for farmers. A farmer writes on a phone without network, a field
 * agent visits and writes about the same crops, a cooperative reads along, support
 * sends alerts. Who has no smart phone uses USSD and SMS, which work on the server's
 * state alone.
 *
 * Scopes: `user:` is a farmer's own, `agent:` the farmers that somebody advises,
 * `cooperative:` its members, `region:` markets and advisories, `support` everything.
 */
export default defineApp({
  name: 'farm-advisory',
  roles: ['farmer', 'agent', 'cooperative', 'support', 'admin'],
  administrators: ['admin', 'support'],
  lanes: ['alerts', 'crop-updates', 'media'],
  tables: {
    profiles: table(
      {
        id: id(),
        name: text(),
        phone: text({ validators: ['phoneNumber'] }),
        language: text({ default: 'en' }),
        role: text({ default: 'farmer' }),
        preferences: json<{ readonly [name: string]: string | number | boolean }>({ default: {} }),
        savedMarkets: json<readonly string[]>({ default: [] }),
        region: text({ nullable: true }),
        cooperativeId: text({ nullable: true }),
        updatedAt: modifiedAt(),
      },
      {
        scope: [
          'user:{id}',
          'cooperative:{cooperativeId}',
          'support',
          membership({ table: 'advisers', column: 'farmerId', scope: 'agent:{agentId}' }),
        ],
        lane: 'crop-updates',
        conflicts: {
          update: latestWins({ reason: 'Low impact: the later choice is the right one' }),
          delete: 'edit-wins',
          fields: { preferences: custom('keyByKey', { reason: 'Each preference stands for itself' }) },
        },
        access: {
          delete: STAFF,
          columns: { role: { write: STAFF }, cooperativeId: { write: STAFF } },
          channels: onlyBy('mobile', 'web'),
        },
      },
    ),
    advisers: table(
      { farmerId: ref('profiles', { onDelete: 'cascade' }), agentId: text() },
      {
        scope: ['agent:{agentId}', 'user:{farmerId}', 'support'],
        primaryKey: ['farmerId', 'agentId'],
        lane: 'crop-updates',
        access: { write: STAFF },
      },
    ),
    cropRecords: table(
      {
        id: id(),
        farmerId: ref('profiles'),
        cropType: text(),
        acreage: decimal(),
        plantedOn: date({ nullable: true }),
        harvestedOn: date({ nullable: true }),
        /** Ids of rows of `cropPhotos`, in the order in which they are shown. */
        photos: json<readonly string[]>({ default: [] }),
        updatedAt: modifiedAt(),
      },
      {
        scope: via('farmerId'),
        lane: 'crop-updates',
        conflicts: {
          update: review({
            by: { role: 'agent' },
            notify: 'must-review',
            reason: 'The farmer and the field agent saw the field on different days',
          }),
          delete: 'ask',
        },
        access: { write: ['farmer', 'agent'], channels: onlyBy('mobile', 'agent') },
      },
    ),
    cropPhotos: table(
      { id: id(), cropRecordId: ref('cropRecords', { onDelete: 'cascade' }), photo: media() },
      {
        scope: via('cropRecordId'),
        lane: 'media',
        batch: { maxItems: 5 },
        access: { write: ['farmer', 'agent'], channels: onlyBy('mobile', 'agent') },
      },
    ),
    alerts: table(
      {
        id: id(),
        farmerId: ref('profiles'),
        severity: text({ default: 'warning', validators: ['severity'] }),
        title: text(),
        message: text(),
        issuedAt: timestamp(),
        acknowledgedAt: timestamp({ nullable: true }),
        acknowledgedBy: text({ nullable: true }),
      },
      {
        scope: via('farmerId'),
        lane: 'alerts',
        indexes: ['issuedAt'],
        conflicts: {
          fields: {
            acknowledgedAt: earliestWins(undefined, { reason: 'The first acknowledgement counts' }),
            acknowledgedBy: earliestWins('acknowledgedAt', { reason: 'The first acknowledgement counts' }),
          },
        },
        access: {
          insert: STAFF,
          delete: STAFF,
          columns: {
            farmerId: { write: STAFF },
            severity: { write: STAFF },
            title: { write: STAFF },
            message: { write: STAFF },
            issuedAt: { write: STAFF },
          },
        },
      },
    ),
    marketPrices: table(
      {
        id: id(),
        region: text(),
        market: text(),
        crop: text(),
        price: decimal(),
        unit: text({ default: 'quintal' }),
        quotedAt: timestamp(),
      },
      {
        scope: 'region:{region}',
        lane: 'crop-updates',
        unique: [['market', 'crop']],
        conflicts: { reason: 'The market is what the server says it is' },
        access: { write: [] },
        staleAfter: hours(6),
      },
    ),
    marketQueries: table(
      {
        id: id(),
        farmerId: text(),
        crop: text(),
        location: text(),
        askedAt: timestamp(),
        recommendations: json<readonly string[]>({ nullable: true }),
      },
      {
        scope: ['user:{farmerId}', 'support'],
        lane: 'crop-updates',
        access: {
          update: STAFF,
          delete: STAFF,
          columns: { recommendations: { write: STAFF } },
          channels: onlyBy('mobile', 'ussd'),
        },
      },
    ),
    insurancePolicies: table(
      {
        id: id(),
        farmerId: text(),
        status: text(),
        /** What makes the policy pay: `{ event: 'rainfall', below: 20 }`. */
        triggers: json<readonly Json[]>({ default: [] }),
      },
      {
        scope: ['user:{farmerId}', 'support'],
        lane: 'crop-updates',
        access: { write: [], channels: onlyBy('mobile', 'web') },
      },
    ),
    insuranceClaims: table(
      {
        id: id(),
        policyId: ref('insurancePolicies'),
        cause: text(),
        amount: decimal(),
        filedAt: timestamp(),
        status: text({ default: 'filed' }),
      },
      {
        scope: via('policyId'),
        lane: 'crop-updates',
        access: {
          delete: STAFF,
          columns: { status: { write: STAFF } },
          channels: onlyBy('mobile', 'web'),
        },
      },
    ),
    advisories: table(
      { id: id(), region: text(), title: text(), body: text(), publishedAt: timestamp() },
      { scope: 'region:{region}', lane: 'crop-updates', access: { write: STAFF } },
    ),
    advisoryBookmarks: table(
      {
        id: id(),
        farmerId: text(),
        advisoryId: ref('advisories', { onDelete: 'cascade' }),
        notes: text({ default: '' }),
        savedAt: timestamp(),
      },
      {
        scope: 'user:{farmerId}',
        lane: 'crop-updates',
        conflicts: { update: 'latest-wins' },
        access: { channels: onlyBy('mobile', 'web') },
      },
    ),
    bookmarkAttachments: table(
      { id: id(), bookmarkId: ref('advisoryBookmarks', { onDelete: 'cascade' }), file: media() },
      {
        scope: via('bookmarkId'),
        lane: 'media',
        batch: { maxItems: 5 },
        access: { channels: onlyBy('mobile', 'web') },
      },
    ),
  },
  scopesOf: ({ userId, roles, claims }) => [
    `user:${userId}`,
    ...(roles.includes('agent') ? [`agent:${userId}`] : []),
    ...(roles.includes('cooperative') && typeof claims.cooperativeId === 'string'
      ? [`cooperative:${claims.cooperativeId}`]
      : []),
    ...(roles.includes('support') || roles.includes('admin') ? ['support'] : []),
    ...(typeof claims.region === 'string' ? [`region:${claims.region}`] : []),
  ],
  sync: { schedule: 600, retry: { attempts: 3 }, lanes: { media: { retry: { attempts: 10 } } } },
  // An alert that nobody has acknowledged after a quarter of an hour is the operators' concern.
  alerts: {
    conflictRate: { above: 0.05, within: days(1) },
    unacknowledged: [{ table: 'alerts', column: 'acknowledgedAt', made: 'issuedAt', after: minutes(15) }],
  },
  validators: {
    phoneNumber: (value) =>
      typeof value === 'string' && PHONE.test(value) ? undefined : { code: 'phone_invalid', params: {} },
    severity: (value) =>
      value === 'info' || value === 'warning' || value === 'critical'
        ? undefined
        : { code: 'severity_unknown', params: {} },
  },
  resolvers: { keyByKey },
});
