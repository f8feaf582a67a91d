import { type Change, type Mutation, SatchelError, type Values } from '@satchel/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bizpulse } from '../test/bizpulse.ts';
import {
  type App,
  add,
  addTable,
  defineApp,
  drop,
  dropTable,
  id,
  integer,
  liftChange,
  liftMutation,
  liftRow,
  liftValues,
  lowerRow,
  rename,
  renameTable,
  type SchemaChangeInput,
  split,
  table,
  text,
  viewOf,
} from './index.ts';

const ONE = '00000000-0000-7000-8000-000000000001';
const TWO = '00000000-0000-7000-8000-000000000002';

const codeOf = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error instanceof SatchelError ? error.code : error;
  }
};

/** An app of one table, which `changes` led to in one step. */
const after = (columns: object, ...changes: SchemaChangeInput[]): App =>
  defineApp({
    name: 'x',
    schemaVersion: 2,
    tables: { notes: table({ id: id(), ...columns } as never, { scope: 'all' }) },
    scopesOf: () => ['all'],
    history: [{ to: 2, changes }],
  });

const update = (values: Values, rest: Partial<Change> = {}): Change => ({
  table: 'notes',
  op: 'update',
  key: 'n1',
  values,
  ...rest,
});

describe('liftChange', () => {
  it('[LIFT-01] a change of the current version is what it was', () => {
    const change = update({ firstName: 'A' }, { table: 'customers' });
    expect(liftChange(bizpulse, 3, change)).toEqual([change]);
  });

  it('[LIFT-02] tables and columns are renamed in what was written, confirmed and seen', () => {
    const app = after({ title: text() }, rename('notes', 'name', 'title'));
    const change = update(
      { name: 'c' },
      {
        confirmed: { version: 4, values: { name: 'a' } },
        seen: { name: { value: 'b', mutationId: ONE } },
        after: ONE,
      },
    );
    expect(liftChange(app, 1, change)).toEqual([
      update(
        { title: 'c' },
        {
          confirmed: { version: 4, values: { title: 'a' } },
          seen: { title: { value: 'b', mutationId: ONE } },
          after: ONE,
        },
      ),
    ]);
  });

  it('[LIFT-03] a change that touches only what was dropped lifts to nothing', () => {
    expect(liftChange(bizpulse, 2, update({ colour: 'red' }, { table: 'products' }))).toBe('dropped');
    const both = update(
      { colour: 'red', name: 'Rice' },
      { table: 'products', confirmed: { version: 1, values: { colour: null, name: 'rice' } } },
    );
    expect(liftChange(bizpulse, 2, both)).toEqual([
      update({ name: 'Rice' }, { table: 'products', confirmed: { version: 1, values: { name: 'rice' } } }),
    ]);
  });

  it('[LIFT-03] deletes of a table that is still there survive, whatever was dropped', () => {
    const change: Change = {
      table: 'products',
      op: 'delete',
      key: 'p1',
      confirmed: { version: 1, values: { id: 'p1', colour: 'red' } },
    };
    expect(liftChange(bizpulse, 2, change)).toEqual([
      { ...change, confirmed: { version: 1, values: { id: 'p1' } } },
    ]);
  });

  it('[LIFT-04] changes of a dropped table lift to nothing', () => {
    const app = after({}, dropTable('drafts'));
    expect(liftChange(app, 1, update({ body: 'x' }, { table: 'drafts' }))).toBe('dropped');
  });

  it('[LIFT-05] an insert gets the value of columns that were added, an update does not', () => {
    const app = after({ rank: integer({ default: 7 }), body: text() }, add('notes', 'rank'));
    const insert: Change = { table: 'notes', op: 'insert', key: 'n1', values: { id: 'n1', body: 'x' } };
    expect(liftChange(app, 1, insert)).toEqual([{ ...insert, values: { id: 'n1', body: 'x', rank: 7 } }]);
    expect(liftChange(app, 1, update({ body: 'y' }))).toEqual([update({ body: 'y' })]);
  });

  it('[LIFT-06] a split changes only what the user changed', () => {
    const change = update(
      { name: 'Anna Lee' },
      { table: 'clients', confirmed: { version: 1, values: { name: 'Ann Lee' } } },
    );
    expect(liftChange(bizpulse, 1, change)).toEqual([
      update(
        { firstName: 'Anna' },
        { table: 'customers', confirmed: { version: 1, values: { firstName: 'Ann', lastName: 'Lee' } } },
      ),
    ]);
  });

  it('[LIFT-06] a split compares with what the user saw, not with what was confirmed', () => {
    const change = update(
      { name: 'Anna Lee' },
      {
        table: 'clients',
        confirmed: { version: 1, values: { name: 'Ann Roe' } },
        seen: { name: { value: 'Ann Lee', mutationId: TWO } },
      },
    );
    expect(liftChange(bizpulse, 1, change)).toEqual([
      update(
        { firstName: 'Anna' },
        {
          table: 'customers',
          confirmed: { version: 1, values: { firstName: 'Ann', lastName: 'Roe' } },
          seen: { lastName: { value: 'Lee', mutationId: TWO } },
        },
      ),
    ]);
  });

  it('[LIFT-07] a split that cannot be told from what the change carries is refused, not guessed', () => {
    const joined = after(
      { name: text() },
      split(
        'notes',
        { first: text(), last: text() },
        ['name'],
        ({ first, last }) => ({ name: `${first} ${last}` }),
        ({ name }) => ({ first: String(name).split(' ')[0]!, last: String(name).split(' ')[1] ?? '' }),
      ),
    );
    const half = update({ first: 'Ann' }, { confirmed: { version: 1, values: { first: 'Bo' } } });
    expect(codeOf(() => liftChange(joined, 1, half))).toBe('lift_failed');
    const whole = update(
      { first: 'Ann', last: 'Lee' },
      { confirmed: { version: 1, values: { first: 'Bo', last: 'Lee' } } },
    );
    expect(liftChange(joined, 1, whole)).toEqual([
      update({ name: 'Ann Lee' }, { confirmed: { version: 1, values: { name: 'Bo Lee' } } }),
    ]);
  });

  it('[LIFT-07] a split may test for what is there', () => {
    const app = after(
      { width: integer(), height: integer() },
      split(
        'notes',
        { w: integer(), h: integer() },
        ['width', 'height'],
        (old) => ({ ...('w' in old ? { width: old.w! } : {}), ...('h' in old ? { height: old.h! } : {}) }),
        ({ width, height }) => ({ w: width!, h: height! }),
      ),
    );
    expect(liftChange(app, 1, update({ h: 3 }))).toEqual([update({ height: 3 })]);
  });

  it('[LIFT-07] whatever an app function throws is a failed lift', () => {
    const broken = after(
      { name: text() },
      split(
        'notes',
        { title: text() },
        ['name'],
        () => {
          throw new TypeError('broken');
        },
        () => ({ title: '' }),
      ),
    );
    expect(codeOf(() => liftChange(broken, 1, update({ title: 'x' })))).toBe('lift_failed');
  });

  it('[LIFT-08] changes of the history apply in their order', () => {
    const app = after(
      { a: text(), b: text() },
      rename('notes', 'a', 'swap'),
      rename('notes', 'b', 'a'),
      rename('notes', 'swap', 'b'),
    );
    expect(liftChange(app, 1, update({ a: '1', b: '2' }))).toEqual([update({ b: '1', a: '2' })]);
    expect(lowerRow(app, 1, 'notes', { a: '2', b: '1' })?.values).toEqual({ a: '1', b: '2' });
  });

  it('[LIFT-09] versions out of reach are refused by name', () => {
    expect(codeOf(() => liftChange(bizpulse, 4, update({})))).toBe('schema_ahead');
    expect(codeOf(() => liftChange(bizpulse, 0, update({})))).toBe('schema_unknown');
    expect(codeOf(() => viewOf(bizpulse, 9))).toBe('schema_ahead');
  });
});

