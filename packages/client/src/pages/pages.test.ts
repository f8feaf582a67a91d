import { describe, expect, it } from 'vitest';
import {
  applied,
  customer,
  gone,
  insertCustomer,
  opened,
  rejected,
  rows,
  scope,
} from '../../test/engine-fixture.ts';

const names = (world: ReturnType<typeof opened>) =>
  Object.fromEntries(
    world.engine.all('select id, name from customers order by id').map((row) => [row.id, row.name]),
  );
const held = () => {
  const world = opened();
  world.page([
    scope('store:1', 'backfill'),
    rows('store:1', 'customers', ['a', 1, customer('Ann')], ['b', 2, customer('Bob')]),
  ]);
  return world;
};

describe('pages: rows', () => {
  it('[PAGE-10] a page that does not start from the stored cursor is dropped whole', () => {
    const world = held();
    const before = world.engine.cursor();
    expect(
      world.page([rows('store:1', 'customers', ['a', 9, customer('Late')])], { from: 'elsewhere' }),
    ).toEqual({
      kind: 'not-from-here',
    });
    expect(world.page([rows('store:1', 'customers', ['a', 9, customer('Late')])], { from: null })).toEqual({
      kind: 'not-from-here',
    });
    expect(names(world)).toEqual({ a: 'Ann', b: 'Bob' });
    expect(world.engine.cursor()).toEqual(before);
  });

  it('[PAGE-10] a page that cannot be read changes nothing, and capture goes on', () => {
    const world = held();
    const before = world.engine.cursor();
    const broken = rows('store:1', 'routes', ['not a key of two parts', 9, { storeId: '1', km: 1 }]);
    expect(() => world.page([rows('store:1', 'customers', ['a', 9, customer('Late')]), broken])).toThrow(
      expect.objectContaining({ code: 'key_invalid' }),
    );
    expect(names(world)).toEqual({ a: 'Ann', b: 'Bob' });
    expect(world.engine.cursor()).toEqual(before);
    expect(world.write("update customers set name = 'Anna' where id = 'a'")).not.toBeNull();
    world.page([rows('store:1', 'customers', ['b', 9, customer('Bobby')])]);
    expect(names(world)).toEqual({ a: 'Anna', b: 'Bobby' });
    expect(world.engine.outbox()).toHaveLength(1);
  });

  it('[PAGE-11] a row is taken when its version is not below the one here: its columns may be others', () => {
    const world = held();
    for (const mode of ['delta', 'backfill'] as const) {
      world.page(
        [rows('store:1', 'customers', ['a', 1, customer(`Same, ${mode}`)], ['b', 1, customer('Older')])],
        { mode },
      );
      expect(names(world)).toEqual({ a: `Same, ${mode}`, b: 'Bob' });
    }
    world.page([rows('store:1', 'customers', ['a', 2, customer('Newer')])]);
    expect(names(world).a).toBe('Newer');
  });

  it('[PAGE-15] a page read before a deletion that was answered meanwhile does not bring the row back', () => {
    const world = held();
    world.write("delete from customers where id = 'a'");
    const [sent] = world.send();
    world.answer(applied(sent!, 5));
    expect(names(world)).toEqual({ b: 'Bob' });
    const late = rows('store:1', 'customers', ['a', 1, customer('Ann')], ['b', 2, customer('Bob')]);
    world.page([late], { mode: 'backfill' });
    expect(names(world)).toEqual({ b: 'Bob' });
    // Somebody else made it anew since.
    world.page([rows('store:1', 'customers', ['a', 6, customer('Another')])]);
    expect(names(world)).toEqual({ a: 'Another', b: 'Bob' });
  });

  it('[PAGE-15] a deletion that a page has told of is remembered no longer', () => {
    const world = held();
    const remembered = () => world.row('select count(*) as n from satchel_erased')?.n;
    for (const key of ['a', 'b']) {
      world.write('delete from customers where id = ?', key);
      const [sent] = world.send();
      world.answer(applied(sent!, 5));
      expect(remembered()).toBe(1);
      if (key === 'a') world.page([gone('store:1', 'customers', ['a', 5, 'deleted'])]);
      else world.page([{ line: 'outcomes', outcomes: [applied(sent!, 5)] }]);
      expect(remembered()).toBe(0);
    }
    world.write(insertCustomer, 'c', 'Cid');
    world.answer(applied(world.send()[0]!, 6));
    world.write("delete from customers where id = 'c'");
    world.answer(applied(world.send()[0]!, 7));
    expect(remembered()).toBe(1);
    expect(opened({ driver: world.driver }).row('select count(*) as n from satchel_erased')?.n).toBe(0);
  });

  it('[PAGE-11] every type arrives as it was sent; a hidden column is null', () => {
    const world = opened();
    const values = {
      t: 'é\u2028',
      i: -9007199254740991,
      b: '9223372036854775807',
      r: 5e-324,
      d: '-0.1',
      yes: false,
      day: '0001-01-01',
      at: -1,
      j: { b: [1, null], a: 0.1 + 0.2 },
      s: ['a', 'b'],
      n: 7,
      changedAt: 8,
    };
    world.page([rows('all', 'values', ['k', 1, values], ['l', 2, { t: 'only' }])]);
    expect(world.engine.rowState('values', 'k')).toEqual({
      state: 'synced',
      version: 1,
      base: { id: 'k', ...values },
    });
    expect(world.row('select * from "values" where id = \'l\'')).toMatchObject({
      t: 'only',
      i: null,
      s: null,
      yes: null,
    });
  });

  it('[PAGE-12] a newer row under pending work: the base takes it, the edit stays laid over, others follow', () => {
    const world = held();
    world.write("update customers set name = 'Mine', visits = visits + 2, tags = '[\"x\"]' where id = 'a'");
    world.page([
      rows('store:1', 'customers', ['a', 5, customer('Theirs', { phone: '7', visits: 10, tags: ['y'] })]),
    ]);
    expect(world.row("select name, phone, visits, tags from customers where id = 'a'")).toEqual({
      name: 'Mine',
      phone: '7',
      visits: 12,
      tags: '["x","y"]',
    });
    expect(world.engine.rowState('customers', 'a')).toMatchObject({
      state: 'pending',
      version: 5,
      base: { name: 'Theirs', visits: 10 },
    });
    const [sent] = world.send();
    expect(sent!.changes[0]!.confirmed).toEqual({ version: 1, values: { name: 'Ann', visits: 0, tags: [] } });
  });

  it('[PAGE-13] TRIALS 17: own echo in a page moves base and pending at once: nothing shows twice or flickers', () => {
    const world = held();
    world.write("update customers set visits = visits + 1 where id = 'a'");
    const [sent] = world.send();
    world.page([
      rows('store:1', 'customers', ['a', 5, customer('Ann', { visits: 1 })]),
      { line: 'outcomes', outcomes: [applied(sent!, 5)] },
    ]);
    expect(world.row("select visits, satchel_version from customers where id = 'a'")).toEqual({
      visits: 1,
      satchel_version: 5,
    });
    expect(world.engine.outbox()).toEqual([]);
    // The answer to the push comes after the page: a repeat, which says nothing new.
    expect(world.answer({ ...applied(sent!, 5), repeat: true })).toMatchObject({ settled: 0 });
    expect(world.row("select visits from customers where id = 'a'")).toEqual({ visits: 1 });
  });

  it('[PAGE-13] an answer before the page: the base takes the after-image, the page’s same version changes nothing', () => {
    const world = held();
    world.write("update customers set visits = visits + 1 where id = 'a'");
    const [sent] = world.send();
    world.answer(applied(sent!, 5));
    expect(world.row("select visits, satchel_version from customers where id = 'a'")).toEqual({
      visits: 1,
      satchel_version: 5,
    });
    world.page([
      rows('store:1', 'customers', ['a', 5, customer('Ann', { visits: 1 })]),
      { line: 'outcomes', outcomes: [applied(sent!, 5)] },
    ]);
    expect(world.row("select visits from customers where id = 'a'")).toEqual({ visits: 1 });
    expect(world.driver.prepare('select count(*) as n from satchel_base').get()).toEqual({ n: 0 });
  });

  it('[PAGE-13] a page that is ahead of the answer shows an increment once more only until the outcome is in', () => {
    const world = held();
    world.write("update customers set name = 'A1' where id = 'a'");
    const [first] = world.send();
    world.write("update customers set name = 'A2' where id = 'a'");
    world.answer({
      mutationId: first!.mutationId,
      outcome: 'merged',
      changes: [
        {
          table: 'customers',
          key: 'a',
          outcome: 'merged',
          version: 6,
          row: customer('A1 (normalised)', { phone: '3' }),
        },
      ],
    });
    expect(world.row("select name, phone from customers where id = 'a'")).toEqual({ name: 'A2', phone: '3' });
    const [second] = world.send();
    world.answer(applied(second!, 7));
    expect(world.row("select name, phone, satchel_version from customers where id = 'a'")).toEqual({
      name: 'A2',
      phone: '3',
      satchel_version: 7,
    });
  });

  it('[PAGE-13] an answer to an insert with edits on top makes its base, not more', () => {
    const world = opened();
    world.write(insertCustomer, 'n', 'New');
    const [insert] = world.send();
    world.write("update customers set name = 'Newer' where id = 'n'");
    world.answer(applied(insert!, 5));
    expect(world.engine.rowState('customers', 'n')).toEqual({
      state: 'pending',
      version: 5,
      base: { id: 'n', ...customer('New') },
    });
    expect(names(world)).toEqual({ n: 'Newer' });
  });

  it('[PAGE-14] a refused edit goes to quarantine and the row to its base; it can be edited and sent again', () => {
    const world = held();
    world.write("update customers set name = 'Mine' where id = 'a'");
    const [sent] = world.send();
    expect(world.answer(rejected(sent!))).toMatchObject({ quarantined: 1, settled: 0 });
    expect(names(world).a).toBe('Ann');
    expect(world.engine.quarantine()).toMatchObject([
      { mutationId: sent!.mutationId, problem: { code: 'scope_denied' }, changes: sent!.changes },
    ]);
    expect(JSON.parse(world.engine.quarantineExport())).toMatchObject({
      mutationId: sent!.mutationId,
      changes: sent!.changes,
    });
    const retried = world.engine.quarantineRetry(sent!.mutationId, [
      { change: 0, values: { name: 'Better' } },
    ]);
    expect(retried.mutationId).not.toBe(sent!.mutationId);
    expect(names(world).a).toBe('Better');
    expect(world.engine.quarantine()).toEqual([]);
    expect(world.changes()).toEqual([
      [
        {
          table: 'customers',
          op: 'update',
          key: 'a',
          values: { name: 'Better' },
          confirmed: { version: 1, values: { name: 'Ann' } },
        },
      ],
    ]);
  });

  it('[PAGE-14] a refused insert leaves the screen; edits of it wait for what the person makes of it', () => {
    const world = opened();
    const insert = world.write(insertCustomer, 'n', 'New')!;
    const [sent] = world.send();
    const edit = world.write("update customers set name = 'Newer' where id = 'n'")!;
    world.answer(rejected(sent!, 'unique_taken'));
    expect(world.engine.outbox()).toMatchObject([
      { mutationId: insert, state: 'quarantined' },
      { mutationId: edit, state: 'blocked', blockedBy: insert },
    ]);
    expect(world.send()).toEqual([]);
    world.engine.quarantineDiscard(insert);
    expect(world.engine.quarantine()).toMatchObject([{ mutationId: edit, problem: { code: 'row_missing' } }]);
    expect(names(world)).toEqual({});
  });

  it('[PAGE-14] under review the writer goes on seeing own values until the decision', () => {
    const world = held();
    world.write("update customers set name = 'Mine' where id = 'a'");
    const [sent] = world.send();
    world.answer({
      mutationId: sent!.mutationId,
      outcome: 'review',
      changes: [{ table: 'customers', key: 'a', outcome: 'review' }],
    });
    world.page([rows('store:1', 'customers', ['a', 5, customer('Theirs')])]);
    expect(names(world).a).toBe('Mine');
    expect(world.engine.rowState('customers', 'a')).toMatchObject({ state: 'conflict', version: 5 });
    expect(world.engine.facts()).toMatchObject({ review: 1, pending: 1 });
    world.page([
      rows('store:1', 'customers', ['a', 6, customer('Decided')]),
      {
        line: 'outcomes',
        outcomes: [
          {
            mutationId: sent!.mutationId,
            outcome: 'superseded',
            changes: [
              { table: 'customers', key: 'a', outcome: 'superseded', version: 6, row: customer('Decided') },
            ],
          },
        ],
      },
    ]);
    expect(names(world).a).toBe('Decided');
    expect(world.engine.facts()).toMatchObject({ review: 0, pending: 0 });
  });
});

