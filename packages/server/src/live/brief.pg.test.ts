import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Listener } from '../../test/live/listener.ts';
import { insertProducts, openShop, Puller, principal, type Shop, truth } from '../../test/pull/shop.ts';
import { announce } from './announce.ts';
import { recentUpdates } from './recent.ts';
import { type Live, startLive } from './start-live.ts';

let shop: Shop;
let live: Live;
let clients = 0;
const listeners: Listener[] = [];

const authenticate = async (token: string) => {
  const [user, roles] = token.split(':');
  return { ...principal(user!, roles ? roles.split(',') : []), expiresAt: Date.now() + 3_600_000 };
};

beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.drop());
beforeEach(async () => {
  await shop.db.query(`truncate products, alerts, audits, members;
    delete from satchel.entries; delete from satchel.clients; delete from satchel.mutations;
    insert into members values ('ann', '1'), ('ann', '2'), ('bob', '2');`);
  await insertProducts(shop.db, '1', 0, 5);
  await insertProducts(shop.db, '2', 100, 5);
  live = await startLive(shop.ctx, authenticate);
});
afterEach(async () => {
  await live.stop();
  await Promise.all(listeners.splice(0).map((listener) => listener.idle()));
});

const listen = async (token: string, brief = true) => {
  clients += 1;
  const puller = new Puller(shop.ctx, await authenticate(token), 7_000 + clients);
  puller.brief = brief;
  await puller.catchUp();
  const listener = new Listener(live.sessions, puller);
  listeners.push(listener);
  listener.hello(token);
  await listener.until(() => listener.ready);
  await live.tailer.settled();
  return listener;
};

interface Written {
  readonly key: string;
  readonly version: number;
}

/** As a push of the client would; `changed` is what the node would remember of it. */
const push = async (writer: Listener | null, statement: string, changed: Record<string, number | string>) => {
  const versions = async (keys: readonly string[]) =>
    new Map(
      (
        await shop.db.query<Written>(
          'select key, max(version) as version from satchel.entries where key = any($1) group by key',
          [keys],
        )
      ).rows.map(({ key, version }) => [key, version]),
    );
  const keys = [...statement.matchAll(/'(p\d{6})'/g)].map(([, key]) => key!);
  const before = await versions(keys);
  await shop.db.transaction('write', async (tx) => {
    await tx.query(`select set_config('satchel.writer', $1, true)`, [writer?.puller.clientId ?? '']);
    await tx.query(statement);
  });
  const after = await versions(keys);
  for (const [key, version] of after) {
    recentUpdates(shop.ctx).note({
      tableId: shop.ctx.tableIds.get('products')!,
      key,
      base: before.get(key)!,
      version,
      values: changed,
      scopes: ['store:1', 'store:2'],
    });
    const held = writer?.puller.replica.rows.get(`products/${key}`);
    if (held) writer!.puller.replica.wrote('products', key, version, { ...held.values, ...changed });
  }
  announce(shop.ctx);
};
const name = (listener: Listener, key: string) =>
  listener.puller.replica.rows.get(`products/${key}`)?.values.name;
const last = (listener: Listener) => listener.socket.messages.at(-1)!;
const kinds = (message: string) => message.split('\n').map((line) => JSON.parse(line).line);