describe('liftMutation', () => {
  const mutation: Mutation = {
    mutationId: ONE,
    seq: 1,
    hlc: '1:0:a',
    author: 'u1',
    schemaVersion: 1,
    changes: [
      update(
        { name: 'Anna Lee' },
        { table: 'clients', confirmed: { version: 1, values: { name: 'Ann Lee' } } },
      ),
      update({ colour: 'red' }, { table: 'products' }),
      update({ title: 'Rice' }, { table: 'products' }),
    ],
  };

  it('[LIFT-10] all changes are lifted and those of which nothing is left are named', () => {
    const { mutation: lifted, dropped } = liftMutation(bizpulse, mutation);
    expect(dropped).toEqual([1]);
    expect(lifted?.schemaVersion).toBe(3);
    expect(lifted?.changes.map(({ table: name, values }) => [name, values])).toEqual([
      ['customers', { firstName: 'Anna' }],
      ['products', { name: 'Rice' }],
    ]);
    expect(liftMutation(bizpulse, { ...mutation, changes: [mutation.changes[1]!] }).mutation).toBeNull();
  });

  it('[LIFT-11] an offer keeps versions, columns and keys in step with its changes', () => {
    const offer = {
      epoch: 'e',
      outcome: 'applied' as const,
      versions: [5, 6, null],
      columns: [['name'], ['colour'], ['title']],
      keys: ['k1', null, 'k3'],
    };
    expect(liftMutation(bizpulse, { ...mutation, offer }).mutation?.offer).toEqual({
      epoch: 'e',
      outcome: 'applied',
      versions: [5, null],
      columns: [['firstName', 'lastName'], ['name']],
      keys: ['k1', 'k3'],
    });
  });

  it('[LIFT-01] a mutation of the current version is the same object', () => {
    const current = { ...mutation, schemaVersion: 3 };
    expect(liftMutation(bizpulse, current).mutation).toBe(current);
  });
});

