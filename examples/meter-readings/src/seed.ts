import type { InsertRow } from '@satchel/schema';
import type app from './app.ts';

type App = typeof app;

const DISTRICTS = ['d-1', 'd-2'] as const;

/** Two districts of meters, and a form in two versions. The same on every machine. */
export const seed = {
  meters: DISTRICTS.flatMap((district, at) =>
    Array.from({ length: 20 }, (_, meter) => {
      const number = 121 + at * 100 + meter;
      return { id: `m-${number}`, district, code: `M-${number}`, reading: 40 + ((number * 13) % 50) };
    }),
  ) satisfies readonly InsertRow<App, 'meters'>[],
  forms: [{ id: 'f-1', title: 'Visit', currentVersion: 'v2' }] satisfies readonly InsertRow<App, 'forms'>[],
  formVersions: [
    { id: 'f-1-v1', formId: 'f-1', version: 'v1', fields: [{ name: 'fieldA', kind: 'text' }] },
    {
      id: 'f-1-v2',
      formId: 'f-1',
      version: 'v2',
      fields: [
        { name: 'fieldA', kind: 'text' },
        { name: 'sealed', kind: 'yes-no' },
      ],
    },
  ] satisfies readonly InsertRow<App, 'formVersions'>[],
  submissions: [
    {
      id: 'sub-1',
      district: 'd-1',
      formId: 'f-1',
      formVersion: 'v1',
      data: { fieldA: 'ok' },
      status: 'approved',
    },
    { id: 'sub-2', district: 'd-1', formId: 'f-1', formVersion: 'v2', data: { fieldA: 'ok', sealed: true } },
  ] satisfies readonly InsertRow<App, 'submissions'>[],
};
