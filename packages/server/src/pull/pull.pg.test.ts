import { describe, expect, test } from 'vitest';
import { insertProducts, truth } from '../../test/pull/shop.ts';
import { linesOf, parsed, useShop } from '../../test/pull/use-shop.ts';

const at = useShop();
const { member, puller, caughtUp, openTransaction, aroundCapture } = at;

describe('a first copy', () => {
  test('[PULL-01] brings every row of the scopes, the urgent lane first, and ends in a checkpoint', async () => {
    await member('ann', '1', '2');
    await insertProducts(at.shop.db, '1', 0, 25);
    await insertProducts(at.shop.db, '2', 100, 3);
    await insertProducts(at.shop.db, '3', 200, 3);
    await at.shop.db.query(`insert into alerts values ('a1', '2', 'fire')`);
    const ann = puller('ann');
    const first = await ann.step();
    expect(linesOf(first.lines, 'rows')[0].table).toBe('alerts');
    expect(linesOf(first.lines, 'tail')[0]).toMatchObject({ checkpoint: false, more: true, remaining: 19 });
    const last = linesOf(await ann.catchUp(), 'tail').at(-1);
    expect(last).toMatchObject({ checkpoint: true, more: false, remaining: 0 });
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
    expect(ann.replica.rows.size).toBe(29);
  });

  test('[PULL-02] resumes after a cut at any page, with rows changed meanwhile', async () => {
    await member('ann', '1', '2');
    await insertProducts(at.shop.db, '1', 0, 40);
    await insertProducts(at.shop.db, '2', 100, 15);
    const ann = puller('ann');
    let more = true;
    for (let page = 0; more; page += 1) {
      // A page that is lost on the way: the same cursor brings it again.
      await ann.ask();
      await at.shop.db.query(`update products set name = 'changed ' || $1::text where id = $2`, [
        page,
        `p00000${page}`,
      ]);
      await at.shop.db.query(`delete from products where id = $1`, [`p0000${30 + page}`]);
      await at.shop.db.query(`update products set store_id = '2' where id = $1`, [`p0000${20 + page}`]);
      ({ more } = await ann.step());
    }
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });

  test('[PULL-03] a row of any size gets through, and wide rows make short pages', async () => {
    await member('ann', '1');
    await insertProducts(at.shop.db, '1', 0, 30);
    await at.shop.db.query(`update products set name = repeat('x', 15000) where id <= 'p000004'`);
    await at.shop.db.query(`update products set name = repeat('x', 90000) where id = 'p000002'`);
    const ann = puller('ann');
    let more = true;
    while (more) {
      const step = await ann.step();
      more = step.more;
      expect(linesOf(step.lines, 'rows').join('').length).toBeLessThan(100_000);
    }
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });

  test('[PULL-04] a change elsewhere is not held up by a copy under way', async () => {
    const ann = await caughtUp();
    await insertProducts(at.shop.db, '3', 300, 60);
    await member('ann', '3');
    await ann.step();
    await at.shop.db.query(`update products set name = 'urgent' where id = 'p000001'`);
    const step = await ann.step();
    expect(linesOf(step.lines, 'head')[0].mode).toBe('delta');
    expect(step.checkpoint).toBe(false);
    expect(ann.replica.rows.get('products/p000001')?.values.name).toBe('urgent');
    await ann.catchUp();
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });
});

