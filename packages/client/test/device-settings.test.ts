import { SatchelError } from '@satchel/protocol';
import { boolean, defineApp, id, json, media, set, table, text } from '@satchel/schema';
import { afterEach, describe, expect, it } from 'vitest';
import type { Statement } from '../src/index.ts';
import { rowReader, tableRowReader } from '../src/index.ts';
import { kysely } from '../src/kysely.ts';
import { mediaLanes } from '../src/sync/gates.ts';
import { type Bench, firstPage, openBench } from './sync-bench.ts';

const note = (key: string): Statement => ({
  sql: 'insert into notes (id, body) values (?, ?)',
  parameters: [key, 'x'],
});
const alert = (key: string): Statement => ({
  sql: 'insert into alerts (id, body) values (?, ?)',
  parameters: [key, 'x'],
});

let bench: Bench;
const open = async (...args: Parameters<typeof openBench>): Promise<Bench> => {
  bench = await openBench(...args);
  return bench;
};
afterEach(async () => {
  await bench.db.close();
});

describe('what the person chose on the device', () => {
  it('[SYNC-50] Wi-Fi only holds the bulk lanes on mobile data, but not a run by hand', async () => {
    const { db, network, server, time } = await open();
    await db.settings.set({ wifiOnly: true });
    network({ kind: 'cellular' });
    await time.advance(100);
    await db.write([note('n1')]);
    await time.advance(700_000);
    expect(server.applied).toBe(0);
    expect(await db.status()).toMatchObject({ phase: 'pending', waitingFor: 'wifi' });
    const run = db.sync.now();
    await time.advance(200);
    expect((await run)?.mutationsUp).toBe(1);
    expect(server.applied).toBe(1);
  });

  it('[SYNC-51] without mobile data nothing goes by it of itself, the urgent lane neither', async () => {
    const { db, network, server, time } = await open();
    await db.settings.set({ mobileData: false });
    network({ kind: 'cellular' });
    await time.advance(100);
    await db.write([alert('a1')]);
    await time.advance(700_000);
    expect(server.applied).toBe(0);
    // [SYNC-66]
    expect(await db.status()).toMatchObject({ phase: 'pending', waitingFor: 'wifi' });
    network({ kind: 'wifi' });
    await time.advance(200);
    expect(server.applied).toBe(1);
  });

  it('[SYNC-52] lanes of media alone wait for Wi-Fi where media may not go by mobile data', async () => {
    const photos = defineApp({
      name: 'photos',
      tables: {
        notes: table({ id: id(), body: text() }, { scope: 'all', lane: 'high' }),
        pictures: table({ id: id(), file: media() }, { scope: 'all', lane: 'low' }),
      },
      scopesOf: () => ['all'],
    });
    expect(mediaLanes(photos)).toEqual(['low']);
    const { db, network, server, time } = await open({ app: photos });
    await db.settings.set({ mediaOnMobileData: false });
    network({ kind: 'cellular' });
    const picture = { id: 'm1', sha256: 'a'.repeat(64), bytes: 1, type: 'image/jpeg' };
    await db.write([note('n1')]);
    await db.write([
      { sql: 'insert into pictures (id, file) values (?, ?)', parameters: ['p1', JSON.stringify(picture)] },
    ]);
    await time.advance(700_000);
    expect(server.pushes.flatMap(({ mutations }) => mutations.flatMap((one) => one.changes[0]?.key))).toEqual(
      ['n1'],
    );
  });

  it('[SYNC-53] a cap stops the background and not the hand; all of it is kept', async () => {
    const { db, server, time } = await open();
    await db.settings.set({ dailyBytes: 0 });
    await db.write([note('n1')]);
    await time.advance(400_000);
    expect(server.applied).toBe(0);
    expect(await db.status()).toMatchObject({ budget: { dailyBytes: 0 } });
    const run = db.sync.now();
    await time.advance(200);
    await run;
    expect(server.applied).toBe(1);
    expect(db.settings.get()).toMatchObject({ dailyBytes: 0, wifiOnly: false });
  });

  it('[SYNC-54] a pause ends by itself when it was given a length', async () => {
    const { db, server, time } = await open();
    await time.advance(100);
    db.sync.pause(60_000);
    const before = server.pulls;
    await time.advance(59_000);
    expect((await db.status()).phase).toBe('paused');
    await time.advance(2_000);
    expect(server.pulls).toBeGreaterThan(before);
  });

  it('[SYNC-55] the status counts the runs that failed, beside the attempts that a change has', async () => {
    const { db, server, time } = await open();
    server.onPull = () => {
      throw new SatchelError('server_error', { requestId: 'r1' });
    };
    await time.advance(100);
    expect(await db.status()).toMatchObject({ phase: 'error', retry: { failures: 1, attempts: 3 } });
    await time.advance(3_000);
    expect((await db.status()).retry.failures).toBeGreaterThan(1);
    server.onPull = () => ({ kind: 'unchanged' });
    await time.advance(300_000);
    expect((await db.status()).retry.failures).toBe(0);
  });
});

