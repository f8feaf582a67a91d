import { expect, it } from 'vitest';
import { app, type Mistake, mistakeOf } from '../test/mistaken.ts';
import { type App, defineApp, id, integer, rowViewName, table, text, timestamp } from './index.ts';

const all = { scope: 'all' } as const;
const defined = (input: object): App => defineApp(app(input) as never);

it('[SET-02] documents’ views are made for an app that asks, on either side', () => {
  expect(defined({}).documentViews).toEqual({ server: false, device: false });
  expect(defined({ documentViews: true }).documentViews).toEqual({ server: true, device: true });
  expect(defined({ documentViews: { device: true } }).documentViews).toEqual({ server: false, device: true });
  expect(rowViewName('saleLines')).toBe('sale_lines_local');
});

const tables = (documentViews: unknown, given: object) => app({ tables: given, documentViews });

const MISTAKES: readonly Mistake[] = [
  [
    'a flag of another kind',
    app({ documentViews: { device: 'yes' } }),
    'documentViews.device',
    'true, false',
  ],
  ['an unknown place', app({ documentViews: { phone: true } }), 'documentViews.phone', 'server'],
  [
    'a table named as a view of the server',
    tables({ server: true }, { conflicts: table({ id: id() }, all) }),
    'documentViews.server',
    'Rename the table',
  ],
  [
    'an adopted table named as a view of the server',
    tables({ server: true }, { clashes: table({ id: id() }, { ...all, adopt: 'old.sync_items' }) }),
    'documentViews.server',
    'Rename the table',
  ],
  [
    'a table named as a view of the device',
    tables({ device: true }, { syncQueue: table({ id: id() }, all) }),
    'documentViews.device',
    'Rename the table',
  ],
  [
    'a table named as the view of another',
    tables(true, { products: table({ id: id() }, all), productsLocal: table({ id: id() }, all) }),
    'documentViews.device',
    'Rename the table',
  ],
  [
    'a column that the view adds',
    tables(true, { forms: table({ id: id(), version: integer() }, all) }),
    'documentViews.device',
    'Rename the column',
  ],
];

it.each(MISTAKES)('[SET-02] refuses %s', (_, input, where, remedy) => {
  expect(mistakeOf(input)).toMatchObject({ where, remedy: expect.stringContaining(remedy) });
});

it('[SET-02] a name of a view clashes only where the view is asked for', () => {
  const conflicts = { conflicts: table({ id: id(), version: integer() }, all) };
  expect(defined({ tables: conflicts }).documentViews.server).toBe(false);
  expect(
    defined({ tables: { conflicts: table({ id: id() }, all) }, documentViews: { device: true } })
      .documentViews,
  ).toEqual({ server: false, device: true });
});

const alerts = {
  alerts: table(
    { id: id(), text: text(), madeAt: timestamp(), acknowledgedAt: timestamp({ nullable: true }) },
    all,
  ),
  quiet: table({ id: id(), seenAt: timestamp({ nullable: true }) }, { ...all, audit: false }),
};

it('[SET-03] alerts: 5 % of a day from 100 changes on, 15 minutes without acknowledgement', () => {
  expect(defined({}).alerts).toEqual({
    conflictRate: { above: 0.05, within: 86_400_000, from: 100 },
    unacknowledged: [],
  });
  expect(
    defined({
      tables: alerts,
      alerts: {
        conflictRate: { from: 10 },
        unacknowledged: [{ table: 'alerts', column: 'acknowledgedAt', made: 'madeAt' }],
      },
    }).alerts,
  ).toEqual({
    conflictRate: { above: 0.05, within: 86_400_000, from: 10 },
    unacknowledged: [{ table: 'alerts', column: 'acknowledgedAt', made: 'madeAt', after: 900_000 }],
  });
});

const unacknowledged = (rule: object) => app({ tables: alerts, alerts: { unacknowledged: [rule] } });

const ALERT_MISTAKES: readonly Mistake[] = [
  ['percent', app({ alerts: { conflictRate: { above: 5 } } }), 'alerts.conflictRate.above', '0.05'],
  ['no table', unacknowledged({ table: 'alert', column: 'x' }), 'alerts.unacknowledged[0].table', '"alerts"'],
  [
    'a column that is never null',
    unacknowledged({ table: 'alerts', column: 'text' }),
    'alerts.unacknowledged[0].column',
    'null until',
  ],
  [
    'a time that is text',
    unacknowledged({ table: 'alerts', column: 'acknowledgedAt', made: 'text' }),
    'alerts.unacknowledged[0].made',
    'timestamp',
  ],
  [
    'no time in a table without audit',
    unacknowledged({ table: 'quiet', column: 'seenAt' }),
    'alerts.unacknowledged[0]',
    'as made',
  ],
];

it.each(ALERT_MISTAKES)('[SET-03] refuses %s', (_, input, where, remedy) => {
  expect(mistakeOf(input)).toMatchObject({ where, remedy: expect.stringContaining(remedy) });
});
