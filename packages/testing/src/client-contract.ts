import { openSatchel, type Platform, type RowDiff, type Satchel } from '@satchel/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import contractApp from './contract-app.ts';

export interface PlatformUnderTest {
  readonly platform: Platform;
  /** Takes away what the test has left. */
  readonly clean: () => void | Promise<void>;
}

/**
 * What every client must do, wherever its engine sits: beside the app, in a worker
 * thread, in a browser's worker.
 */
export const clientContract = (
  name: string,
  make: () => PlatformUnderTest | Promise<PlatformUnderTest>,
): void => {
  describe(`client contract: ${name}`, () => {
    let given: PlatformUnderTest;
    let platform: Platform;
    const opened: Satchel[] = [];

    const open = async (userId = 'ana'): Promise<Satchel> => {
      const db = await openSatchel({
        app: contractApp,
        platform,
        server: 'http://127.0.0.1:9',
        user: { id: userId },
        token: () => 'token',
        start: false,
      });
      opened.push(db);
      return db;
    };
    const add = (db: Satchel, key: string, title = key) =>
      db.write([{ sql: 'insert into tasks (id, title) values (?, ?)', parameters: [key, title] }]);
    const titles = async (db: Satchel): Promise<unknown[]> =>
      (await db.all('select title from tasks order by title')).map((row) => row.title);

    beforeEach(async () => {
      given = await make();
      platform = given.platform;
    });
    afterEach(async () => {
      for (const db of opened.splice(0)) await db.close();
      await platform.close();
      await given.clean();
    });

    it('[CLIENT-01] writes at once, and reads what it wrote', async () => {
      const db = await open();
      const written = await add(db, 'one');
      expect(written).toMatchObject({ mutationId: expect.any(String), tables: ['tasks'], lanes: ['urgent'] });
      expect(await titles(db)).toEqual(['one']);
      expect(await db.outbox.list()).toMatchObject([
        { mutationId: written.mutationId, state: 'queued', seq: 1 },
      ]);
    });

    it('[CLIENT-02] takes several statements as one mutation, all or none', async () => {
      const db = await open();
      await expect(
        db.write([
          { sql: "insert into tasks (id, title) values ('a', 'a')" },
          { sql: "insert into tasks (id, title) values ('a', 'again')" },
        ]),
      ).rejects.toMatchObject({ code: 'sql_failed' });
      expect(await titles(db)).toEqual([]);
      await db.write([
        { sql: "insert into tasks (id, title) values ('a', 'a')" },
        { sql: "insert into tasks (id, title) values ('b', 'b')" },
      ]);
      expect((await db.outbox.list()).map(({ changes }) => changes.length)).toEqual([2]);
    });

    it('[CLIENT-03] runs functions of the definition as one transaction, and undoes those that throw', async () => {
      const db = await open();
      const key = await db.run('addTask', 'from a function');
      expect(await db.get('select id, title from tasks')).toEqual({ id: key, title: 'from a function' });
      await expect(db.run('broken')).rejects.toThrow('broken on purpose');
      expect(await titles(db)).toEqual(['from a function']);
      await expect(db.run('unknown')).rejects.toMatchObject({ code: 'function_unknown' });
    });

    it('[CLIENT-04] refuses transactions that stay open between calls', async () => {
      const db = await open();
      for (const sql of ['begin', 'commit', 'rollback', 'savepoint s', 'release s'])
        await expect(db.write([{ sql }]), sql).rejects.toMatchObject({ code: 'interactive_transaction' });
    });

    it('[CLIENT-05] refuses values that no column can hold, with their code, and keeps nothing', async () => {
      const db = await open();
      const write = (title: unknown, rank: unknown = 0) =>
        db.write([
          { sql: 'insert into tasks (id, title, rank) values (?, ?, ?)', parameters: ['x', title, rank] },
        ]);
      await expect(write('a\u0000b')).rejects.toMatchObject({ code: 'text_invalid' });
      await expect(write('a\ud800b')).rejects.toMatchObject({ code: 'text_invalid' });
      await expect(write('x', Number.NaN)).rejects.toMatchObject({ code: 'number_not_finite' });
      await expect(write('x', 2 ** 53)).rejects.toMatchObject({ code: 'integer_out_of_range' });
      await expect(write('x', 1.5)).rejects.toMatchObject({ code: 'value_type' });
      await expect(write(null)).rejects.toMatchObject({ code: 'value_required' });
      expect([await titles(db), await db.outbox.list()]).toEqual([[], []]);
    });

    it('[CLIENT-06] tells live queries what differs', async () => {
      const db = await open();
      const told: RowDiff[] = [];
      const query = db.live({ sql: 'select id, title from tasks order by id', identity: ['id'] }, (diff) =>
        told.push(diff),
      );
      await query.ready;
      await add(db, 'a');
      await db.write([{ sql: "update tasks set title = 'b' where id = 'a'" }]);
      await expect.poll(() => told.length).toBe(3);
      expect(told[1]?.added).toEqual([{ id: 'a', title: 'a' }]);
      expect(told[2]?.changed).toEqual([{ before: { id: 'a', title: 'a' }, after: { id: 'a', title: 'b' } }]);
      query.stop();
    });

    it('[CLIENT-07] keeps everything over a close, and goes on with a run of its own', async () => {
      const first = await open();
      await add(first, 'one');
      const { clientId } = first;
      await first.close();
      await expect(first.all('select 1')).rejects.toMatchObject({ code: 'database_closed' });
      const second = await open();
      expect(second.clientId).toBe(clientId);
      expect(await titles(second)).toEqual(['one']);
      await add(second, 'two');
      const entries = await second.outbox.list();
      expect(entries.map(({ seq }) => seq)).toEqual([1, 1]);
      expect(new Set(entries.map(({ runId }) => runId)).size).toBe(2);
    });

    it('[CLIENT-08] refuses to open what is open', async () => {
      await open();
      await expect(open()).rejects.toMatchObject({ code: 'database_in_use' });
    });

    it("[CLIENT-09] keeps each user's work in a database of its own", async () => {
      const ana = await open('ana');
      await add(ana, 'of ana');
      const ben = await open('ben');
      expect(await titles(ben)).toEqual([]);
      expect([...(await ben.databases())].sort()).toEqual([ana.name, ben.name].sort());
    });

    it('[CLIENT-10] exports what is pending before it is discarded', async () => {
      const db = await open();
      await add(db, 'precious');
      const { exported } = await db.logout('discard');
      expect(exported).toContain('precious');
      expect(await platform.databases('satchel-contract-')).toEqual([]);
    });

    it('[CLIENT-11] knows of each row whether it is synced or pending', async () => {
      const db = await open();
      await add(db, 'one');
      expect(await db.rowState('tasks', 'one')).toEqual({ state: 'pending', version: null, base: null });
      expect(await db.rowState('tasks', 'two')).toEqual({ state: 'absent', version: null, base: null });
    });

    it('[CLIENT-12] answers many calls at once, in their order', async () => {
      const db = await open();
      const keys = Array.from({ length: 50 }, (_, i) => String(i).padStart(2, '0'));
      await Promise.all(keys.map((key) => add(db, key)));
      expect((await db.outbox.list()).map(({ changes }) => changes[0]?.key).sort()).toEqual(keys);
      expect((await db.all('select id from tasks order by rowid')).map(({ id: key }) => key)).toEqual(keys);
    });
  });
};
