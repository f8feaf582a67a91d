import { defineApp, id, ref, sql, table, text, via } from '@satchel/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Listener } from '../../test/live/listener.ts';
import { seeded } from '../../test/pull/random-writers.ts';
import { openShop, Puller, principal, type Shop } from '../../test/pull/shop.ts';
import { announce } from '../live/announce.ts';
import { type Live, startLive } from '../live/start-live.ts';

/** Notes are in two scopes at once, lines where their note is. */
const app = defineApp({
  name: 'notes',
  tables: {
    notes: table(
      { id: id(), team: text({ nullable: true }), place: text({ nullable: true }), body: text() },
      { scope: ['team:{team}', 'place:{place}'], lane: 'low' },
    ),
    lines: table(
      {
        id: id(),
        noteId: ref('notes', { onDelete: 'cascade' }),
        body: text({ nullable: true }),
      },
      {
        scope: via('noteId'),
        access: { columns: { body: { read: ['editor'] } } },
      },
    ),
  },
  scopesOf: sql(`select scope from grants where user_id = $1`, { reads: ['grants'] }),
});

let shop: Shop;
let live: Live;

beforeAll(async () => {
  shop = await openShop(
    { pageRows: 7, answerBytes: 4_000 },
    app,
    Date.now,
    undefined,
    `create table public.grants (user_id text not null, scope text not null, primary key (user_id, scope))`,
  );
  live = await startLive(shop.ctx, async (token) => principal(token, token === 'ann' ? ['editor'] : []));
});
afterAll(async () => {
  await live.stop();
  await shop.drop();
});

const held = async (user: string): Promise<string[]> => {
  const { rows } = await shop.db.query<{ line: string; v: Record<string, unknown> }>(
    `with mine as (select scope from grants where user_id = $1),
       seen as (select n.* from notes n
         where 'team:' || n.team in (select scope from mine) or 'place:' || n.place in (select scope from mine))
     select 'notes/' || id as line, json_build_object('team', team, 'place', place, 'body', body) as v from seen
     union all
     select 'lines/' || l.id, json_build_object('noteId', l.note_id, 'body', l.body)
     from lines l where l.note_id in (select id from seen)`,
    [user],
  );
  return rows
    .map(({ line, v }) => {
      if (user !== 'ann' && line.startsWith('lines/')) delete v.body;
      return `${line} ${JSON.stringify(v)}`;
    })
    .sort();
};

/** `SATCHEL_LONG=20` runs twenty times as many seeds. */
const LONG = Number(process.env.SATCHEL_LONG ?? 1);

test.each(Array.from({ length: 3 * LONG }, (_, at) => at + 1))(
  '[PULL-31] after each of many random steps a client holds exactly its scopes (seed %i)',
  async (seed) => {
    const random = seeded(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const key = (prefix: string, count: number) => `${prefix}${Math.floor(random() * count)}`;
    const scopes = ['team:a', 'team:b', 'place:x', 'place:y'];
    const users = ['ann', 'bob'];
    await shop.db.query(`delete from lines; delete from notes; delete from grants`);
    const pullers = users.map(
      (user, at) => new Puller(shop.ctx, principal(user, user === 'ann' ? ['editor'] : []), seed * 100 + at),
    );
    const listeners = await Promise.all(
      users.map(async (user, at) => {
        const puller = new Puller(
          shop.ctx,
          principal(user, user === 'ann' ? ['editor'] : []),
          seed * 100 + 50 + at,
        );
        await puller.catchUp();
        const listener = new Listener(live.sessions, puller);
        listener.hello(user);
        return listener;
      }),
    );
    const steps: (() => Promise<unknown>)[] = [
      () =>
        shop.db.query(
          `insert into notes values ($1, $2, $3, $4) on conflict (id) do update
         set team = excluded.team, place = excluded.place, body = excluded.body`,
          [key('n', 12), pick(['a', 'b', null]), pick(['x', 'y', null]), `secret ${random()}`],
        ),
      () => shop.db.query(`delete from notes where id = $1`, [key('n', 12)]),
      () =>
        shop.db.query(
          `insert into lines select $1, id, $2 from notes where id = $3
         on conflict (id) do update set note_id = excluded.note_id, body = excluded.body`,
          [key('l', 20), `line ${random()}`, key('n', 12)],
        ),
      () => shop.db.query(`delete from lines where id = $1`, [key('l', 20)]),
      () =>
        shop.db.query(`insert into grants values ($1, $2) on conflict do nothing`, [
          pick(users),
          pick(scopes),
        ]),
      () =>
        shop.db.query(`delete from grants where user_id = $1 and scope = $2`, [pick(users), pick(scopes)]),
      () =>
        shop.db.query(
          `insert into notes select 'bulk' || n, $1, $2, 'bulk ' || n from generate_series(1, 40) n
         on conflict (id) do update set team = excluded.team, place = excluded.place, body = notes.body || '+'`,
          [pick(['a', 'b']), pick(['x', 'y', null])],
        ),
    ];
    for (let step = 0; step < 60; step += 1) {
      await pick(steps)();
      announce(shop.ctx);
      for (const puller of pullers) {
        // Some stay away for a while, some leave in the middle.
        if (random() < 0.3) continue;
        if (random() < 0.2) {
          await puller.step();
          continue;
        }
        await puller.catchUp();
        expect(puller.replica.content()).toEqual(await held(puller.principal.userId));
      }
    }
    for (const puller of pullers) {
      await puller.catchUp();
      expect(puller.replica.content()).toEqual(await held(puller.principal.userId));
    }
    for (const listener of listeners) {
      const { userId } = listener.puller.principal;
      const expected = await held(userId);
      await listener.until(
        () => JSON.stringify(listener.puller.replica.content()) === JSON.stringify(expected),
      );
      await listener.idle();
      listener.leave();
    }
    const bytes = [...pullers, ...listeners.map(({ puller }) => puller)]
      .filter(({ principal: { userId } }) => userId === 'bob')
      .flatMap(({ replica }) => replica.seen)
      .join('\n');
    expect(bytes).not.toMatch(/"line \d|"line 0/);
  },
);
