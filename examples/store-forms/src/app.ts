import {
  boolean,
  date,
  decimal,
  defineApp,
  id,
  integer,
  json,
  latestWins,
  modifiedAt,
  type RolesInput,
  ref,
  roleWins,
  serverWins,
  table,
  text,
  type Validator,
  via,
} from '@satchel/schema';
import { type Answer, type AnswerValue, answer, keepAnswers } from './answers.ts';

const MANAGERS: RolesInput = ['manager', 'admin'];

/** The manager's edit stands against anybody's; between two managers the later one. */
const managerWins = (reason: string) => roleWins('manager', { then: latestWins(), reason });

const oneOf =
  (code: string, words: readonly string[]): Validator =>
  (value) =>
    words.some((word) => word === value) ? undefined : { code, params: { words: words.join(', ') } };

/**
 * Forms that a chain's stores fill in. The manager makes forms and reads what came
 * back; in the store an employee fills them in, with network or without.
 *
 * Scopes: `forms` is the chain's, `store:` one store's. A token names its store in the
 * claim `storeId`, a manager of several names them in `stores`.
 */
export default defineApp({
  name: 'store-forms',
  roles: ['manager', 'store', 'admin'],
  tables: {
    forms: table(
      {
        id: id(),
        title: text({ validators: ['filled'] }),
        description: text({ default: '' }),
        active: boolean({ default: true }),
        updatedAt: modifiedAt(),
      },
      {
        scope: 'forms',
        lane: 'high',
        conflicts: { update: managerWins('Only manager edits forms') },
        access: { write: MANAGERS },
      },
    ),
    formSections: table(
      {
        id: id(),
        formId: ref('forms', { onDelete: 'cascade' }),
        title: text(),
        position: integer({ default: 0 }),
        updatedAt: modifiedAt(),
      },
      {
        scope: via('formId'),
        lane: 'high',
        conflicts: { update: managerWins('Only manager edits forms') },
        access: { write: MANAGERS },
      },
    ),
    fields: table(
      {
        id: id(),
        sectionId: ref('formSections', { onDelete: 'cascade' }),
        label: text(),
        kind: text({ default: 'text', validators: ['fieldKind'] }),
        required: boolean({ default: false }),
        position: integer({ default: 0 }),
        updatedAt: modifiedAt(),
      },
      {
        scope: via('sectionId'),
        lane: 'high',
        conflicts: { update: managerWins('Only manager edits forms') },
        access: { write: MANAGERS },
      },
    ),
    /** Forms to start from; the stores have no use for them. */
    formTemplates: table(
      { id: id(), title: text(), body: json(), updatedAt: modifiedAt() },
      {
        scope: 'forms',
        lane: 'low',
        conflicts: { update: managerWins('Only manager edits forms') },
        access: { read: MANAGERS, write: MANAGERS },
      },
    ),
    /** Texts to start from: notices, instructions, mails. */
    templates: table(
      { id: id(), name: text(), kind: text({ default: 'notice' }), body: text(), updatedAt: modifiedAt() },
      {
        scope: 'forms',
        lane: 'low',
        conflicts: { update: managerWins('Only manager edits forms') },
        access: { read: MANAGERS, write: MANAGERS },
      },
    ),
    submissions: table(
      {
        id: id(),
        formId: ref('forms'),
        storeId: text(),
        status: text({ default: 'in_progress', validators: ['submissionStatus'] }),
        updatedAt: modifiedAt(),
      },
      {
        scope: 'store:{storeId}',
        lane: 'urgent',
        indexes: ['formId'],
        conflicts: { update: latestWins({ reason: 'Most recent data is correct' }) },
      },
    ),
    submissionAnswers: table(
      {
        id: id(),
        submissionId: ref('submissions', { onDelete: 'cascade' }),
        fieldId: ref('fields'),
        value: json<AnswerValue>({
          nullable: true,
          validators: ['answer'],
        }),
        updatedAt: modifiedAt(),
      },
      {
        scope: via('submissionId'),
        lane: 'high',
        unique: [['submissionId', 'fieldId']],
        conflicts: {
          update: latestWins({ reason: 'Most recent data is correct' }),
          unique: 'merge-into',
        },
      },
    ),
    team: table(
      {
        id: id(),
        storeId: text(),
        badge: text(),
        name: text(),
        duty: text({ default: 'staff' }),
        updatedAt: modifiedAt(),
      },
      {
        scope: 'store:{storeId}',
        unique: [['storeId', 'badge']],
        conflicts: {
          update: serverWins({ reason: 'Prevent duplicates' }),
          unique: { kind: 'merge-into', reason: 'Prevent duplicates' },
        },
      },
    ),
    kpiData: table(
      {
        id: id(),
        storeId: text(),
        name: text(),
        day: date(),
        value: decimal(),
        updatedAt: modifiedAt(),
      },
      {
        scope: 'store:{storeId}',
        conflicts: { update: latestWins({ reason: 'Always use newest data' }) },
      },
    ),
    settings: table(
      { id: id(), storeId: text(), name: text(), value: json(), updatedAt: modifiedAt() },
      {
        scope: 'store:{storeId}',
        unique: [['storeId', 'name']],
        conflicts: { update: managerWins('Manager controls config'), unique: 'merge-into' },
      },
    ),
  },
  scopesOf: ({ claims: { storeId, stores } }) => [
    'forms',
    ...[storeId, ...(Array.isArray(stores) ? stores : [])]
      .filter((store) => typeof store === 'string')
      .map((store) => `store:${store}`),
  ],
  sync: {
    schedule: 300,
    onStart: 'full',
    retry: { attempts: 5 },
    // A submission goes at once; what it holds goes with it.
    urgentLane: 'urgent',
    triggers: { appStart: true, networkRegained: true, urgentWrite: true, conflictResolved: true },
  },
  // Devices of the chain's own network may go without a token: `auth: 'private-network'`.
  http: {
    dialects: ['tables'],
    deviceUser: (deviceId) => ({
      roles: [deviceId.startsWith('store-manager') ? 'manager' : 'store'],
      claims: { storeId: '42' },
    }),
  },
  documentViews: true,
  functions: {
    /** What was filled in so far, kept on the device as it is typed. */
    saveAnswers(db, args: { readonly submissionId: string; readonly answers: readonly Answer[] }) {
      keepAnswers(db, args.submissionId, args.answers);
      return null;
    },
    /** The submit button: last answers and the status `completed`, one mutation, sent at once. */
    submitForm(db, args: { readonly submissionId: string; readonly answers: readonly Answer[] }) {
      keepAnswers(db, args.submissionId, args.answers);
      db.run("update submissions set status = 'completed' where id = ?", [args.submissionId]);
      return null;
    },
  },
  validators: {
    filled: (value) =>
      typeof value === 'string' && value.trim() !== '' ? undefined : { code: 'text_empty', params: {} },
    fieldKind: oneOf('field_kind_unknown', ['text', 'number', 'choice', 'choices', 'yes-no', 'date']),
    submissionStatus: oneOf('status_unknown', ['in_progress', 'completed', 'approved']),
    answer,
  },
});
