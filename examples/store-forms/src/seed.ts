import type { InsertRow } from '@satchel/schema';
import type app from './app.ts';

type App = typeof app;

const STORES = ['42', '43'] as const;

const FORMS: readonly (readonly [
  title: string,
  sections: readonly (readonly [string, readonly string[]])[],
])[] = [
  [
    'Opening',
    [
      ['Doors', ['Doors unlocked', 'Alarm off']],
      ['Floor', ['Floor clean', 'Lights on']],
    ],
  ],
  ['Closing', [['Till', ['Till counted', 'Difference', 'Note']]]],
  ['Cold chain', [['Fridges', ['Fridge 1, degrees', 'Fridge 2, degrees', 'Freezer, degrees']]]],
];
const kindOf = (label: string): string =>
  label.endsWith('degrees') || label === 'Difference' ? 'number' : label === 'Note' ? 'text' : 'yes-no';

/** One chain with two stores: three forms, a week of figures, a submission of each kind. The same on every machine. */
export const seed = {
  forms: FORMS.map(([title], at) => ({ id: `form-${at + 1}`, title })) satisfies readonly InsertRow<
    App,
    'forms'
  >[],
  formSections: FORMS.flatMap(([, sections], form) =>
    sections.map(([title], at) => ({
      id: `section-${form + 1}-${at + 1}`,
      formId: `form-${form + 1}`,
      title,
      position: at,
    })),
  ) satisfies readonly InsertRow<App, 'formSections'>[],
  fields: FORMS.flatMap(([, sections], form) =>
    sections.flatMap(([, labels], section) =>
      labels.map((label, at) => ({
        id: `field-${form + 1}-${section + 1}-${at + 1}`,
        sectionId: `section-${form + 1}-${section + 1}`,
        label,
        kind: kindOf(label),
        required: at === 0,
        position: at,
      })),
    ),
  ) satisfies readonly InsertRow<App, 'fields'>[],
  formTemplates: [
    { id: 'form-template-1', title: 'Inspection', body: { sections: ['Outside', 'Inside'] } },
  ] satisfies readonly InsertRow<App, 'formTemplates'>[],
  templates: [
    { id: 'template-1', name: 'Closed on holidays', body: 'We are closed on public holidays.' },
  ] satisfies readonly InsertRow<App, 'templates'>[],
  submissions: STORES.map((storeId, at) => ({
    id: `submission-${storeId}`,
    formId: 'form-1',
    storeId,
    status: at === 0 ? 'completed' : 'in_progress',
  })) satisfies readonly InsertRow<App, 'submissions'>[],
  submissionAnswers: STORES.flatMap((storeId) =>
    [1, 2].map((field) => ({
      id: `answer-${storeId}-${field}`,
      submissionId: `submission-${storeId}`,
      fieldId: `field-1-1-${field}`,
      value: true,
    })),
  ) satisfies readonly InsertRow<App, 'submissionAnswers'>[],
  team: STORES.flatMap((storeId) =>
    ['Store manager', 'Cashier', 'Shelf'].map((duty, at) => ({
      id: `member-${storeId}-${at + 1}`,
      storeId,
      badge: String(at + 1),
      name: `${duty} ${at + 1}`,
      duty: duty.toLowerCase(),
    })),
  ) satisfies readonly InsertRow<App, 'team'>[],
  kpiData: STORES.flatMap((storeId, store) =>
    Array.from({ length: 7 }, (_, day) => ({
      id: `kpi-${storeId}-${day + 1}`,
      storeId,
      name: 'visits',
      day: `2025-12-${String(11 + day)}`,
      value: String(180 + store * 40 + ((day * 37) % 60)),
    })),
  ) satisfies readonly InsertRow<App, 'kpiData'>[],
  settings: STORES.map((storeId) => ({
    id: `setting-${storeId}-opens`,
    storeId,
    name: 'opens',
    value: '08:00',
  })) satisfies readonly InsertRow<App, 'settings'>[],
};
