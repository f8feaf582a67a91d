import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LIVE_CLOSE, SatchelError } from '@satchel/protocol';
import { VirtualTime } from '@satchel/testing/virtual-time';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { Listener } from '../../test/live/listener.ts';
import { writeAtRandom } from '../../test/pull/random-writers.ts';
import { insertProducts, openShop, Puller, principal, type Shop, truth } from '../../test/pull/shop.ts';
import { announce } from './announce.ts';
import { attachLive } from './attach.ts';
import { type Live, startLive } from './start-live.ts';

let shop: Shop;
let live: Live;
let clients = 0;
const listeners: Listener[] = [];
let expiresAt = Number.MAX_SAFE_INTEGER;

/** Tokens of these tests are `user` or `user:role,role`. */
const authenticate = async (token: string) => {
  if (token === '') throw new SatchelError('auth_missing');
  if (token === 'wrong') throw new SatchelError('auth_invalid');
  const [user, roles] = token.split(':');
  return { ...principal(user!, roles ? roles.split(',') : []), expiresAt };
};

beforeAll(async () => {
  shop = await openShop({ liveBufferBytes: 1_000 });
});
afterAll(() => shop.drop());
beforeEach(async () => {
  expiresAt = Date.now() + 3_600_000;
  await shop.db.query(`truncate products, alerts, audits, members;
    delete from satchel.entries; delete from satchel.clients; delete from satchel.mutations;
    insert into members values ('ann', '1'), ('ann', '2'), ('bob', '2'), ('cem', '3');`);
  await insertProducts(shop.db, '1', 0, 5);
  await insertProducts(shop.db, '2', 100, 5);
  live = await startLive(shop.ctx, authenticate);
});
afterEach(async () => {
  await live.stop();
  await Promise.all(listeners.splice(0).map((listener) => listener.idle()));
});

const write = async (sql: string) => {
  await shop.db.query(sql);
  announce(shop.ctx);
};
const listen = async (token: string, catchUp = true) => {
  clients += 1;
  const number = 5_000 + clients;
  const puller = new Puller(shop.ctx, await authenticate(token), number);
  if (catchUp) await puller.catchUp();
  const listener = new Listener(live.sessions, puller);
  listeners.push(listener);
  listener.hello(token);
  await listener.until(() => listener.ready);
  await live.tailer.settled();
  return listener;
};
const name = (listener: Listener, key: string) =>
  listener.puller.replica.rows.get(`products/${key}`)?.values.name;

