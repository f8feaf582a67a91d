import { type Columns, DIGEST_LENGTH, digestText, newDigest, quickLine, rowText } from '@satchel/core';
import {
  type App,
  add,
  defineApp,
  drop,
  id,
  integer,
  rename,
  renameTable,
  split,
  sql,
  table,
  text,
} from '@satchel/schema';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { insertProducts, openShop, Puller, principal, type Shop, truth } from '../../test/pull/shop.ts';
import { recordMoment } from '../moments/moment.ts';
import { applyApp } from '../postgres/app-tables.ts';
import { digests } from './digests.ts';
import { rows, versions } from './versions.ts';

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
  await shop.db.query(`insert into members values ('ann', '1'), ('ann', '2')`);
  await insertProducts(shop.db, '1', 0, 6);
  await insertProducts(shop.db, '2', 100, 3);
});
afterEach(() => shop.drop());

const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line));

describe('outcomes', () => {
  const RUN = '00000000-0000-7000-8000-00000000aaaa';
  let seq = 0;
  const settle = (
    client: Puller,
    key: string,
    row: object | undefined,
    query = shop.db.query.bind(shop.db),
  ) => {
    seq += 1;
    const mutationId = `00000000-0000-7000-8000-${String(seq).padStart(12, '0')}`;
    const change = { table: 'products', key, outcome: 'merged', ...(row ? { row } : {}) };
    return query(
      `insert into satchel.mutations (principal, mutation_id, client_id, run_id, seq, hash, author, hlc, received_at, outcome)
       values ($1, $2, $3, $4, $5, '', 'ann', '1:0:a', 1, $6)`,
      [
        client.principal.id,
        mutationId,
        client.clientId,
        RUN,
        seq,
        JSON.stringify({ mutationId, outcome: 'merged', changes: [change] }),
      ],
    ).then(() => mutationId);
  };
  const outcomesIn = (lines: readonly string[]) =>
    parsed(lines).flatMap((line) => (line.line === 'outcomes' ? line.outcomes : []));

  test('[PULL-26] a client gets the outcomes that the rows of its page have, once, and nobody else does', async () => {
    const [ann, other] = [
      new Puller(shop.ctx, principal('ann'), 1),
      new Puller(shop.ctx, principal('ann'), 2),
    ];
    const before = await settle(ann, 'p000001', undefined);
    const first = outcomesIn(await ann.catchUp());
    expect(first.map(({ mutationId }) => mutationId)).toEqual([before]);
    await other.catchUp();
    let commit: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      commit = resolve;
    });
    let late = '';
    let written: () => void = () => {};
    const isWritten = new Promise<void>((resolve) => {
      written = resolve;
    });
    const open = shop.db.transaction('write', async (tx) => {
      await tx.query(`update products set name = 'mine' where id = 'p000001'`);
      late = await settle(ann, 'p000001', undefined, tx.query.bind(tx) as typeof shop.db.query);
      written();
      await held;
    });
    await isWritten;
    await shop.db.query(`update products set name = 'other' where id = 'p000002'`);
    expect(outcomesIn(await ann.catchUp())).toEqual([]);
    commit();
    await open;
    const { lines } = await ann.step();
    expect(outcomesIn(lines).map(({ mutationId }) => mutationId)).toEqual([late]);
    expect(parsed(lines).find(({ line }) => line === 'rows').keys).toEqual(['p000001']);
    expect(outcomesIn(await ann.catchUp())).toEqual([]);
    expect(outcomesIn(await other.catchUp())).toEqual([]);
  });

  test('[PULL-27] images in outcomes pass through the view: no hidden column, no row out of sight', async () => {
    const ann = new Puller(shop.ctx, principal('ann'), 1);
    await ann.catchUp();
    await settle(ann, 'p000001', { id: 'p000001', name: 'shown', cost: 4242 });
    await settle(ann, 'p000002', { id: 'p000002', name: 'moved away' });
    await shop.db.query(`update products set store_id = '3' where id = 'p000002'`);
    const [shown, moved] = outcomesIn((await ann.step()).lines);
    expect(shown.changes[0].row).toEqual({ id: 'p000001', name: 'shown' });
    expect(moved.changes[0]).not.toHaveProperty('row');
  });

  test('[PULL-29] what the client said it has settled is not sent again', async () => {
    const ann = new Puller(shop.ctx, principal('ann'), 1);
    await ann.catchUp();
    const first = await settle(ann, 'p000001', undefined);
    await shop.db.query(
      `insert into satchel.runs (client_id, run_id, first_seen_at, last_heard_at, acked)
       values ($1, $2, 1, 1, int8multirange(int8range($3, $3, '[]')))`,
      [ann.clientId, RUN, seq],
    );
    const second = await settle(ann, 'p000001', undefined);
    const ids = outcomesIn((await ann.step()).lines).map(({ mutationId }) => mutationId);
    expect(ids).toEqual([second]);
    expect(ids).not.toContain(first);
  });
});

