import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { seeded } from '../../test/pull/random-writers.ts';
import { insertProducts, openShop, Puller, principal, type Shop, truth } from '../../test/pull/shop.ts';

let shop: Shop;
let clients = 0;
let now = 1_800_000_000_000;

beforeAll(async () => {
  shop = await openShop({ pageRows: 10, answerBytes: 20_000 }, undefined, () => now);
});
afterAll(() => shop.drop());
beforeEach(async () => {
  await shop.db.query(`truncate products, alerts, audits, members;
    delete from satchel.entries; delete from satchel.horizons; delete from satchel.hours;
    delete from satchel.clients; delete from satchel.mutations`);
});

const member = (user: string, ...stores: string[]) =>
  shop.db.query(`insert into members select $1, unnest($2::text[])`, [user, stores]);
const leave = (user: string, store: string) =>
  shop.db.query(`delete from members where user_id = $1 and store_id = $2`, [user, store]);
const puller = (user: string, roles: readonly string[] = []) => {
  clients += 1;
  return new Puller(shop.ctx, principal(user, roles), clients);
};
const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line));
const linesOf = (lines: readonly string[], kind: string) => parsed(lines).filter(({ line }) => line === kind);
/** A client of two stores that has caught up. */
const caughtUp = async (user = 'ann', roles: readonly string[] = []) => {
  await member(user, '1', '2');
  await insertProducts(shop.db, '1', 0, 25);
  await insertProducts(shop.db, '2', 100, 15);
  const client = puller(user, roles);
  await client.catchUp();
  return client;
};

describe('a first copy', () => {
  test('[PULL-01] brings every row of the scopes, the urgent lane first, and ends in a checkpoint', async () => {
    await member('ann', '1', '2');
    await insertProducts(shop.db, '1', 0, 25);
    await insertProducts(shop.db, '2', 100, 3);
    await insertProducts(shop.db, '3', 200, 3);
    await shop.db.query(`insert into alerts values ('a1', '2', 'fire')`);
    const ann = puller('ann');
    const first = await ann.step();
    expect(linesOf(first.lines, 'rows')[0].table).toBe('alerts');
    expect(linesOf(first.lines, 'tail')[0]).toMatchObject({ checkpoint: false, more: true, remaining: 19 });
    const last = linesOf(await ann.catchUp(), 'tail').at(-1);
    expect(last).toMatchObject({ checkpoint: true, more: false, remaining: 0 });
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
    expect(ann.replica.rows.size).toBe(29);
  });

  test('[PULL-02] resumes after a cut at any page, with rows changed meanwhile', async () => {
    await member('ann', '1', '2');
    await insertProducts(shop.db, '1', 0, 40);
    await insertProducts(shop.db, '2', 100, 15);
    const ann = puller('ann');
    let more = true;
    for (let page = 0; more; page += 1) {
      // A page that is lost on the way: the same cursor brings it again.
      await ann.ask();
      await shop.db.query(`update products set name = 'changed ' || $1::text where id = $2`, [
        page,
        `p00000${page}`,
      ]);
      await shop.db.query(`delete from products where id = $1`, [`p0000${30 + page}`]);
      await shop.db.query(`update products set store_id = '2' where id = $1`, [`p0000${20 + page}`]);
      ({ more } = await ann.step());
    }
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });

  test('[PULL-03] a row of any size gets through, and wide rows make short pages', async () => {
    await member('ann', '1');
    await insertProducts(shop.db, '1', 0, 30);
    await shop.db.query(`update products set name = repeat('x', 15000) where id <= 'p000004'`);
    await shop.db.query(`update products set name = repeat('x', 90000) where id = 'p000002'`);
    const ann = puller('ann');
    let more = true;
    while (more) {
      const step = await ann.step();
      more = step.more;
      expect(linesOf(step.lines, 'rows').join('').length).toBeLessThan(100_000);
    }
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });

  test('[PULL-04] a change elsewhere is not held up by a copy under way', async () => {
    const ann = await caughtUp();
    await insertProducts(shop.db, '3', 300, 60);
    await member('ann', '3');
    await ann.step();
    await shop.db.query(`update products set name = 'urgent' where id = 'p000001'`);
    const step = await ann.step();
    expect(linesOf(step.lines, 'head')[0].mode).toBe('delta');
    expect(step.checkpoint).toBe(false);
    expect(ann.replica.rows.get('products/p000001')?.values.name).toBe('urgent');
    await ann.catchUp();
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });
});