describe('pages', () => {
  test('[LIVE-01] a commit of more rows than are read at once is in the page whole', async () => {
    const ann = await listen('ann');
    await insertProducts(shop.db, '1', 200, 250);
    announce(shop.ctx);
    await ann.until(() => ann.puller.replica.rows.has('products/p000449'));
    expect(ann.pokes).toBe(0);
    for (let number = 200; number < 450; number += 1)
      expect(ann.puller.replica.rows.has(`products/p000${number}`)).toBe(true);
  });

  test('[LIVE-01] a commit reaches the sessions that hold its scope, as a page from their cursor', async () => {
    const [ann, bob, cem] = [await listen('ann'), await listen('bob'), await listen('cem')];
    await write(`update products set name = 'news' where id = 'p000100'`);
    await ann.until(() => name(ann, 'p000100') === 'news');
    await bob.until(() => name(bob, 'p000100') === 'news');
    await write(`delete from products where id = 'p000101'`);
    await ann.until(() => !ann.puller.replica.rows.has('products/p000101'));
    expect([ann.pokes, bob.pokes, cem.pages, cem.pokes, ann.dropped]).toEqual([0, 0, 0, 0, 0]);
    expect(ann.puller.replica.checkpoint).toBe(true);
    await bob.until(
      async () =>
        JSON.stringify(bob.puller.replica.content()) === JSON.stringify(await truth(shop.db, 'bob')),
    );
    // The cursor that came with the page is as good as one that was pulled.
    expect((await ann.puller.ask(true)).kind).toBe('unchanged');
  });

  test('[LIVE-02] sessions of one view and cursor get the same bytes, made once', async () => {
    const bobs = await Promise.all(Array.from({ length: 20 }, () => listen('bob')));
    await write(`update products set name = 'first' where id = 'p000100'`);
    for (const bob of bobs) await bob.until(() => name(bob, 'p000100') === 'first');
    await write(`update products set name = 'second' where id = 'p000100'`);
    for (const bob of bobs) await bob.until(() => name(bob, 'p000100') === 'second');
    expect(new Set(bobs.map(({ socket }) => socket.messages.at(-1))).size).toBe(1);
  });

  test('[LIVE-03] columns and tables that a session may not read are in none of its bytes', async () => {
    const [worker, manager] = [await listen('ann'), await listen('ann:manager')];
    await write(
      `update products set cost = 4242.5 where id = 'p000001'; insert into audits values ('u1', '1', 'hidden row')`,
    );
    await manager.until(() => manager.puller.replica.rows.has('audits/u1'));
    await worker.until(() => worker.pages > 0);
    expect(manager.puller.replica.content()).toEqual(await truth(shop.db, 'ann', true));
    expect(worker.socket.messages.join('\n')).not.toMatch(/4242|hidden row|"cost"/);
  });

  test('[LIVE-04] what was written by others than this server is found by the slow poll', async () => {
    const ann = await listen('ann');
    await shop.db.query(`update products set name = 'plain sql' where id = 'p000001'`);
    await ann.until(() => name(ann, 'p000001') === 'plain sql', 5_000);
  });

  test('[LIVE-05] what happened between the pull and the hello is not lost', async () => {
    clients += 1;
    const puller = new Puller(shop.ctx, principal('ann'), 5_000 + clients);
    await puller.catchUp();
    await shop.db.query(`update products set name = 'between' where id = 'p000001'`);
    const ann = new Listener(live.sessions, puller);
    ann.hello('ann');
    await ann.until(() => name(ann, 'p000001') === 'between');
    expect(ann.pokes).toBe(0);
  });

  test('[LIVE-06] a page that does not start from the stored cursor is dropped; pull and resume put it right', async () => {
    const ann = await listen('ann');
    await ann.puller.catchUp();
    await write(`update products set name = 'after own pull' where id = 'p000001'`);
    await ann.until(() => name(ann, 'p000001') === 'after own pull');
    await ann.until(() => ann.dropped === 1);
    await live.tailer.settled();
    await write(`update products set name = 'in step again' where id = 'p000001'`);
    await ann.until(() => name(ann, 'p000001') === 'in step again');
    expect(ann.dropped).toBe(1);
  });

  test('[LIVE-07] outcomes of its own mutations come with the rows, to that client alone', async () => {
    const [ann, other] = [await listen('ann'), await listen('ann')];
    const id = '00000000-0000-7000-8000-0000000000aa';
    await shop.db.transaction('write', async (tx) => {
      await tx.query(`update products set name = 'mine' where id = 'p000001'`);
      await tx.query(
        `insert into satchel.mutations (principal, mutation_id, client_id, run_id, seq, hash, author, hlc, received_at, outcome)
         values ('test:ann', $1, $2, $1, 1, '', 'ann', '1:0:a', 1, $3)`,
        [
          id,
          ann.puller.clientId,
          JSON.stringify({
            mutationId: id,
            outcome: 'applied',
            changes: [
              {
                table: 'products',
                key: 'p000001',
                outcome: 'merged',
                row: { id: 'p000001', name: 'mine', cost: 'for no reader' },
              },
            ],
          }),
        ],
      );
    });
    announce(shop.ctx);
    await ann.until(() => name(ann, 'p000001') === 'mine');
    await other.until(() => name(other, 'p000001') === 'mine');
    expect(ann.puller.replica.outcomes).toEqual([id]);
    expect(other.puller.replica.outcomes).toEqual([]);
    expect(ann.socket.messages.join('\n')).not.toContain('for no reader');
  });
});

describe('too much', () => {
  test('[LIVE-08] above a thousand rows of a scope its sessions are poked and pull; others go on', async () => {
    const [ann, cem] = [await listen('ann'), await listen('cem')];
    await write(`insert into products (id, store_id, name) select 'q' || n, '1', 'bulk' from generate_series(1, 1100) n;
      insert into products (id, store_id, name) values ('c1', '3', 'small')`);
    await cem.until(() => cem.puller.replica.rows.has('products/c1'));
    await ann.until(() => ann.puller.replica.rows.has('products/q1100'));
    expect([ann.pokes, cem.pokes]).toEqual([1, 0]);
    await live.tailer.settled();
    await write(`update products set name = 'after the flood' where id = 'q7'`);
    await ann.until(() => name(ann, 'q7') === 'after the flood');
    expect(ann.pokes).toBe(1);
  });

  test('[LIVE-09] a page above 64 KiB is a poke', async () => {
    const ann = await listen('ann');
    await write(`update products set name = repeat('x', 70000) where id = 'p000001'`);
    await ann.until(() => name(ann, 'p000001') === 'x'.repeat(70_000));
    expect([ann.pokes, ann.pages]).toEqual([1, 0]);
  });

  test('[LIVE-10] a slow session is dropped with `behind`, and slows nobody', async () => {
    const [ann, bob] = [await listen('ann'), await listen('bob')];
    ann.socket.buffered = 1_001;
    await write(`update products set name = 'on' where id = 'p000100'`);
    await bob.until(() => name(bob, 'p000100') === 'on');
    expect(ann.socket.closed?.code).toBe(LIVE_CLOSE.behind);
    expect(live.tailer.sessions.size).toBe(1);
  });

  test('[LIVE-11] a session with something to copy is poked until it has pulled', async () => {
    const ann = await listen('ann', false);
    await ann.until(() => ann.pokes === 1 && ann.puller.replica.rows.size === 10);
    await live.tailer.settled();
    await write(`update products set name = 'caught up' where id = 'p000001'`);
    await ann.until(() => name(ann, 'p000001') === 'caught up');
    expect(ann.pokes).toBe(1);
  });
});