describe('a delta', () => {
  test('[PULL-05] is one page, one checkpoint: inserts, updates, deletes, moves', async () => {
    const ann = await caughtUp();
    await at.shop.db.query(`update products set name = 'new name' where id = 'p000001'`);
    await at.shop.db.query(`delete from products where id = 'p000002'`);
    await at.shop.db.query(`update products set store_id = '2' where id = 'p000003'`);
    await at.shop.db.query(`update products set store_id = '9' where id = 'p000004'`);
    await insertProducts(at.shop.db, '2', 500, 2);
    const { lines, more, checkpoint } = await ann.step();
    expect({ more, checkpoint }).toEqual({ more: false, checkpoint: true });
    expect(linesOf(lines, 'gone')).toMatchObject([
      {
        scope: 'store:1',
        keys: ['p000002', 'p000003', 'p000004'],
        reasons: ['deleted', 'left', 'left'],
      },
    ]);
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });

  test('[PULL-06] nothing new is 304 for the same cursor, an empty checkpoint without one, a fresh cursor after a day', async () => {
    const ann = await caughtUp();
    expect((await ann.ask(true)).kind).toBe('unchanged');
    const { lines } = await ann.step();
    expect(parsed(lines).map(({ line }) => line)).toEqual(['head', 'tail']);
    expect((await ann.ask(true)).kind).toBe('unchanged');
    const cursor = JSON.parse(Buffer.from(ann.replica.cursor!, 'base64url').toString());
    cursor.at -= 86_400_001;
    ann.replica.cursor = Buffer.from(JSON.stringify(cursor)).toString('base64url');
    expect((await ann.ask(true)).kind).toBe('page');
  });

  test('[PULL-07] sees each commit whatever the order of commits and however long one stays open', async () => {
    const ann = await caughtUp();
    const open = openTransaction();
    await open.query(`update products set name = 'early, commits late' where id = 'p000001'`);
    await at.shop.db.query(`update products set name = 'late, commits early' where id = 'p000005'`);
    await ann.step();
    expect(ann.replica.rows.get('products/p000005')?.values.name).toBe('late, commits early');
    expect(ann.replica.rows.get('products/p000001')?.values.name).toBe('product 1');
    await open.commit();
    await ann.step();
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });

  test('[PULL-08] a cursor of a standby repeats rows and loses none', async () => {
    const ann = await caughtUp();
    const open = openTransaction();
    await open.query(`update products set name = 'in progress' where id = 'p000001'`);
    await at.shop.db.query(`update products set name = 'done' where id = 'p000005'`);
    await ann.step();
    // What a standby gives for this snapshot: xmin:xmin:
    const cursor = JSON.parse(Buffer.from(ann.replica.cursor!, 'base64url').toString());
    cursor.snapshots = cursor.snapshots.map((packed: string) => `${packed.split(':')[0]}:0:`);
    ann.replica.cursor = Buffer.from(JSON.stringify(cursor)).toString('base64url');
    await open.commit();
    const { lines } = await ann.step();
    expect(linesOf(lines, 'rows').flatMap(({ keys }) => keys)).toEqual(['p000001', 'p000005']);
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });

  test('[PULL-09] too large for one answer comes in parts to a target, and ends with what came after', async () => {
    const ann = await caughtUp();
    const before = ann.replica.content();
    await at.shop.db.query(`insert into products (id, store_id, name) select 'q' || n, '1', 'bulk ' || n
      from generate_series(1, 150) n`);
    await at.shop.db.query(`insert into products (id, store_id, name) select 'r' || n, '2', 'bulk ' || n
      from generate_series(1, 30) n`);
    let parts = 0;
    for (;;) {
      // Lost on the way, and asked for again.
      await ann.ask();
      const { lines, more, checkpoint } = await ann.step();
      parts += 1;
      expect(linesOf(lines, 'head')[0].mode).toBe('delta-part');
      if (checkpoint) {
        expect(more).toBe(false);
        break;
      }
      expect(ann.replica.content()).toEqual(before);
      await at.shop.db.query(`update products set name = 'later' where id = $1`, [`q${parts}`]);
      await at.shop.db.query(`delete from products where id = $1`, [`q${100 + parts}`]);
    }
    expect(parts).toBeGreaterThan(15);
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });

  test('[PULL-10] a row that PostgreSQL no longer has, though its entry says so, does not stop the rest', async () => {
    const ann = await caughtUp();
    await aroundCapture(`delete from products where id = 'p000001'`);
    await at.shop.db.query(`update satchel.entries set xid = pg_current_xact_id() where key = 'p000001'`);
    await at.shop.db.query(`update products set name = 'on' where id = 'p000002'`);
    await ann.step();
    expect(ann.replica.content()).toEqual(await truth(at.shop.db, 'ann'));
  });
});