describe('live pages in brief', () => {
  test('[LIVE-21] after a whole page the next ones are steps: their cursors are as good as pulled ones', async () => {
    const ann = await listen('ann');
    for (const value of ['first', 'second', 'third']) {
      await shop.db.query(`update products set name = $1 where id = 'p000001'`, [value]);
      announce(shop.ctx);
      await ann.until(() => name(ann, 'p000001') === value);
    }
    const pages = ann.socket.messages.filter((text) => text.startsWith('{"line"')).map(kinds);
    expect(pages).toEqual([
      ['head', 'rows', 'tail'],
      ['step', 'rows'],
      ['step', 'rows'],
    ]);
    expect([ann.dropped, ann.pokes]).toEqual([0, 0]);
    expect((await ann.puller.ask(true)).kind).toBe('unchanged');
    // It pulls from there, and joins from there.
    await shop.db.query(`update products set name = 'pulled' where id = 'p000001'`);
    await ann.puller.catchUp();
    expect(ann.puller.replica.content()).toEqual(await truth(shop.db, 'ann'));
  });

  test('[LIVE-21] a session that stepped can be told goodbye and come again with that cursor', async () => {
    const ann = await listen('ann');
    for (const value of ['first', 'second']) {
      await shop.db.query(`update products set name = $1 where id = 'p000001'`, [value]);
      announce(shop.ctx);
      await ann.until(() => name(ann, 'p000001') === value);
    }
    ann.leave();
    await shop.db.query(`update products set name = 'while away' where id = 'p000001'`);
    const again = new Listener(live.sessions, ann.puller);
    listeners.push(again);
    again.hello('ann');
    await again.until(() => name(again, 'p000001') === 'while away');
    expect(kinds(last(again))).toEqual(['head', 'rows', 'tail']);
    expect([again.pokes, again.dropped]).toEqual([0, 0]);
  });

  test('[LIVE-02] steps of one view and cursor are the same bytes, made once', async () => {
    const bobs = await Promise.all(Array.from({ length: 10 }, () => listen('bob')));
    for (const value of ['first', 'second']) {
      await shop.db.query(`update products set name = $1 where id = 'p000100'`, [value]);
      announce(shop.ctx);
      for (const bob of bobs) await bob.until(() => name(bob, 'p000100') === value);
    }
    expect(new Set(bobs.map(last)).size).toBe(1);
    expect(kinds(last(bobs[0]!))[0]).toBe('step');
  });

  test('[LIVE-22] of an update by push the changed columns go down, and to who does not take them, the whole row', async () => {
    const [ann, bob] = [await listen('ann'), await listen('bob', false)];
    await push(null, `update products set name = 'pushed' where id = 'p000100'`, { name: 'pushed' });
    await Promise.all([ann, bob].map((one) => one.until(() => name(one, 'p000100') === 'pushed')));
    expect(kinds(last(ann))).toEqual(['head', 'patch', 'tail']);
    expect(last(ann)).not.toMatch(/price/);
    expect(last(bob)).toMatch(/price/);
    expect(ann.puller.replica.content()).toEqual(await truth(shop.db, 'ann'));
    expect(bob.puller.replica.content()).toEqual(await truth(shop.db, 'bob'));
  });

  test('[LIVE-22] columns that a session may not read are in no patch of its', async () => {
    const [worker, manager] = [await listen('ann'), await listen('ann:manager')];
    await push(null, `update products set cost = 4242.5 where id = 'p000100'`, { cost: 4242.5 });
    await worker.until(() => worker.pages > 0);
    await manager.until(() => manager.puller.replica.rows.get('products/p000100')?.values.cost === 4242.5);
    expect(last(worker)).not.toMatch(/4242|cost/);
    expect(kinds(last(manager))).toContain('patch');
  });

  test('[LIVE-22] updates before a round are one, on the version that listeners hold', async () => {
    const ann = await listen('ann');
    const updates = recentUpdates(shop.ctx);
    const tableId = shop.ctx.tableIds.get('products')!;
    const note = (base: number, version: number, values: Record<string, string>, scopes = ['store:1']) =>
      updates.note({ tableId, key: 'k', base, version, values, scopes });
    note(1, 2, { name: 'a' }, ['store:1', 'store:2']);
    note(2, 3, { extra: 'b' });
    expect(updates.tell(tableId, 'k', 2, 'store:1')).toBeUndefined();
    expect(updates.tell(tableId, 'k', 3, 'store:2')).toBeUndefined();
    expect(updates.tell(tableId, 'k', 3, 'store:1')).toMatchObject({
      base: 1,
      values: { name: 'a', extra: 'b' },
    });
    note(3, 4, { name: 'c' });
    expect(updates.tell(tableId, 'k', 4, 'store:1')).toMatchObject({ base: 3, values: { name: 'c' } });
    expect(ann.dropped).toBe(0);
  });

  test('[LIVE-23] the writer is told its own rows by their versions, with other news as it is', async () => {
    const [writer, reader] = [await listen('ann'), await listen('ann')];
    await push(writer, `update products set name = 'mine' where id = 'p000001'`, { name: 'mine' });
    await reader.until(() => name(reader, 'p000001') === 'mine');
    await writer.until(() => writer.pages === 1);
    expect(kinds(last(writer))).toEqual(['head', 'own', 'tail']);
    await shop.db.query(`update products set name = 'sql' where id = 'p000002'`);
    await push(writer, `update products set name = 'again' where id = 'p000001'`, { name: 'again' });
    await writer.until(() => name(writer, 'p000002') === 'sql');
    await reader.until(() => name(reader, 'p000001') === 'again' && name(reader, 'p000002') === 'sql');
    for (const one of [writer, reader]) {
      expect(one.puller.replica.content()).toEqual(await truth(shop.db, 'ann'));
      expect(one.dropped).toBe(0);
    }
  });
});