describe('rights', () => {
  test('[LIVE-12] a revoked scope leaves before any row written after it, seen in one snapshot', async () => {
    const ann = await listen('ann');
    await shop.db.query(`delete from members where user_id = 'ann' and store_id = '1'`);
    await write(`update products set name = 'not for ann' where id = 'p000001';
      update products set name = 'for ann' where id = 'p000100'`);
    await ann.until(() => name(ann, 'p000100') === 'for ann');
    expect(ann.puller.replica.content()).toEqual(await truth(shop.db, 'ann'));
    expect(ann.socket.messages.join('\n')).not.toContain('not for ann');
    expect(ann.pokes).toBe(0);
    await write(`update products set name = 'again' where id = 'p000100'`);
    await ann.until(() => name(ann, 'p000100') === 'again');
    expect(ann.dropped).toBe(0);
  });

  test('[LIVE-13] a granted scope is a poke, and its rows come by pull', async () => {
    const ann = await listen('ann');
    await shop.db.query(`insert into products (id, store_id, name) values ('c1', '3', 'theirs')`);
    await write(`insert into members values ('ann', '3')`);
    await ann.until(() => ann.puller.replica.rows.has('products/c1'));
    expect(ann.pokes).toBe(1);
  });

  test('[LIVE-14] without a good token there is no session; an expired one closes its socket', async () => {
    clients += 1;
    const puller = new Puller(shop.ctx, principal('ann'), 5_000 + clients);
    for (const token of ['', 'wrong']) {
      const stranger = new Listener(live.sessions, puller);
      stranger.hello(token);
      await stranger.until(() => stranger.socket.closed !== null);
      expect(stranger.socket.closed?.code).toBe(LIVE_CLOSE.needsAuth);
    }
    expiresAt = Date.now() + 300;
    const ann = await listen('ann');
    await ann.until(() => ann.socket.closed !== null);
    expect(ann.socket.closed).toEqual({ code: LIVE_CLOSE.needsAuth, reason: 'auth_expired' });
    expect(live.sessions.count).toBe(0);
  });

  test('[LIVE-15] a new token prolongs the session; with other roles it pulls its new view', async () => {
    expiresAt = Date.now() + 500;
    const ann = await listen('ann');
    expiresAt = Date.now() + 3_600_000;
    ann.puller.principal = await authenticate('ann:manager');
    ann.say({ type: 'token', token: 'ann:manager' });
    await ann.until(() => ann.pokes === 1);
    await live.tailer.settled();
    await write(`update products set cost = 7 where id = 'p000001'`);
    await ann.until(() => ann.puller.replica.rows.get('products/p000001')?.values.cost === 7);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(ann.socket.closed).toBeNull();
    ann.say({ type: 'token', token: 'bob' });
    await ann.until(() => ann.socket.closed?.code === LIVE_CLOSE.needsAuth);
  });

  test('[LIVE-16] a client that was locked out is closed, and not let in again', async () => {
    const ann = await listen('ann');
    await shop.db.query(
      `update satchel.clients set revoked = 'lock', revoked_at = satchel.now_ms() where client_id = $1`,
      [ann.puller.clientId],
    );
    await ann.until(() => ann.socket.closed !== null);
    expect(ann.socket.closed?.code).toBe(LIVE_CLOSE.revoked);
    const again = new Listener(live.sessions, ann.puller);
    again.hello('ann');
    await again.until(() => again.socket.closed !== null);
    expect([again.socket.closed?.code, again.problem]).toEqual([LIVE_CLOSE.revoked, 'client_revoked']);
  });
});