describe('pages: who holds a row', () => {
  it('[PAGE-20] gone takes one hold; the row leaves with its last', () => {
    const world = held();
    world.page([rows('all', 'customers', ['a', 1, customer('Ann')])]);
    world.page([gone('store:1', 'customers', ['a', 3, 'left'], ['b', 4, 'deleted'])]);
    expect(names(world)).toEqual({ a: 'Ann' });
    world.page([gone('all', 'customers', ['a', 5, 'deleted'])]);
    expect(names(world)).toEqual({});
    expect(world.driver.prepare('select count(*) as n from satchel_holds').get()).toEqual({ n: 0 });
  });

  it('[PAGE-20] a move between scopes within one page keeps the row, whatever the order of the lines', () => {
    for (const goneFirst of [true, false]) {
      const world = held();
      const moved = rows('store:2', 'customers', ['a', 3, customer('Ann', { storeId: '2' })]);
      const left = gone('store:1', 'customers', ['a', 3, 'left']);
      world.page(goneFirst ? [left, moved] : [moved, left]);
      expect(world.row("select store_id from customers where id = 'a'")).toEqual({ store_id: '2' });
    }
  });

  it('[PAGE-20] a row that one scope holds is one row and nothing else', () => {
    const world = held();
    for (const name of ['satchel_holds', 'satchel_base', 'satchel_changes', 'satchel_stage']) {
      expect(world.driver.prepare(`select count(*) as n from ${name}`).get()).toEqual({ n: 0 });
    }
  });

  it('[PAGE-21] TRIALS 29: deleted under pending work leaves the row on screen until that is decided', () => {
    const world = held();
    world.write("update customers set name = 'Mine' where id = 'a'");
    world.page([gone('store:1', 'customers', ['a', 5, 'deleted'])]);
    expect(world.row("select name, phone from customers where id = 'a'")).toEqual({
      name: 'Mine',
      phone: null,
    });
    expect(world.engine.rowState('customers', 'a').state).toBe('conflict');
    const [sent] = world.send();
    world.answer({
      mutationId: sent!.mutationId,
      outcome: 'superseded',
      changes: [{ table: 'customers', key: 'a', outcome: 'superseded', row: null }],
    });
    expect(names(world)).toEqual({ b: 'Bob' });
  });

  it('[PAGE-21] TRIALS 29: left under pending work puts the work in quarantine, and the row goes', () => {
    const world = held();
    const edit = world.engine.write([
      { sql: "update customers set name = 'Mine' where id = 'a'" },
      { sql: "update customers set name = 'Other' where id = 'b'" },
    ]).mutationId!;
    expect(world.page([gone('store:1', 'customers', ['a', 5, 'left'])])).toMatchObject({ quarantined: 1 });
    expect(names(world)).toEqual({ b: 'Bob' });
    expect(world.engine.quarantine()).toMatchObject([
      { mutationId: edit, problem: { code: 'scope_left', params: { table: 'customers', key: 'a' } } },
    ]);
    expect(world.engine.quarantine()[0]!.changes.map(({ values }) => values)).toEqual([
      { name: 'Mine' },
      { name: 'Other' },
    ]);
    expect(world.send()).toEqual([]);
  });

  it('[PAGE-21] work that is on its way when its row leaves waits for the answer; the row is gone at once', () => {
    const world = held();
    world.write("update customers set name = 'Mine' where id = 'a'");
    const [sent] = world.send();
    world.page([gone('store:1', 'customers', ['a', 5, 'left'])]);
    expect(names(world)).toEqual({ b: 'Bob' });
    expect(world.engine.facts()).toMatchObject({ inFlight: 1, quarantined: 0 });
    world.answer(rejected(sent!));
    expect(names(world)).toEqual({ b: 'Bob' });
    expect(world.engine.facts()).toMatchObject({ inFlight: 0, quarantined: 1 });
  });

  it('[PAGE-21] a new row on its way that leaves and comes back shows what its writer wrote', () => {
    const world = opened();
    world.write(insertCustomer, 'n', 'Mine');
    world.send();
    world.page([rows('store:1', 'customers', ['n', 5, customer('Served')])]);
    world.page([gone('store:1', 'customers', ['n', 6, 'left'])]);
    expect(names(world)).toEqual({});
    world.page([rows('store:1', 'customers', ['n', 7, customer('Served')])]);
    expect(names(world)).toEqual({ n: 'Mine' });
  });

  it('[PAGE-21] news of an old deletion does not take a row that was inserted again since', () => {
    const world = held();
    world.write("delete from customers where id = 'a'");
    const [removal] = world.send();
    world.answer(applied(removal!, 5));
    world.write(insertCustomer, 'a', 'Again');
    const [insert] = world.send();
    world.answer(applied(insert!, 9));
    world.page([gone('store:1', 'customers', ['a', 5, 'deleted'])]);
    expect(names(world)).toEqual({ a: 'Again', b: 'Bob' });
    world.page([rows('store:1', 'customers', ['a', 9, customer('Again')])]);
    world.page([gone('store:1', 'customers', ['a', 10, 'deleted'])]);
    expect(names(world)).toEqual({ b: 'Bob' });
  });

  it('[PAGE-22] a scope that left takes its rows, but not those that another holds', () => {
    const world = held();
    world.page([rows('all', 'customers', ['b', 2, customer('Bob')])]);
    world.write("update customers set name = 'Mine' where id = 'a'");
    expect(world.page([scope('store:1', 'left')])).toMatchObject({ quarantined: 1, tables: ['customers'] });
    expect(names(world)).toEqual({ b: 'Bob' });
    expect(world.engine.facts().scopes).toEqual(['all']);
  });

  it('[PAGE-23] a reset marks and sweeps: rows stay on screen until they are replaced, then the rest goes', () => {
    const world = held();
    world.write("update customers set name = 'Mine' where id = 'b'");
    world.page([scope('store:1', 'reset'), rows('store:1', 'customers', ['a', 1, customer('Ann')])], {
      mode: 'backfill',
      checkpoint: false,
    });
    expect(names(world)).toEqual({ a: 'Ann', b: 'Mine' });
    world.page(
      [rows('store:1', 'customers', ['c', 9, customer('Cy')]), { line: 'swept', scope: 'store:1' }],
      { mode: 'backfill' },
    );
    // What was swept under pending work is for the server to decide.
    expect(names(world)).toEqual({ a: 'Ann', b: 'Mine', c: 'Cy' });
    expect(world.engine.rowState('customers', 'b')).toMatchObject({ state: 'conflict', base: null });
    const [sent] = world.send();
    world.answer(rejected(sent!, 'row_missing'));
    expect(names(world)).toEqual({ a: 'Ann', c: 'Cy' });
  });

  it('[PAGE-23] a copy that starts again before it ended loses and keeps the right rows', () => {
    const world = held();
    world.page([scope('store:1', 'reset'), rows('store:1', 'customers', ['a', 1, customer('Ann')])], {
      mode: 'backfill',
      checkpoint: false,
    });
    world.page([scope('store:1', 'reset'), rows('store:1', 'customers', ['b', 2, customer('Bob')])], {
      mode: 'backfill',
      checkpoint: false,
    });
    expect(names(world)).toEqual({ a: 'Ann', b: 'Bob' });
    world.page([{ line: 'swept', scope: 'store:1' }], { mode: 'backfill' });
    expect(names(world)).toEqual({ b: 'Bob' });
  });

  it('[PAGE-23] a row that changed while its scope was copied stays until the delta after the copy brings it', () => {
    const world = held();
    world.page([scope('store:1', 'reset'), rows('store:1', 'customers', ['a', 1, customer('Ann')])], {
      mode: 'backfill',
      checkpoint: false,
    });
    world.page([{ line: 'swept', scope: 'store:1' }], { mode: 'backfill', checkpoint: false });
    expect(names(world)).toEqual({ a: 'Ann', b: 'Bob' });
    world.page([rows('store:1', 'customers', ['b', 9, customer('Bobby')])]);
    expect(names(world)).toEqual({ a: 'Ann', b: 'Bobby' });
    world.page([gone('store:1', 'customers', ['b', 10, 'deleted'])]);
    expect(names(world)).toEqual({ a: 'Ann' });
  });

  it('[PAGE-23] a reset of some tables leaves the others alone', () => {
    const world = held();
    world.page([rows('store:1', 'routes', ['["A","B"]', 3, { storeId: '1', km: 1 }])]);
    world.page(
      [
        scope('store:1', 'backfill', ['customers']),
        { line: 'swept', scope: 'store:1', tables: ['customers'] },
      ],
      { mode: 'backfill' },
    );
    expect(names(world)).toEqual({});
    expect(world.row('select km from routes')).toEqual({ km: 1 });
  });

  it('[PAGE-25] a row of own writing goes with its scope, though the page leaves out an outcome that was acknowledged', () => {
    const world = held();
    world.write(insertCustomer, 'n', 'New');
    const [sent] = world.send();
    world.answer(applied(sent!, 9));
    // The pull says that the outcome is here; the right went meanwhile.
    world.engine.acked(world.engine.settledToAck());
    expect(world.engine.settledToAck()).toEqual([]);
    world.page([scope('store:1', 'left')]);
    expect(names(world)).toEqual({});
  });

  it('[PAGE-25] and stays while the page only begins a copy', () => {
    const world = opened();
    world.write(insertCustomer, 'n', 'New');
    const [sent] = world.send();
    world.answer(applied(sent!, 9));
    world.engine.acked(world.engine.settledToAck());
    world.page([scope('store:1', 'backfill')], { mode: 'backfill', checkpoint: false, more: true });
    expect(names(world)).toEqual({ n: 'New' });
    world.page([rows('store:1', 'customers', ['n', 9, customer('New')])]);
    expect(names(world)).toEqual({ n: 'New' });
  });

  it('[PAGE-24] a page that starts over drops the scopes that it does not name', () => {
    const world = held();
    world.page([rows('all', 'customers', ['c', 3, customer('Cy')])]);
    world.engine.forgetCursor();
    expect(names(world)).toEqual({ a: 'Ann', b: 'Bob', c: 'Cy' });
    world.page(
      [
        scope('all', 'backfill'),
        rows('all', 'customers', ['c', 3, customer('Cy')]),
        { line: 'swept', scope: 'all' },
      ],
      {
        mode: 'backfill',
        from: null,
      },
    );
    expect(names(world)).toEqual({ c: 'Cy' });
  });

  it('[PAGE-25] and where no page comes any more, because nothing changed since', () => {
    const world = held();
    world.write("insert into customers (id, store_id, name) values ('x', '99', 'Elsewhere')");
    const [sent] = world.send();
    world.answer(applied(sent!, 7));
    expect(world.engine.takeUnchanged()).toEqual([]);
    expect(names(world).x).toBe('Elsewhere');
    world.engine.acked(world.engine.settledToAck());
    expect(world.engine.takeUnchanged()).toEqual(['customers']);
    expect(names(world)).toEqual({ a: 'Ann', b: 'Bob' });
  });
  it('[PAGE-25] a row that its copy left out goes, though its outcome came with the copy', () => {
    const world = held();
    world.write(insertCustomer, 'n', 'New');
    const [sent] = world.send();
    world.answer(applied(sent!, 9));
    // Somebody deleted it; a copy anew tells no deletions.
    world.page(
      [
        scope('store:1', 'reset'),
        { line: 'outcomes', outcomes: [applied(sent!, 9)] },
        rows('store:1', 'customers', ['a', 1, customer('Ann')], ['b', 2, customer('Bob')]),
        { line: 'swept', scope: 'store:1' },
      ],
      { mode: 'backfill' },
    );
    world.engine.acked(world.engine.settledToAck());
    world.engine.takeUnchanged();
    expect(names(world)).toEqual({ a: 'Ann', b: 'Bob' });
  });
  it('[PAGE-25] a row of own writing that no scope holds goes with the view in which it is not', () => {
    const world = held();
    world.write("insert into customers (id, store_id, name) values ('x', '99', 'Elsewhere')");
    const [sent] = world.send();
    world.answer(applied(sent!, 7));
    expect(names(world).x).toBe('Elsewhere');
    world.page([{ line: 'outcomes', outcomes: [applied(sent!, 7)] }]);
    expect(names(world)).toEqual({ a: 'Ann', b: 'Bob' });
  });

  it('[PAGE-26] rows of another history are newer, whatever their version', () => {
    const world = opened();
    world.page([rows('store:1', 'customers', ['a', 500, customer('Lost')])]);
    world.page(
      [
        scope('store:1', 'reset'),
        rows('store:1', 'customers', ['a', 3, customer('Restored')]),
        { line: 'swept', scope: 'store:1' },
      ],
      {
        mode: 'backfill',
        epoch: 'second',
      },
    );
    expect(names(world)).toEqual({ a: 'Restored' });
    expect(world.engine.facts().epoch).toBe('second');
  });
});

