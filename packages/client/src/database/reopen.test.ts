import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SatchelError } from '@satchel/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applied, customer, insertCustomer, opened, rows, shop } from '../../test/engine-fixture.ts';
import { openBetterSqlite3 } from '../platform/node/better-sqlite3-driver.ts';
import type { Driver, Statement } from './driver.ts';
import { rowByRow } from './row-by-row.ts';

/** A driver that dies, as a process does, before its `at`-th statement. */
const mortal = (driver: Driver, at: number): Driver & { readonly steps: () => number } => {
  let steps = 0;
  const step = () => {
    steps += 1;
    if (steps === at) {
      driver.close();
      throw new Error('killed');
    }
  };
  return {
    ...driver,
    durability: driver.durability,
    steps: () => steps,
    prepare: (sql): Statement => {
      const statement = driver.prepare(sql);
      return {
        reader: statement.reader,
        readonly: statement.readonly,
        run: (parameters) => {
          step();
          return statement.run(parameters);
        },
        runEach: (rows, parameters, expected) =>
          rowByRow(
            (one) => {
              step();
              return statement.run(one);
            },
            rows,
            parameters,
            expected,
          ),
        all: (parameters) => {
          step();
          return statement.all(parameters);
        },
        get: (parameters) => {
          step();
          return statement.get(parameters);
        },
      };
    },
    exec: (sql) => {
      step();
      driver.exec(sql);
    },
    setDurability: (durability) => driver.setDurability(durability),
    flush: () => driver.flush(),
    close: () => driver.close(),
  };
};

describe('closing and opening at any moment', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'satchel-reopen-'));
    path = join(directory, 'one.sqlite');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('[DB-50] a second opening is refused while the first is open', () => {
    const world = opened({ path });
    expect(() => opened({ path })).toThrow(expect.objectContaining({ code: 'database_in_use' }));
    world.engine.close();
    const again = opened({ path });
    expect(() => world.engine.outbox()).toThrow(expect.objectContaining({ code: 'database_closed' }));
    again.engine.close();
  });

  it('[DB-51] killed before any statement of a write, a sending, an answer or a page: all of it or nothing, and the work goes on', () => {
    const acts: readonly ((world: ReturnType<typeof opened>) => void)[] = [
      (world) => {
        world.engine.write([
          { sql: insertCustomer, parameters: ['n', 'New'] },
          { sql: "update customers set name = 'Anna', visits = visits + 1 where id = 'a'" },
        ]);
      },
      (world) => {
        world.send();
      },
      (world) => {
        const [first] = world.send();
        if (first) world.answer(applied(first, 50));
      },
      (world) => {
        world.page([rows('store:1', 'customers', ['a', 60, customer('Theirs')], ['c', 61, customer('Cy')])]);
      },
    ];
    let kills = 0;
    for (const [index, act] of acts.entries()) {
      const start = join(directory, `${index}.sqlite`);
      const setup = opened({ path: start });
      setup.page([rows('store:1', 'customers', ['a', 1, customer('Ann')])]);
      for (const earlier of acts.slice(0, index)) earlier(setup);
      setup.engine.close();
      const fresh = () => {
        for (const suffix of ['', '-wal']) rmSync(`${path}${suffix}`, { force: true });
        copyFileSync(start, path);
      };
      // Opening takes its own statements: they are counted first, by an opening that lives.
      fresh();
      const probe = mortal(openBetterSqlite3(path), Number.POSITIVE_INFINITY);
      opened({ driver: probe });
      const opening = probe.steps();
      probe.close();
      for (let at = 1; ; at++) {
        fresh();
        const driver = mortal(openBetterSqlite3(path), opening + at);
        const world = opened({ driver });
        let killed = false;
        try {
          act(world);
        } catch (error) {
          expect((error as Error).message).toBe('killed');
          killed = true;
        }
        if (!killed) driver.close();
        else kills += 1;

        const after = opened({ path });
        expect(after.driver.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
        expect(after.driver.prepare('select mode from satchel_txn').get()).toEqual({ mode: 'write' });
        // Each change belongs to a mutation, and each mutation that waits has its changes.
        const orphans = after.driver
          .prepare(
            'select count(*) as n from satchel_changes c where not exists (select 1 from satchel_outbox o where c.change_id between o.first_change and o.last_change)',
          )
          .get();
        expect(orphans).toEqual({ n: 0 });
        const wrote =
          after.engine.outbox().length > 0 ||
          after.row("select 1 as x from customers where id = 'n'") !== undefined;
        const name = after.row("select name from customers where id = 'a'")!.name;
        if (index === 0) expect([wrote, name]).toEqual(wrote ? [true, 'Anna'] : [false, 'Ann']);
        // Whatever was cut short can be done again.
        const rest = after.send();
        if (rest.length > 0) after.answer(...rest.map((sent, place) => applied(sent, 100 + place)));
        expect(after.engine.facts()).toMatchObject({ pending: 0, inFlight: 0 });
        after.engine.close();
        if (!killed) break;
      }
    }
    expect(kills).toBeGreaterThan(40);
  });

  it('[DB-51] a commit that fails leaves no gap in seq and no trace', () => {
    const real = openBetterSqlite3(':memory:');
    let full = false;
    const driver: Driver = {
      ...real,
      durability: real.durability,
      prepare: (sql) => {
        const statement = real.prepare(sql);
        if (sql !== 'commit') return statement;
        return {
          reader: false,
          readonly: true,
          all: () => [],
          get: () => undefined,
          runEach: () => [],
          run: () => {
            if (full) throw new SatchelError('storage_full');
            return statement.run();
          },
        };
      },
      exec: (sql) => real.exec(sql),
      setDurability: (durability) => real.setDurability(durability),
      flush: () => real.flush(),
      close: () => real.close(),
    };
    const world = opened({ driver });
    world.write(insertCustomer, 'a', 'A');
    full = true;
    expect(() => world.write(insertCustomer, 'b', 'B')).toThrow(
      expect.objectContaining({ code: 'storage_full' }),
    );
    full = false;
    world.write(insertCustomer, 'c', 'C');
    expect(world.engine.outbox().map(({ seq, changes }) => [seq, changes[0]!.key])).toEqual([
      [1, 'a'],
      [2, 'c'],
    ]);
  });

  it('[DB-52] killed before any statement of an upgrade: it is done at the next opening', () => {
    // The app is the same but for a column: the table is made anew.
    const { customers } = shop.tables;
    const grown = {
      ...shop,
      tables: {
        ...shop.tables,
        customers: {
          ...customers!,
          columns: { ...customers!.columns, more: { name: 'more', type: 'text' as const, nullable: true } },
        },
      },
    };
    for (let at = 1; ; at += 11) {
      rmSync(path, { force: true });
      rmSync(`${path}-wal`, { force: true });
      const setup = opened({ path });
      setup.page([rows('store:1', 'customers', ['a', 1, customer('Ann')])]);
      setup.write("update customers set name = 'Anna' where id = 'a'");
      setup.engine.close();
      let killed = false;
      const driver = mortal(openBetterSqlite3(path), at);
      try {
        opened({ driver, app: grown });
        driver.close();
      } catch (error) {
        expect((error as Error).message).toBe('killed');
        killed = true;
      }
      const after = opened({ path, app: grown });
      expect(after.row('select id, name, more from customers')).toEqual({
        id: 'a',
        name: 'Anna',
        more: null,
      });
      expect(after.changes()).toHaveLength(1);
      after.engine.close();
      if (!killed) break;
    }
  });
});
