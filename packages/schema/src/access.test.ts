import { describe, expect, it } from 'vitest';
import { advice } from '../test/advice.ts';
import { bizpulse } from '../test/bizpulse.ts';
import {
  appHash,
  defineApp,
  id,
  isAdministrator,
  mayDo,
  needsWriters,
  readableColumns,
  referencesTo,
  scopeChildren,
  table,
  text,
  viewHash,
  viewOf,
  writableColumns,
} from './index.ts';

const { products, reports } = bizpulse.tables;

describe('access', () => {
  it('[ACC-01] an operation is for the roles that it names, or for everybody', () => {
    expect(mayDo(products, 'update', ['staff'], 'mobile')).toBe(true);
    expect(mayDo(products, 'delete', ['staff'], 'mobile')).toBe(false);
    expect(mayDo(products, 'delete', ['staff', 'manager'], 'mobile')).toBe(true);
    expect(mayDo(products, 'read', [], 'web')).toBe(true);
    expect(mayDo(reports, 'insert', ['owner', 'admin'], 'web')).toBe(false);
  });

  it('[ACC-02] a channel narrows what may be done by it, others stay as they are', () => {
    expect(mayDo(products, 'update', ['owner'], 'sms')).toBe(false);
    expect(mayDo(products, 'read', ['owner'], 'sms')).toBe(true);
    expect(mayDo(products, 'update', ['owner'], 'web')).toBe(true);
    expect(mayDo(advice.tables.profiles, 'update', ['farmer'], 'ussd')).toBe(false);
  });

  it('[ACC-03] columns are readable and writable by role', () => {
    expect(readableColumns(products, ['staff'])).not.toContain('cost');
    expect(readableColumns(products, ['manager'])).toContain('cost');
    expect(writableColumns(products, ['manager'])).not.toContain('cost');
    expect(writableColumns(products, ['owner'])).toContain('cost');
    expect(writableColumns(advice.tables.crops, ['farmer'])).not.toContain('status');
  });

  it('[ACC-03] nobody writes what the server gives', () => {
    expect(writableColumns(products, ['owner'])).not.toContain('updatedAt');
    expect(writableColumns(bizpulse.tables.sales, ['owner'])).not.toContain('receipt');
  });

  it('[ACC-03] who may not read the table reads none of its columns', () => {
    const hidden = defineApp({
      name: 'x',
      tables: { notes: table({ id: id(), body: text() }, { scope: 'all', access: { read: 'auditor' } }) },
      scopesOf: () => ['all'],
    }).tables.notes;
    expect(readableColumns(hidden, ['owner'])).toEqual([]);
    expect(readableColumns(hidden, ['auditor'])).toEqual(['id', 'body']);
  });

  it('[ACC-04] roles that see the same have the same view hash', () => {
    const hash = (...roles: string[]) => viewHash(products, readableColumns(products, roles));
    expect(hash('staff')).toBe(hash('cleaner'));
    expect(hash('manager')).toBe(hash('owner', 'staff'));
    expect(hash('staff')).not.toBe(hash('owner'));
    expect(hash('staff')).toMatch(/^[0-9a-f]{16}$/);
  });

  it('[ACC-04] an older version has a view of its own', () => {
    const old = viewOf(bizpulse, 1).tables.products!;
    expect(viewHash(old, Object.keys(old.columns))).not.toBe(
      viewHash(products, Object.keys(products.columns)),
    );
  });

  it('[ACC-05] administrators are those whom the app names', () => {
    const principal = (roles: string[]) => ({ roles }) as never;
    expect(isAdministrator(bizpulse, principal(['admin']))).toBe(true);
    expect(isAdministrator(bizpulse, principal(['owner']))).toBe(false);
  });
});

describe('needsWriters', () => {
  it('[POL-03] the last writer is remembered where a policy asks for it, also as a second choice', () => {
    expect(needsWriters(products)).toEqual(['price']);
    expect(needsWriters(bizpulse.tables.customers)).toEqual([
      'storeId',
      'firstName',
      'lastName',
      'preferences',
    ]);
    expect(needsWriters(advice.tables.alerts)).toEqual(['acknowledgedAt']);
    expect(needsWriters(advice.tables.farms)).toEqual([]);
    expect(needsWriters(advice.tables.settings)).toEqual(['value']);
  });
});

describe('references', () => {
  it('[KEY-05] are found from the side that they point to', () => {
    expect(referencesTo(bizpulse, 'customers')).toEqual([
      { table: 'sales', columns: ['customerId'], references: 'customers', onDelete: 'set-null' },
    ]);
    expect(scopeChildren(bizpulse, 'sales').map(({ name }) => name)).toEqual(['saleLines']);
  });
});

describe('appHash', () => {
  const define = (lane: string, body: (value: unknown) => undefined) =>
    defineApp({
      name: 'x',
      tables: { notes: table({ id: id(), body: text({ validators: ['good'] }) }, { scope: 'all', lane }) },
      scopesOf: () => ['all'],
      validators: { good: body },
    });

  it('[APP-08] is the same for the same definition, whatever its functions hold', () => {
    expect(appHash(define('low', () => undefined))).toBe(
      appHash(
        define('low', (value) => {
          void value;
          return undefined;
        }),
      ),
    );
  });

  it('[APP-08] differs when any part of the data does', () => {
    expect(appHash(define('low', () => undefined))).not.toBe(appHash(define('high', () => undefined)));
    expect(appHash(bizpulse)).toMatch(/^[0-9a-f]{32}$/);
  });
});