describe('pages: wiping', () => {
  it('[PAGE-40] confirmed rows and the cursor go; unsent work stays and is sent as it was', () => {
    const world = held();
    world.write(insertCustomer, 'n', 'New');
    world.write("update customers set name = 'Anna' where id = 'a'");
    const waiting = world.changes();
    world.engine.wipe();
    expect(names(world)).toEqual({});
    expect(world.engine.cursor()).toEqual({ token: null, digest: null });
    expect(world.engine.facts()).toMatchObject({ pending: 2, scopes: [], complete: false });
    expect(world.changes()).toEqual(waiting);
    expect(world.send().map(({ changes }) => changes)).toEqual(waiting);
    world.page([rows('store:1', 'customers', ['a', 7, customer('Ann')])], { mode: 'backfill' });
    expect(names(world)).toEqual({ a: 'Anna' });
  });
});

describe('pages: what waits for a checkpoint', () => {
  it('[PAGE-30] parts of a large delta are staged and taken in together; the cursor moves on meanwhile, and a restart keeps it', () => {
    const world = held();
    const first = world.page([rows('store:1', 'customers', ['a', 5, customer('A5')])], {
      mode: 'delta-part',
      checkpoint: false,
      more: true,
    });
    expect(first).toMatchObject({ kind: 'taken', checkpoint: false, tables: [], rows: 1 });
    const again = opened({ driver: world.driver });
    again.page([gone('store:1', 'customers', ['b', 6, 'deleted'])], {
      mode: 'delta-part',
      checkpoint: false,
    });
    expect(names(again)).toEqual({ a: 'Ann', b: 'Bob' });
    const last = again.page([rows('store:1', 'customers', ['c', 7, customer('C7')])], { mode: 'delta-part' });
    expect(last).toMatchObject({ kind: 'taken', checkpoint: true, tables: ['customers'] });
    expect(names(again)).toEqual({ a: 'A5', c: 'C7' });
  });

  it('[PAGE-31] a table that is not partial shows nothing of a copy before its checkpoint', () => {
    const world = opened();
    const count = () => world.row('select count(*) as n from catalogue')?.n;
    world.page(
      [
        scope('all', 'backfill'),
        rows('all', 'catalogue', ['a', 1, { name: 'A' }], ['b', 2, { name: 'B' }]),
        rows('all', 'audited', ['x', 1, { n: 1, doubled: 2 }]),
      ],
      {
        mode: 'backfill',
        checkpoint: false,
      },
    );
    expect([count(), world.row('select count(*) as n from audited')?.n]).toEqual([0, 1]);
    expect(world.engine.facts().complete).toBe(false);
    // A delta beside the copy takes away what still waits.
    world.page([gone('all', 'catalogue', ['b', 3, 'deleted'])], { mode: 'delta', checkpoint: false });
    world.page([rows('all', 'catalogue', ['c', 4, { name: 'C' }]), { line: 'swept', scope: 'all' }], {
      mode: 'backfill',
    });
    expect(world.engine.all('select id from catalogue order by id')).toEqual([{ id: 'a' }, { id: 'c' }]);
    expect(world.engine.facts().complete).toBe(true);
  });

  it('[PAGE-32] unique values of two rows that the server has for a moment are no reason to refuse them', () => {
    const world = opened();
    const product = (sku: string) => ({ storeId: '1', sku, price: '1' });
    world.page([rows('store:1', 'products', ['p', 1, product('S1')], ['q', 2, product('S2')])]);
    world.page([rows('store:1', 'products', ['p', 3, product('S2')], ['q', 4, product('S1')])]);
    expect(world.engine.all('select id, sku from products order by id')).toEqual([
      { id: 'p', sku: 'S2' },
      { id: 'q', sku: 'S1' },
    ]);
    expect(() => world.write("insert into products (id, store_id, sku) values ('r', '1', 'S1')")).toThrow(
      expect.objectContaining({ code: 'sql_failed' }),
    );
    // A pending row clashes with one that arrives: both show until the server decides.
    world.write("insert into products (id, store_id, sku) values ('mine', '1', 'S9')");
    world.page([rows('store:1', 'products', ['theirs', 5, product('S9')])]);
    expect(world.row("select count(*) as n from products where sku = 'S9'")).toEqual({ n: 2 });
    world.page([gone('store:1', 'products', ['theirs', 6, 'deleted'])]);
    expect(() => world.write("insert into products (id, store_id, sku) values ('r', '1', 'S9')")).toThrow(
      expect.objectContaining({ code: 'sql_failed' }),
    );
  });

  it('[PAGE-26] a history that was cut and copied anew brings older versions, though its epoch is the same', () => {
    const world = opened();
    world.page([scope('store:1', 'backfill'), rows('store:1', 'customers', ['a', 500, customer('Lost')])]);
    const taken = world.page(
      [
        scope('store:1', 'reset'),
        rows('store:1', 'customers', ['a', 3, customer('Restored')]),
        { line: 'swept', scope: 'store:1' },
      ],
      { mode: 'backfill', offer: true },
    );
    expect(taken).not.toHaveProperty('rewound');
    expect(names(world)).toEqual({ a: 'Restored' });
  });

  it('[PAGE-27] where the history was cut under what is held, all of it is to be compared', () => {
    const world = opened();
    world.page([scope('store:1', 'backfill'), rows('store:1', 'customers', ['a', 500, customer('Ann')])]);
    expect(world.engine.facts().rewound).toBe(false);
    expect(world.page([], { offer: true })).toMatchObject({ rewound: true });
    expect(names(world)).toEqual({ a: 'Ann' });
    expect(world.engine.facts().rewound).toBe(true);
    world.engine.proven();
    expect(world.engine.facts().rewound).toBe(false);
  });
});
