import type { Json, Values } from '@satchel/protocol';
import {
  defineApp,
  id,
  json,
  media,
  modifiedAt,
  type Principal,
  real,
  ref,
  review,
  serverId,
  table,
  text,
  timestamp,
  via,
} from '@satchel/schema';

/** Who read an older version than the server has must not overwrite the newer one. */
const administratorDecides = review({
  by: 'administrators',
  notify: 'passive',
  reason: 'The device read an older version: an administrator decides',
});

const ofDistrict = ({ claims: { district } }: Principal): Values =>
  typeof district === 'string' ? { district } : {};

/**
 * Meter readings and form submissions of a utility. Readers walk their district with
 * phones; when two versions of one meter meet, an administrator decides.
 *
 * Scopes: `district:` the meters and submissions of a district, named by the claim
 * `district`; `forms` the forms, for all.
 */
export default defineApp({
  name: 'meter-readings',
  roles: ['reader', 'admin'],
  lanes: ['high', 'medium', 'low'],
  tables: {
    meters: table(
      {
        id: id(),
        district: text(),
        code: text(),
        reading: real({ default: 0, validators: ['reading'] }),
        /** When the reader's device read it. */
        deviceTs: timestamp({ nullable: true }),
        lastUpdatedBy: text({ default: 'sys' }),
        updatedAt: modifiedAt(),
      },
      {
        scope: 'district:{district}',
        lane: 'high',
        unique: ['code'],
        conflicts: {
          update: administratorDecides,
          insert: 'reject',
          unique: { kind: 'review', by: 'administrators', reason: 'Two meters cannot have one code' },
        },
        access: { delete: 'admin' },
      },
    ),
    forms: table(
      { id: id(), title: text(), currentVersion: text({ default: 'v1' }), updatedAt: modifiedAt() },
      { scope: 'forms', lane: 'medium', access: { write: 'admin' } },
    ),
    /** Every version that was ever out there: a device may submit in one that is no longer the newest. */
    formVersions: table(
      { id: id(), formId: ref('forms', { onDelete: 'cascade' }), version: text(), fields: json<Json>() },
      { scope: via('formId'), lane: 'medium', unique: [['formId', 'version']], access: { write: 'admin' } },
    ),
    submissions: table(
      {
        id: id(),
        number: serverId(),
        district: text(),
        formId: ref('forms'),
        formVersion: text({ default: 'v1' }),
        data: json<{ readonly [field: string]: Json }>({ default: {} }),
        status: text({ default: 'received', validators: ['submissionStatus'] }),
        updatedAt: modifiedAt(),
      },
      {
        scope: 'district:{district}',
        lane: 'high',
        conflicts: { update: administratorDecides },
        access: { delete: 'admin', columns: { status: { write: 'admin' } } },
      },
    ),
    submissionMedia: table(
      { id: id(), submissionId: ref('submissions', { onDelete: 'cascade' }), file: media() },
      { scope: via('submissionId'), lane: 'low', batch: { maxItems: 5 } },
    ),
  },
  scopesOf: ({ claims: { district } }) => [
    'forms',
    ...(typeof district === 'string' ? [`district:${district}`] : []),
  ],
  sync: { maxItems: 50, order: 'upload-first', retry: { attempts: 5 } },
  http: {
    dialects: ['mobile'],
    maxItems: 50,
    // What a reader makes belongs to the reader's district.
    given: { meters: ofDistrict, submissions: ofDistrict },
  },
  documentViews: { server: true },
  validators: {
    reading: (value) =>
      typeof value === 'number' && value >= 0 ? undefined : { code: 'reading_negative', params: {} },
    submissionStatus: (value) =>
      value === 'received' || value === 'approved' || value === 'returned'
        ? undefined
        : { code: 'status_unknown', params: { words: 'received, approved, returned' } },
  },
});