describe('a delta', () => {
  test('[PULL-05] is one page, one checkpoint: inserts, updates, deletes, moves', async () => {
    const ann = await caughtUp();
    await shop.db.query(`update products set name = 'new name' where id = 'p000001'`);
    await shop.db.query(`delete from products where id = 'p000002'`);
    await shop.db.query(`update products set store_id = '2' where id = 'p000003'`);
    await shop.db.query(`update products set store_id = '9' where id = 'p000004'`);
    await insertProducts(shop.db, '2', 500, 2);
    const { lines, more, checkpoint } = await ann.step();
    expect({ more, checkpoint }).toEqual({ more: false, checkpoint: true });
    expect(linesOf(lines, 'gone')).toMatchObject([
      {
        scope: 'store:1',
        keys: ['p000002', 'p000003', 'p000004'],
        reasons: ['deleted', 'left', 'left'],
      },
    ]);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
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
    await shop.db.query(`update products set name = 'late, commits early' where id = 'p000005'`);
    await ann.step();
    expect(ann.replica.rows.get('products/p000005')?.values.name).toBe('late, commits early');
    expect(ann.replica.rows.get('products/p000001')?.values.name).toBe('product 1');
    await open.commit();
    await ann.step();
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });

  test('[PULL-08] a cursor of a standby repeats rows and loses none', async () => {
    const ann = await caughtUp();
    const open = openTransaction();
    await open.query(`update products set name = 'in progress' where id = 'p000001'`);
    await shop.db.query(`update products set name = 'done' where id = 'p000005'`);
    await ann.step();
    // What a standby gives for this snapshot: xmin:xmin:
    const cursor = JSON.parse(Buffer.from(ann.replica.cursor!, 'base64url').toString());
    cursor.snapshots = cursor.snapshots.map((packed: string) => `${packed.split(':')[0]}:0:`);
    ann.replica.cursor = Buffer.from(JSON.stringify(cursor)).toString('base64url');
    await open.commit();
    const { lines } = await ann.step();
    expect(linesOf(lines, 'rows').flatMap(({ keys }) => keys)).toEqual(['p000001', 'p000005']);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });

  test('[PULL-09] too large for one answer comes in parts to a target, and ends with what came after', async () => {
    const ann = await caughtUp();
    const before = ann.replica.content();
    await shop.db.query(`insert into products (id, store_id, name) select 'q' || n, '1', 'bulk ' || n
      from generate_series(1, 150) n`);
    await shop.db.query(`insert into products (id, store_id, name) select 'r' || n, '2', 'bulk ' || n
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
      await shop.db.query(`update products set name = 'later' where id = $1`, [`q${parts}`]);
      await shop.db.query(`delete from products where id = $1`, [`q${100 + parts}`]);
    }
    expect(parts).toBeGreaterThan(15);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });

  test('[PULL-10] a row that PostgreSQL no longer has, though its entry says so, does not stop the rest', async () => {
    const ann = await caughtUp();
    await aroundCapture(`delete from products where id = 'p000001'`);
    await shop.db.query(`update satchel.entries set xid = pg_current_xact_id() where key = 'p000001'`);
    await shop.db.query(`update products set name = 'on' where id = 'p000002'`);
    await ann.step();
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });
});

describe('rights', () => {
  test('[PULL-11] a new scope is copied alone, a revoked one leaves alone, first in its page', async () => {
    const ann = await caughtUp();
    await insertProducts(shop.db, '3', 300, 12);
    await member('ann', '3');
    await leave('ann', '1');
    await shop.db.query(`update products set name = 'seen no more' where id = 'p000001'`);
    await shop.db.query(`update products set name = 'seen' where id = 'p000101'`);
    const lines = await ann.catchUp();
    expect(linesOf(lines, 'scope')).toMatchObject([
      { scope: 'store:1', action: 'left' },
      { scope: 'store:3', action: 'backfill' },
    ]);
    expect(parsed(lines)[1]).toMatchObject({ line: 'scope', action: 'left' });
    expect(new Set(linesOf(lines, 'rows').map(({ scope }) => scope))).toEqual(
      new Set(['store:2', 'store:3']),
    );
    expect(linesOf(lines, 'rows').find(({ scope }) => scope === 'store:2').keys).toEqual(['p000101']);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
    expect(ann.replica.seen.join('\n')).not.toContain('seen no more');
  });

  test('[PULL-12] a scope that left and came back while the client was away is a plain delta', async () => {
    const ann = await caughtUp();
    await leave('ann', '1');
    await member('ann', '1');
    const { lines } = await ann.step();
    expect(parsed(lines).map(({ line }) => line)).toEqual(['head', 'tail']);
  });

  test('[PULL-13] a scope that leaves during a large delta leaves, and one that comes is copied', async () => {
    const ann = await caughtUp();
    await insertProducts(shop.db, '3', 300, 12);
    await shop.db.query(`update products set name = name || repeat('!', 300)`);
    await shop.db.query(`insert into products (id, store_id, name) select 'q' || n, '1', 'bulk ' || n
      from generate_series(1, 100) n`);
    await ann.step();
    await ann.step();
    await leave('ann', '1');
    await member('ann', '3');
    await ann.catchUp();
    expect(ann.replica.checkpoint).toBe(true);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });

  test('[PULL-14] rows and columns that the role may not read are in no byte', async () => {
    await shop.db.query(`insert into audits values ('u1', '1', 'hidden row')`);
    const ann = await caughtUp();
    await shop.db.query(`update products set cost = 4242.5, extra = '{"a": [1, 2]}' where id = 'p000001'`);
    await shop.db.query(`update audits set body = 'hidden row again'`);
    await ann.catchUp();
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
    expect(ann.replica.seen.join('\n')).not.toMatch(/hidden row|4242|"cost"/);
  });

  test('[PULL-15] a column or table that comes into view is copied anew, one that goes out of it leaves', async () => {
    await shop.db.query(`insert into audits values ('u1', '1', 'for managers')`);
    const ann = await caughtUp();
    await shop.db.query(`insert into alerts values ('a1', '1', 'fire')`);
    await ann.catchUp();
    ann.principal = principal('ann', ['manager']);
    const promoted = await ann.catchUp();
    expect(linesOf(promoted, 'scope')).toMatchObject([
      { scope: 'store:1', action: 'reset', tables: ['products', 'audits'] },
      { scope: 'store:2', action: 'reset', tables: ['products', 'audits'] },
    ]);
    expect(linesOf(promoted, 'rows').some(({ table }) => table === 'alerts')).toBe(false);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann', true));
    ann.principal = principal('ann');
    const demoted = await ann.catchUp();
    expect(linesOf(demoted, 'scope').slice(0, 2)).toMatchObject([
      { action: 'left', tables: ['audits'] },
      { action: 'left', tables: ['audits'] },
    ]);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });

  test('[PULL-16] a view that changes while a copy is under way loses nothing', async () => {
    await shop.db.query(`insert into audits values ('u1', '1', 'for managers')`);
    await member('ann', '1', '2');
    await insertProducts(shop.db, '1', 0, 40);
    await insertProducts(shop.db, '2', 100, 15);
    const ann = puller('ann');
    for (let page = 0; page < 4; page += 1) {
      await ann.step();
      await shop.db.query(`update products set cost = $1 where id = $2`, [page, `p00000${page}`]);
      await ann.step();
      ann.principal = principal('ann', page % 2 === 0 ? ['manager'] : []);
    }
    ann.principal = principal('ann', ['manager']);
    await ann.catchUp();
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann', true));
  });
});

describe('filters', () => {
  test('[PULL-17] a row that no longer passes leaves, one that passes again comes back', async () => {
    const ann = puller('ann');
    ann.subscription = { filters: { products: [{ column: 'price', op: '<', value: 5 }] } };
    await member('ann', '1');
    await insertProducts(shop.db, '1', 0, 40);
    await ann.catchUp();
    const passing = async () => (await truth(shop.db, 'ann')).filter((line) => /"price":[0-4]\b/.test(line));
    expect(ann.replica.content()).toEqual(await passing());
    await shop.db.query(`update products set price = 100 where id = 'p000003'`);
    await shop.db.query(`update products set price = 1 where id = 'p000039'`);
    await shop.db.query(`update products set price = null where id = 'p000004'`);
    const { lines } = await ann.step();
    expect(linesOf(lines, 'gone')).toMatchObject([
      { keys: ['p000003', 'p000004'], reasons: ['left', 'left'] },
    ]);
    expect(ann.replica.content()).toEqual(await passing());
  });

  test('[PULL-18] a changed filter copies its table anew and sweeps what does not pass', async () => {
    const ann = await caughtUp();
    await shop.db.query(`insert into alerts values ('a1', '1', 'fire')`);
    await ann.catchUp();
    ann.subscription = { filters: { products: [{ column: 'id', op: 'in', value: ['p000001', 'p000102'] }] } };
    const lines = await ann.catchUp();
    expect(
      linesOf(lines, 'scope').every(({ action, tables }) => action === 'reset' && tables[0] === 'products'),
    ).toBe(true);
    expect([...ann.replica.rows.keys()].sort()).toEqual([
      'alerts/a1',
      'products/p000001',
      'products/p000102',
    ]);
  });

  test('[PULL-19] a filter may name readable columns only, and say only what has a meaning', async () => {
    const ann = puller('ann');
    for (const comparison of [
      { column: 'cost', op: '<', value: 5 },
      { column: 'nothing', op: '=', value: 5 },
      { column: 'extra', op: '=', value: {} },
      { column: 'price', op: '=', value: 'cheap' },
      { column: 'price', op: 'in', value: 5 },
      { column: 'price', op: '=' },
    ] as const) {
      ann.subscription = { filters: { products: [comparison] } };
      await expect(ann.ask()).rejects.toMatchObject({ code: 'filter_invalid' });
    }
    ann.subscription = { filters: { sails: [] } };
    await expect(ann.ask()).rejects.toMatchObject({ code: 'table_unknown' });
    ann.subscription = { filters: { products: [{ column: 'cost', op: '<', value: 5 }] } };
    ann.principal = principal('ann', ['manager']);
    await ann.catchUp();
  });

  test('[PULL-20] only the tables and scopes asked for are sent', async () => {
    await shop.db.query(`insert into alerts values ('a1', '1', 'fire'), ('a2', '2', 'flood')`);
    await member('ann', '1', '2');
    await insertProducts(shop.db, '1', 0, 3);
    const ann = puller('ann');
    ann.subscription = { tables: ['alerts'], scopes: ['store:1', 'store:77'] };
    await ann.catchUp();
    expect([...ann.replica.rows.keys()]).toEqual(['alerts/a1']);
  });
});

describe('the horizon', () => {
  const HOUR = 3_600_000;
  /** What tells tailers of changed rights goes with the tombstones too. */
  const forgetAccess = () => shop.db.query(`delete from satchel.entries where scope = '~access'`);

  test('[PULL-21] tombstones that every live client has received are pruned, and only they', async () => {
    const { prune } = await import('./prune.ts');
    const ann = await caughtUp();
    await forgetAccess();
    const bob = puller('ann');
    await bob.catchUp();
    await shop.db.query(`delete from products where id = 'p000001'`);
    await prune(shop.ctx);
    now += 2 * HOUR;
    await ann.catchUp();
    await ann.catchUp();
    expect(await prune(shop.ctx)).toEqual({ entries: 0 });
    await bob.catchUp();
    now += 2 * HOUR;
    await bob.catchUp();
    await ann.catchUp();
    await shop.db.query(`delete from products where id = 'p000002'`);
    expect(await prune(shop.ctx)).toEqual({ entries: 1 });
    // Nobody needs a copy for it.
    expect(linesOf(await ann.catchUp(), 'scope')).toEqual([]);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });

  test('[PULL-22] a cursor past the horizon resets just the scopes where something went', async () => {
    const { prune } = await import('./prune.ts');
    const ann = await caughtUp();
    await forgetAccess();
    await shop.db.query(`delete from products where id = 'p000001'`);
    await prune(shop.ctx);
    now += shop.ctx.app.limits.clientLifetime + 1;
    expect(await prune(shop.ctx)).toEqual({ entries: 1 });
    const lines = await ann.catchUp();
    expect(linesOf(lines, 'scope')).toEqual([{ line: 'scope', scope: 'store:1', action: 'reset' }]);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
    expect(ann.replica.rows.has('products/p000001')).toBe(false);
    expect(linesOf(await ann.catchUp(), 'scope')).toEqual([]);
  });

  test('[PULL-23] a transaction that stays open keeps tombstones, so that no cursor is behind them at once', async () => {
    const { prune } = await import('./prune.ts');
    const ann = await caughtUp();
    const open = openTransaction();
    await open.query(`update products set name = 'open' where id = 'p000009'`);
    await shop.db.query(`delete from products where id = 'p000001'`);
    await prune(shop.ctx);
    now += shop.ctx.app.limits.clientLifetime + 1;
    expect(await prune(shop.ctx)).toEqual({ entries: 0 });
    await ann.catchUp();
    expect(linesOf(await ann.catchUp(), 'scope')).toEqual([]);
    await open.commit();
  });
});

describe('versions and histories', () => {
  test('[PULL-24] a cursor of another history resets what it names and asks for offers', async () => {
    const ann = await caughtUp();
    const cursor = JSON.parse(Buffer.from(ann.replica.cursor!, 'base64url').toString());
    cursor.epoch = 'another';
    ann.replica.cursor = Buffer.from(JSON.stringify(cursor)).toString('base64url');
    await leave('ann', '2');
    await shop.db.query(
      `delete from products where id = 'p000001'; delete from satchel.entries where key = 'p000001'`,
    );
    const lines = await ann.catchUp();
    expect(linesOf(lines, 'head')[0].offer).toBe(true);
    expect(linesOf(lines, 'head').at(-1).offer).toBe(false);
    expect(linesOf(lines, 'scope')).toMatchObject([
      { scope: 'store:2', action: 'left' },
      { scope: 'store:1', action: 'reset' },
    ]);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });

  test('[PULL-25] foreign tokens, protocols and schema versions have their codes', async () => {
    const ann = puller('ann');
    for (const token of ['', 'x', 'e30', Buffer.from('{"v":1}').toString('base64url'), '☃']) {
      ann.replica.cursor = token;
      await expect(ann.ask()).rejects.toMatchObject({ code: 'cursor_invalid' });
    }
    const bob = await caughtUp('bob');
    const cursor = JSON.parse(Buffer.from(bob.replica.cursor!, 'base64url').toString());
    for (const broken of [
      { ...cursor, snapshots: [] },
      { ...cursor, snapshots: ['1:2'] },
      { ...cursor, snapshots: ['9:-1:'] },
      { ...cursor, lsn: 'x' },
    ]) {
      bob.replica.cursor = Buffer.from(JSON.stringify(broken)).toString('base64url');
      await expect(bob.ask()).rejects.toMatchObject({ code: 'cursor_invalid' });
    }
    const { pull } = await import('./pull.ts');
    const asked = { protocolVersion: 1, schemaVersion: 1, clientId: ann.clientId, cursor: null };
    const pulled = (more: object) => pull(shop.ctx, ann.principal, { ...asked, ...more }, null);
    await expect(pulled({ protocolVersion: 0 })).rejects.toMatchObject({ code: 'protocol_too_old' });
    await expect(pulled({ protocolVersion: 99 })).rejects.toMatchObject({ code: 'protocol_too_new' });
    await expect(pulled({ schemaVersion: 2 })).rejects.toMatchObject({ code: 'schema_ahead' });
  });
});

describe('strangers', () => {
  test('[PULL-25] a token that somebody made up is a page or `cursor_invalid`, never anything else', async () => {
    const ann = await caughtUp();
    await insertProducts(shop.db, '3', 300, 30);
    await member('ann', '3');
    await ann.step();
    const filling = ann.replica.cursor!;
    await ann.catchUp();
    await shop.db.query(`update products set name = repeat('y', 900)`);
    await ann.step();
    const inParts = ann.replica.cursor!;
    const random = seeded(42);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const hostile = [
      null,
      true,
      -1,
      0,
      1.5,
      1e300,
      99_999,
      '',
      '0',
      '-1',
      'x',
      '\u0000',
      '\ud800',
      '9'.repeat(18),
      '9'.repeat(25),
      '1:1:',
      '1:5:2,3',
      '5:1:9',
      '1:99:100',
      [],
      {},
      [[]],
      ['1', 1, 'k'],
      ['999999999999999999', 3, '\u0000'],
    ];
    const spoil = (value: unknown, depth: number): unknown => {
      if (depth === 0 || value === null || typeof value !== 'object') return pick(hostile);
      if (Array.isArray(value)) {
        const at = Math.floor(random() * value.length);
        return value.map((item, index) => (index === at ? spoil(item, depth - 1) : item));
      }
      const name = pick([...Object.keys(value), 'part', 'more']);
      return { ...value, [name]: spoil((value as Record<string, unknown>)[name], depth - 1) };
    };
    let pages = 0;
    for (let round = 0; round < 400; round += 1) {
      const cursor = JSON.parse(Buffer.from(pick([filling, inParts]), 'base64url').toString());
      ann.replica.cursor = Buffer.from(JSON.stringify(spoil(cursor, 1 + (round % 5)))).toString('base64url');
      try {
        await ann.ask();
        pages += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: 'cursor_invalid' });
      }
    }
    expect(pages).toBeGreaterThan(10);
    ann.replica.cursor = inParts;
    await ann.catchUp();
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });
});

/** A write that capture does not see, as by logical replication into a table without triggers. */
const aroundCapture = async (statement: string) => {
  const { rows } = await shop.db.query<{ name: string }>(
    `select tgname as name from pg_trigger where tgrelid = 'products'::regclass and not tgisinternal`,
  );
  const each = (mode: string) =>
    rows.map(({ name }) => `alter table products ${mode} trigger "${name}";`).join(' ');
  await shop.db.query(`${each('disable')} ${statement}; ${each('enable always')}`);
};

const openTransaction = () => {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let query: (text: string) => Promise<unknown>;
  let ready: () => void = () => {};
  const started = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const done = shop.db.transaction('write', async (tx) => {
    query = (text) => tx.query(text);
    ready();
    await held;
  });
  return {
    query: async (text: string) => {
      await started;
      return query(text);
    },
    commit: async () => {
      release();
      await done;
    },
  };
};