describe('clearing the copy', () => {
  it('[CLIENT-13] drops what the server has and copies it anew; unsent work stays', async () => {
    const { db, server, time } = await open();
    const page = firstPage([{ id: 'n1', body: 'from the server' }]);
    server.onPull = () => ({ kind: 'page', lines: page });
    await time.advance(100);
    server.onPull = () => ({ kind: 'unchanged' });
    db.sync.pause();
    await db.write([note('n2')]);
    await db.clear();
    expect(await db.all('select id from notes')).toEqual([]);
    expect((await db.status()).pending).toBe(1);
    expect(await db.outbox.export()).toContain('"n2"');
    server.onPull = () => ({ kind: 'page', lines: page });
    db.sync.resume();
    await time.advance(100);
    expect(await db.all('select id from notes where id = ?', ['n1'])).toHaveLength(1);
    expect(server.applied).toBe(1);
  });

  it('[CLIENT-14] one mutation is shown by its id until it is collected', async () => {
    const { db, network, time } = await open();
    network({ online: false });
    await time.advance(100);
    const { mutationId } = await db.write([alert('a1')]);
    expect((await db.outbox.show(mutationId ?? ''))?.state).toBe('queued');
    network({ online: true });
    await time.advance(200);
    expect((await db.outbox.show(mutationId ?? ''))?.state).toBe('settled');
    expect(await db.outbox.show('00000000-0000-7000-8000-000000000000')).toBeUndefined();
  });
});

describe('rows of live queries', () => {
  const app = defineApp({
    name: 'typed',
    tables: {
      workOrders: table(
        { id: id(), siteName: text(), isDone: boolean(), labels: set(), extra: json({ nullable: true }) },
        { scope: 'all' },
      ),
    },
    scopesOf: () => ['all'],
  });
  const raw = { id: 'w1', site_name: 'North', is_done: 1, labels: '["a"]', extra: null };

  it('[LIVEQ-08] are read as the types of the app say, by what the query was made from', async () => {
    const { db } = await open({ app, start: false });
    const q = kysely(db as never) as unknown as ReturnType<typeof kysely<typeof app>>;
    const whole = q.selectFrom('workOrders').selectAll().compile();
    expect(rowReader(app, whole)(raw)).toEqual({
      id: 'w1',
      siteName: 'North',
      isDone: true,
      labels: ['a'],
      extra: null,
    });
    const renamed = q.selectFrom('workOrders as w').select(['w.isDone as ready', 'w.siteName']).compile();
    expect(rowReader(app, renamed)({ ready: 0, site_name: 'South' })).toEqual({
      ready: false,
      siteName: 'South',
    });
    expect(tableRowReader(app.tables.workOrders)(raw)).toMatchObject({ isDone: true, labels: ['a'] });
    expect(rowReader(app, { sql: 'select 1' })(raw)).toBe(raw);
  });
});