describe('verification', () => {
  const columnsOf = (names: readonly string[]): Columns =>
    Object.fromEntries(names.map((name) => [name, shop.ctx.app.tables.products!.columns[name]!]));
  const heldBy = (ann: Puller, scope: string) =>
    [...ann.replica.rows]
      .filter(([, { holds }]) => holds.has(scope))
      .map(([name, row]) => ({ key: name.slice('products/'.length), ...row }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  const quickOf = (ann: Puller, scope: string) => {
    const digest = newDigest();
    for (const { key, version } of heldBy(ann, scope)) digest.add(quickLine(key, version));
    return { rows: digest.lines, digest: digest.done() };
  };
  const deepLine = (key: string, values: Record<string, unknown>) =>
    rowText(columnsOf(['id', ...Object.keys(values)]), { ...(values as Record<string, string>), id: key });
  const deepOf = (ann: Puller, scope: string) => {
    const digest = newDigest();
    for (const { key, values } of heldBy(ann, scope)) digest.add(deepLine(key, values));
    return { rows: digest.lines, digest: digest.done() };
  };
  const ask = (ann: Puller, depth: 'quick' | 'deep', scopes?: string[]) =>
    digests(shop.ctx, ann.principal, {
      clientId: ann.clientId,
      cursor: ann.replica.cursor!,
      depth,
      ...(scopes ? { scopes } : {}),
      ...(ann.subscription ? { subscription: ann.subscription } : {}),
    });

  test('[PULL-32] digests of both sides agree after a checkpoint, quick and deep, through the view', async () => {
    for (const roles of [[], ['manager']]) {
      const ann = new Puller(shop.ctx, principal('ann', roles), 1 + roles.length);
      await ann.catchUp();
      for (const [depth, mine] of [
        ['quick', quickOf],
        ['deep', deepOf],
      ] as const) {
        expect(await ask(ann, depth)).toEqual({
          scopes: {
            'store:1': { state: 'known', tables: { products: mine(ann, 'store:1') } },
            'store:2': { state: 'known', tables: { products: mine(ann, 'store:2') } },
          },
        });
      }
    }
    expect(DIGEST_LENGTH).toBe(32);
  });

  test('[PULL-33] a filter narrows digests and versions as it narrows pages', async () => {
    const ann = new Puller(shop.ctx, principal('ann'), 1);
    ann.subscription = { filters: { products: [{ column: 'stock', op: '>', value: 2 }] } };
    await ann.catchUp();
    const { scopes } = await ask(ann, 'quick', ['store:1']);
    expect(scopes['store:1']).toEqual({ state: 'known', tables: { products: quickOf(ann, 'store:1') } });
    const page = await versions(shop.ctx, ann.principal, {
      clientId: ann.clientId,
      scope: 'store:1',
      table: 'products',
      depth: 'quick',
      subscription: ann.subscription,
    });
    expect(page.keys).toEqual(heldBy(ann, 'store:1').map(({ key }) => key));
  });

  test('[PULL-34] a scope with news or a copy under way is behind, one that left is gone', async () => {
    const ann = new Puller(shop.ctx, principal('ann'), 1);
    await ann.catchUp();
    await shop.db.query(`update products set name = 'news' where id = 'p000001';
      delete from members where user_id = 'ann' and store_id = '2'`);
    const { scopes } = await ask(ann, 'quick');
    expect(scopes['store:1']).toEqual({ state: 'behind' });
    expect(scopes['store:2']).toEqual({ state: 'gone' });
    expect((await ask(ann, 'quick', ['store:3'])).scopes).toEqual({ 'store:3': { state: 'gone' } });
  });

  test('[PULL-35] versions and rows tell what differs and repair it, and only within the scopes', async () => {
    const ann = new Puller(shop.ctx, principal('ann'), 1);
    await ann.catchUp();
    const asked = { clientId: ann.clientId, scope: 'store:1', table: 'products' };
    const page = await versions(shop.ctx, ann.principal, { ...asked, depth: 'deep', afterKey: 'p000002' });
    const held = heldBy(ann, 'store:1').slice(3);
    expect(page).toEqual({
      keys: held.map(({ key }) => key),
      versions: held.map(({ version }) => version),
      digests: held.map(({ key, values }) => digestText(deepLine(key, values))),
      more: false,
    });
    const got = await rows(shop.ctx, ann.principal, { ...asked, keys: ['p000004', 'p000101', 'nothing'] });
    expect(got.keys).toEqual(['p000004']);
    expect(got.columns.name).toEqual(['product 4']);
    expect(got.columns).not.toHaveProperty('cost');
    const nothing = { keys: [], versions: [], columns: {} };
    const stranger = principal('bob');
    expect(await rows(shop.ctx, stranger, { ...asked, keys: ['p000004'] })).toEqual(nothing);
    expect(await rows(shop.ctx, ann.principal, { ...asked, table: 'audits', keys: ['u'] })).toEqual(nothing);
  });
});

describe('histories', () => {
  const restart = async () => {
    await recordMoment(shop.ctx, true);
    await shop.db.query(`update satchel.generations set postmaster_start = '2000-01-01'`);
  };

  test('[PULL-36] after a restart a cursor that survived goes on; one that may not have is rewound and asks for offers', async () => {
    const [early, late] = [
      new Puller(shop.ctx, principal('ann'), 1),
      new Puller(shop.ctx, principal('ann'), 2),
    ];
    await early.catchUp();
    await recordMoment(shop.ctx, true);
    await shop.db.query(`update products set name = 'survived' where id = 'p000001'`);
    await restart();
    // Of a history that goes on, but beyond what is known to have survived.
    await late.catchUp();
    const cursor = JSON.parse(Buffer.from(late.replica.cursor!, 'base64url').toString());
    const { rows: generations } = await shop.db.query<{ generation: number }>(
      `select generation from satchel.generations order by generation`,
    );
    expect(generations).toHaveLength(2);
    cursor.generation = generations[0]!.generation;
    cursor.lsn = '99999999999';
    late.replica.cursor = Buffer.from(JSON.stringify(cursor)).toString('base64url');
    const rewound = await late.step();
    expect(parsed(rewound.lines)[0]).toMatchObject({ offer: true });
    expect(rewound.checkpoint).toBe(true);
    const next = await early.step();
    expect(parsed(next.lines)[0]).toMatchObject({ offer: false });
    for (const client of [early, late]) {
      expect(client.replica.content()).toEqual(await truth(shop.db, 'ann'));
      expect(parsed((await client.step()).lines)[0]).toMatchObject({ offer: false });
    }
  });

  test('[PULL-37] a cursor of a generation that this database never had is of another epoch', async () => {
    const ann = new Puller(shop.ctx, principal('ann'), 1);
    await ann.catchUp();
    const cursor = JSON.parse(Buffer.from(ann.replica.cursor!, 'base64url').toString());
    cursor.generation += 1;
    ann.replica.cursor = Buffer.from(JSON.stringify(cursor)).toString('base64url');
    const lines = parsed(await ann.catchUp());
    expect(lines[0]).toMatchObject({ offer: true });
    expect(lines.filter(({ line }) => line === 'scope')).toMatchObject([
      { scope: 'store:1', action: 'reset' },
      { scope: 'store:2', action: 'reset' },
    ]);
    expect(ann.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });
});

describe('older clients', () => {
  /** The shop's stores as versions 1 and 3 know them. */
  const people = (schemaVersion: 1 | 3): App =>
    defineApp({
      name: 'people',
      schemaVersion,
      tables:
        schemaVersion === 1
          ? { clients: table({ id: id(), name: text(), phone: text(), age: integer() }, { scope: 'all' }) }
          : {
              customers: table(
                {
                  id: id(),
                  firstName: text(),
                  lastName: text(),
                  mobile: text(),
                  note: text({ nullable: true }),
                },
                { scope: 'all', access: { columns: { note: { read: ['editor'] } } } },
              ),
            },
      scopesOf: sql(`select 'all'`, { reads: ['members'] }),
      ...(schemaVersion === 1
        ? {}
        : {
            history: [
              {
                to: 2,
                changes: [renameTable('clients', 'customers'), rename('customers', 'phone', 'mobile')],
              },
              {
                to: 3,
                changes: [
                  split(
                    'customers',
                    { name: text() },
                    ['firstName', 'lastName'],
                    ({ name }) => ({
                      firstName: String(name).split(' ')[0]!,
                      lastName: String(name).split(' ').slice(1).join(' '),
                    }),
                    ({ firstName, lastName }) => ({ name: `${firstName} ${lastName}` }),
                  ),
                  drop('customers', 'age', integer(), -1),
                  add('customers', 'note'),
                ],
              },
            ],
          }),
    });

  test('[PULL-38] pages are in the names and forms of the client, up to two versions behind', async () => {
    const old = await openShop({}, people(1));
    try {
      await old.db.query(
        `insert into clients values ('c1', 'Asha Rao', '555', 40), ('c2', 'Bo Li', '556', 50)`,
      );
      const ann = new Puller(old.ctx, principal('ann'), 1);
      await ann.catchUp();
      const app = people(3);
      const { tableIds } = await applyApp(old.db, app);
      const ctx = { ...old.ctx, app, tableIds };
      const behind = new Puller(ctx, principal('ann'), 1, 1);
      behind.replica.cursor = ann.replica.cursor;
      for (const [name, row] of ann.replica.rows) behind.replica.rows.set(name, row);
      // What the client sees is as before: nothing is copied anew.
      expect(parsed(await behind.catchUp()).filter(({ line }) => line === 'scope')).toEqual([]);
      await old.db.query(`update customers set first_name = 'Asha M.', note = 'hidden' where id = 'c1'`);
      await old.db.query(`delete from customers where id = 'c2'`);
      const lines = parsed((await behind.step()).lines);
      expect(lines[0].schemaVersion).toBe(1);
      expect(lines.find(({ line }) => line === 'gone')).toMatchObject({ table: 'clients', keys: ['c2'] });
      expect(behind.replica.rows.get('clients/c1')?.values).toEqual({
        name: 'Asha M. Rao',
        phone: '555',
        age: -1,
      });
      // The app is updated: its tables have other columns, and are copied anew.
      const updated = new Puller(ctx, principal('ann'), 1);
      updated.replica.cursor = behind.replica.cursor;
      const copied = parsed(await updated.catchUp());
      expect(copied.find(({ line }) => line === 'scope')).toMatchObject({
        action: 'reset',
        tables: ['customers'],
      });
      expect(updated.replica.rows.get('customers/c1')?.values).toEqual({
        firstName: 'Asha M.',
        lastName: 'Rao',
        mobile: '555',
      });
    } finally {
      await old.drop();
    }
  });

  test('[PULL-39] filters speak the names of the client; what a split made cannot be compared', async () => {
    const old = await openShop({}, people(1));
    try {
      await old.db.query(
        `insert into clients values ('c1', 'Asha Rao', '555', 40), ('c2', 'Bo Li', '556', 50)`,
      );
      const app = people(3);
      const { tableIds } = await applyApp(old.db, app);
      const behind = new Puller({ ...old.ctx, app, tableIds }, principal('ann'), 1, 1);
      behind.subscription = { filters: { clients: [{ column: 'phone', op: '=', value: '556' }] } };
      await behind.catchUp();
      expect([...behind.replica.rows.keys()]).toEqual(['clients/c2']);
      for (const column of ['name', 'firstName', 'mobile', 'age']) {
        behind.subscription = { filters: { clients: [{ column, op: '=', value: 'x' }] } };
        await expect(behind.ask()).rejects.toMatchObject({ code: 'filter_invalid' });
      }
      behind.subscription = { tables: ['customers'] };
      await expect(behind.ask()).rejects.toMatchObject({ code: 'table_unknown' });
    } finally {
      await old.drop();
    }
  });
});