describe('viewOf', () => {
  it('[LIFT-12] tells tables and columns as older clients know them', () => {
    const { clients, products } = viewOf(bizpulse, 1).tables;
    expect(clients?.current).toBe('customers');
    expect(Object.keys(clients!.columns)).toEqual(['id', 'storeId', 'name', 'phone', 'preferences']);
    expect(Object.keys(products!.columns)).toContain('title');
    expect(products!.columns.colour).toEqual({ name: 'colour', type: 'text', nullable: true });
    expect(viewOf(bizpulse, 1).tables.sales?.columns.customerId?.references).toBe('clients');
    expect(Object.keys(viewOf(bizpulse, 2).tables)).toContain('customers');
  });

  it('[LIFT-12] a table that is new is unknown to older clients', () => {
    const app = defineApp({
      name: 'x',
      schemaVersion: 2,
      tables: { notes: table({ id: id() }, { scope: 'all' }), tags: table({ id: id() }, { scope: 'all' }) },
      scopesOf: () => ['all'],
      history: [{ to: 2, changes: [addTable('tags')] }],
    });
    expect(Object.keys(viewOf(app, 1).tables)).toEqual(['notes']);
    expect(lowerRow(app, 1, 'tags', { id: 't' })).toBeNull();
  });
});

// Laws, over random histories of renames: what they undo is found by walking back.

const NAMES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'] as const;

interface Renames {
  readonly app: App;
  readonly first: readonly string[];
}

/** Random renames of columns and of the table, over up to three versions. */
const renames = fc
  .array(fc.array(fc.tuple(fc.nat({ max: 3 }), fc.constantFrom(...NAMES), fc.boolean()), { maxLength: 4 }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((steps): Renames => {
    const first = ['one', 'two', 'three'];
    let columns = [...first];
    let name = 'notes';
    const history = steps.map((changes, at) => ({
      to: at + 2,
      changes: changes.flatMap(([column, to, ofTable]): SchemaChangeInput[] => {
        if (ofTable) {
          if (to === name) return [];
          const change = renameTable(name, to);
          name = to;
          return [change];
        }
        const from = columns[column % columns.length]!;
        if (columns.includes(to)) return [];
        columns = columns.map((one) => (one === from ? to : one));
        return [rename(name, from, to)];
      }),
    }));
    const app = defineApp({
      name: 'x',
      schemaVersion: steps.length + 1,
      tables: {
        [name]: table(
          { id: id(), ...Object.fromEntries(columns.map((one) => [one, text()])) },
          { scope: 'all' },
        ),
      },
      scopesOf: () => ['all'],
      history,
    });
    return { app, first };
  });

describe('laws', () => {
  it('[LIFT-13] lifting and lowering a row again is the identity for renames', () => {
    fc.assert(
      fc.property(
        renames,
        fc.array(fc.string(), { minLength: 3, maxLength: 3 }),
        ({ app, first }, values) => {
          const row = { id: 'n1', ...Object.fromEntries(first.map((name, at) => [name, values[at]!])) };
          const lifted = liftRow(app, 1, 'notes', row);
          if (lifted === 'dropped') throw new Error('dropped');
          const lowered = lowerRow(app, 1, lifted.table, lifted.values);
          expect(lowered).toEqual({ table: 'notes', values: row });
          expect(Object.keys(lowered!.values)).toEqual(Object.keys(row));
          expect(Object.keys(viewOf(app, 1).tables.notes!.columns)).toEqual(['id', ...first]);
        },
      ),
    );
  });

  it('[LIFT-13] lifting in two steps is lifting in one', () => {
    const clients = fc.record({ name: fc.string(), storeId: fc.string() });
    fc.assert(
      fc.property(clients, (row) => {
        const once = liftValues(bizpulse, 1, 'clients', row);
        expect(once).toEqual(liftValues(bizpulse, 2, 'customers', row));
      }),
    );
  });

  it('[LIFT-13] lowering a split row and lifting it again changes nothing, and edits arrive', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(word, word, word, (firstName, lastName, edited) => {
        const now = { id: 'c1', firstName, lastName };
        const old = lowerRow(bizpulse, 1, 'customers', now)!;
        expect(old).toEqual({ table: 'clients', values: { id: 'c1', name: `${firstName} ${lastName}` } });
        expect(liftRow(bizpulse, 1, 'clients', old.values)).toEqual({ table: 'customers', values: now });
        const change = update(
          { name: `${edited} ${lastName}` },
          { table: 'clients', confirmed: { version: 1, values: { name: old.values.name! } } },
        );
        const lifted = liftChange(bizpulse, 1, change);
        if (edited === firstName) expect(lifted).toBe('dropped');
        else expect(lifted).toMatchObject([{ values: { firstName: edited } }]);
      }),
    );
  });
});

it('[LIFT-03] a dropped column comes back for older clients with its stand-in', () => {
  const app = after({ body: text() }, drop('notes', 'colour', text({ default: 'none' })));
  expect(lowerRow(app, 1, 'notes', { id: 'n1', body: 'x' })?.values).toEqual({
    id: 'n1',
    body: 'x',
    colour: 'none',
  });
});
