import type { Driver, DriverFactory } from '@satchel/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

export interface DriverUnderTest {
  /** Databases that live as long as the storage does. */
  readonly factory: DriverFactory;
  /** Takes away what the test has left. */
  readonly clean: () => void | Promise<void>;
}

/** What the engine asks of a SQLite driver, wherever it runs. */
export const driverContract = (
  name: string,
  make: () => DriverUnderTest | Promise<DriverUnderTest>,
): void => {
  describe(`driver contract: ${name}`, () => {
    let given: DriverUnderTest;
    const open: Driver[] = [];
    const opened = async (database = 'one'): Promise<Driver> => {
      const driver = await given.factory.open(database);
      open.push(driver);
      return driver;
    };

    beforeEach(async () => {
      given = await make();
    });
    afterEach(async () => {
      for (const driver of open.splice(0)) driver.close();
      await given.clean();
    });

    it('[DRV-01] gives the values that it was given', async () => {
      const db = await opened();
      db.exec('create table t (k integer primary key, v)');
      const values = [
        null,
        0,
        -1,
        2 ** 53 - 1,
        -(2 ** 53 - 1),
        0.1 + 0.2,
        5e-324,
        '',
        'é\u{1f600}\u2028',
        'a\u0000b',
      ];
      const insert = db.prepare('insert into t (v) values (?)');
      for (const value of values) expect(insert.run([value])).toBe(1);
      expect(db.prepare('select v from t order by k').all()).toEqual(values.map((v) => ({ v })));
      insert.run([new Uint8Array([0, 255])]);
      const blob = db.prepare('select v from t order by k desc limit 1').get()!.v as Uint8Array;
      expect([...blob]).toEqual([0, 255]);
      insert.run([2n ** 63n - 1n]);
      expect(db.prepare('select cast(v as text) as v from t order by k desc limit 1').get()).toEqual({
        v: '9223372036854775807',
      });
    });

    it('[DRV-02] prepares once, and the same text is the same statement', async () => {
      const db = await opened();
      db.exec('create table t (v)');
      const insert = db.prepare('insert into t values (?)');
      expect(db.prepare('insert into t values (?)')).toBe(insert);
      expect([insert.reader, insert.readonly]).toEqual([false, false]);
      const select = db.prepare('select v from t');
      expect([select.reader, select.readonly]).toEqual([true, true]);
      expect(select.get()).toBeUndefined();
      const returning = db.prepare('insert into t values (?) returning v');
      expect([returning.reader, returning.readonly]).toEqual([true, false]);
      returning.run([5]);
      expect(select.all()).toEqual([{ v: 5 }]);
    });

    it('[DRV-03] a statement that was prepared before the schema changed goes on', async () => {
      const db = await opened();
      db.exec('create table t (v); insert into t values (1)');
      const select = db.prepare('select * from t');
      expect(select.all()).toEqual([{ v: 1 }]);
      db.exec('alter table t add column w integer');
      expect(select.all()).toEqual([{ v: 1, w: null }]);
    });

    it('[DRV-04] counts the rows that a statement changed itself, triggers not counted', async () => {
      const db = await opened();
      db.exec(
        'create table t (v); create table log (v); create trigger x after insert on t begin insert into log values (new.v), (new.v); end',
      );
      expect(db.prepare('insert into t values (1), (2)').run()).toBe(2);
      expect(db.prepare('update t set v = 3 where v > 5').run()).toBe(0);
    });

    it('[DRV-13] runs a statement once for each of many rows, and says for which it changed nothing', async () => {
      const db = await opened();
      db.exec('create table t (k text primary key, v, w, one)');
      const texts = ['', 'plain', 'é\u{1f600}', 'a\u0000b', '\ud83d'.slice(1), 'x'.repeat(70_000)];
      const others = [null, 2 ** 40, 0.5, new Uint8Array([0, 255]), -1, 'after a blob'];
      const insert = db.prepare(
        'insert into t (k, v, w, one) values (?, ?, ?, ?) on conflict (k) do update set one = excluded.one where t.v = 2',
      );
      const rows = 3_000;
      const list = <T>(of: (row: number) => T): T[] => Array.from({ length: rows }, (_, row) => of(row));
      const keys = list((row) => `k${row}`);
      const given = [
        keys,
        list((row) => texts[row % 6]!.slice(0, row < 12 ? undefined : 9)),
        list((row) => others[(row * 5) % 6]!),
        'once',
      ] as const;
      expect(insert.runEach(rows, given)).toEqual([]);
      const held = db.prepare('select v, w, one from t order by rowid').all();
      expect(held.length).toBe(rows);
      for (const [row, { v, w, one }] of held.entries()) {
        expect([v, one]).toEqual([given[1][row], 'once']);
        const other = given[2][row];
        if (other instanceof Uint8Array) expect([...(w as Uint8Array)]).toEqual([...other]);
        else expect(w).toEqual(other);
      }
      db.exec("update t set v = 2 where k in ('k7', 'k2999')");
      expect(insert.runEach(rows, [keys, null, null, 'twice']).length).toBe(rows - 2);
      expect(db.prepare("select k from t where one = 'twice' order by k").all()).toEqual([
        { k: 'k2999' },
        { k: 'k7' },
      ]);
      expect(insert.runEach(0, [[], [], [], 1])).toEqual([]);
      expect(() => insert.runEach(1, [['z']])).toThrow(expect.objectContaining({ code: 'sql_failed' }));
      const two = db.prepare('insert into t (k) values (?), (?) on conflict do nothing');
      expect(
        two.runEach(3, [
          ['p', 'k1', 'r'],
          ['q', 'k2', 'k3'],
        ]),
      ).toEqual([1]);
      expect(
        two.runEach(
          2,
          [
            ['s', 's'],
            ['t', 'u'],
          ],
          2,
        ),
      ).toEqual([1]);
      const only = db.prepare('insert into t (k) values (?)');
      expect(() => only.runEach(3, [['new', 'k7', 'newer']])).toThrow(
        expect.objectContaining({ code: 'sql_failed' }),
      );
      expect(db.prepare("select k from t where k like 'new%'").all()).toEqual([{ k: 'new' }]);
      expect(only.run(['newer'])).toBe(1);
    });

    it('[DRV-05] a transaction that is rolled back leaves nothing, one that is committed is there after a reopen', async () => {
      const db = await opened();
      db.exec('create table t (v)');
      db.exec('begin; insert into t values (1); rollback');
      db.setDurability('full');
      db.exec('begin; insert into t values (2); commit');
      db.setDurability('normal');
      db.exec('insert into t values (3)');
      await db.flush();
      db.close();
      open.splice(0);
      if (db.durability === 'memory') return;
      const again = await opened();
      expect(again.prepare('select v from t').all()).toEqual([{ v: 2 }, { v: 3 }]);
    });

    it('[DRV-06] tells errors by code', async () => {
      const db = await opened();
      db.exec('create table t (v integer primary key, w unique)');
      db.exec('insert into t values (1, 1)');
      expect(() => db.prepare('select nothing from nowhere')).toThrow(
        expect.objectContaining({ code: 'sql_failed' }),
      );
      expect(() => db.prepare('insert into t values (2, ?)').run([1])).toThrow(
        expect.objectContaining({
          code: 'sql_failed',
          params: expect.objectContaining({ sqlite: 'SQLITE_CONSTRAINT_UNIQUE' }),
        }),
      );
      expect(() => db.prepare('insert into t values (?, ?)').run([1])).toThrow(
        expect.objectContaining({ code: 'sql_failed' }),
      );
      const kept = db.prepare('select v from t');
      db.close();
      open.splice(0);
      expect(() => kept.all()).toThrow(expect.objectContaining({ code: 'database_closed' }));
      expect(() => db.exec('select 1')).toThrow(expect.objectContaining({ code: 'database_closed' }));
    });

    it('[DRV-07] can hold recursive_triggers, and the built-ins that capture stands on', async () => {
      const db = await opened();
      db.exec('pragma recursive_triggers = on');
      expect(db.prepare('pragma recursive_triggers').get()).toEqual({ recursive_triggers: 1 });
      expect(
        db
          .prepare(
            "select json_object('a', json('true'), 'b', json_array('x', 1)) as j, octet_length('é') as n, json_valid('x') as v",
          )
          .get(),
      ).toEqual({ j: '{"a":true,"b":["x",1]}', n: 2, v: 0 });
    });

    it('[DRV-08] a database that is open is not opened a second time; closed, it is', async () => {
      const db = await opened();
      if (db.durability === 'memory') return;
      await expect((async () => given.factory.open('one'))()).rejects.toMatchObject({
        code: 'database_in_use',
      });
      (await opened('two')).exec('create table other (v)');
      db.close();
      open.splice(0, 1);
      expect((await opened()).prepare('select 1 as one').get()).toEqual({ one: 1 });
    });

    it('[DRV-09] lists and removes databases by name', async () => {
      const db = await opened('shop-a');
      if (db.durability === 'memory') return;
      db.exec('create table t (v)');
      (await opened('shop-b')).exec('create table t (v)');
      (await opened('farm-a')).exec('create table t (v)');
      for (const driver of open.splice(0)) driver.close();
      expect(await given.factory.list('shop-')).toEqual(['shop-a', 'shop-b']);
      await given.factory.remove('shop-a');
      expect(await given.factory.list('shop-')).toEqual(['shop-b']);
      await given.factory.remove('shop-a');
      expect((await opened('shop-a')).prepare('select name from sqlite_schema').all()).toEqual([]);
    });
  });
};