describe('strangers', () => {
  test('[LIVE-17] messages that are none, out of turn or too many close the socket', async () => {
    clients += 1;
    const puller = new Puller(shop.ctx, principal('ann'), 5_000 + clients);
    for (const text of ['', 'x', '{}', '{"type":"resume","cursor":"x"}', '{"type":"hello"}']) {
      const stranger = new Listener(live.sessions, puller);
      stranger.raw(text);
      await stranger.until(() => stranger.socket.closed !== null);
      expect(stranger.socket.closed?.code).toBe(LIVE_CLOSE.invalid);
    }
    const ann = await listen('ann');
    for (let count = 0; count < 300; count += 1)
      ann.say({ type: 'resume', cursor: ann.puller.replica.cursor });
    await ann.until(() => ann.socket.closed !== null);
    expect(ann.socket.closed?.code).toBe(LIVE_CLOSE.invalid);
    expect(live.sessions.count).toBe(0);
  });

  test('[LIVE-17] a socket that says nothing is closed as one that was lost: its line may be slow, its token good', async () => {
    const time = new VirtualTime(Date.now());
    const silent = await startLive({ ...shop.ctx, clock: time, scheduler: time }, authenticate);
    const closed: number[] = [];
    silent.sessions.accept({
      send: () => {},
      buffered: 0,
      close: (code) => closed.push(code),
      ping: () => true,
    });
    await time.advance(9_000);
    expect(closed).toEqual([]);
    await time.advance(2_000);
    expect(closed).toEqual([LIVE_CLOSE.goingAway]);
    await silent.stop();
  });

  test('[LIVE-18] a user has so many connections and no more', async () => {
    const open = await Promise.all(Array.from({ length: 50 }, () => listen('ann', false)));
    clients += 1;
    const more = new Listener(live.sessions, new Puller(shop.ctx, principal('ann'), 5_000 + clients));
    more.hello('ann');
    await more.until(() => more.socket.closed !== null);
    expect(more.problem).toBe('rate_limited');
    for (const listener of open) listener.leave();
    expect(live.sessions.count).toBe(0);
  });
});

describe('many', () => {
  test('[LIVE-19] over a real socket a commit is there in milliseconds, and a stop says going away', async () => {
    const server = createServer();
    const detach = attachLive(server, live.sessions);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    clients += 1;
    const puller = new Puller(shop.ctx, principal('ann'), 5_000 + clients);
    await puller.catchUp();
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/live`);
    const messages: string[] = [];
    const waiting: (() => void)[] = [];
    socket.on('message', (data) => {
      messages.push(String(data));
      for (const wake of waiting.splice(0)) wake();
    });
    const next = async (count: number) => {
      while (messages.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
      return messages[count - 1]!;
    };
    await new Promise((resolve) => socket.on('open', resolve));
    socket.send(
      JSON.stringify({
        type: 'hello',
        protocolVersion: 1,
        schemaVersion: 1,
        token: 'ann',
        clientId: puller.clientId,
        cursor: puller.replica.cursor,
      }),
    );
    expect(JSON.parse(await next(1)).type).toBe('ready');
    await live.tailer.settled();
    const times: number[] = [];
    for (let count = 0; count < 40; count += 1) {
      await shop.db.query(`update products set stock = stock + 1 where id = 'p000001'`);
      const committed = performance.now();
      announce(shop.ctx);
      const page = await next(count + 2);
      times.push(performance.now() - committed);
      expect(puller.replica.take(page.split('\n'))).not.toBeNull();
    }
    times.sort((a, b) => a - b);
    console.info(`live, commit to page: p50 ${times[20]!.toFixed(1)} ms, p95 ${times[38]!.toFixed(1)} ms`);
    expect(puller.replica.content()).toEqual(await truth(shop.db, 'ann'));
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    live.sessions.stop();
    expect(await closed).toBe(LIVE_CLOSE.goingAway);
    detach();
    server.close();
  });

  test('[LIVE-20] listeners of racing writers end with what SQL has', async () => {
    const all = await Promise.all(['ann', 'bob', 'ann', 'cem'].map((user) => listen(user)));
    const nudge = setInterval(() => announce(shop.ctx), 7);
    const unsettle = (async () => {
      for (let count = 0; count < 10; count += 1) {
        await shop.db.query(`delete from members where user_id = 'bob' and store_id = '2'`);
        await new Promise((resolve) => setTimeout(resolve, 60));
        await shop.db.query(`insert into members values ('bob', '2')`);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    })();
    await writeAtRandom(shop.db, {
      seed: 11,
      writers: 6,
      transactions: 50,
      rows: 80,
      stores: ['1', '2', '3'],
    });
    await unsettle;
    for (const listener of all) {
      const { userId } = listener.puller.principal;
      await listener.until(
        async () =>
          JSON.stringify(listener.puller.replica.content()) === JSON.stringify(await truth(shop.db, userId)),
      );
    }
    clearInterval(nudge);
    expect(all[0]!.pages).toBeGreaterThan(20);
  });
});
