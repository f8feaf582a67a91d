import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSatchel, type Satchel } from '@satchel/client';
import { nodePlatform } from '@satchel/client/node';
import type { Conflict } from '@satchel/protocol';
import { defineApp, id, review, table, text } from '@satchel/schema';
import { signToken, systemClock } from '@satchel/server';
import { type TestDatabase, testDatabase } from '@satchel/testing/postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectError, newPlace, type Place, type Running } from './command.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const definition = {
  name: 'cli-devices',
  tables: {
    visits: table(
      { id: id(), storeId: text(), report: text(), mood: text({ nullable: true }) },
      { scope: 'store:{storeId}', conflicts: { update: review({ reason: 'Two reports of one visit' }) } },
    ),
  },
};
const app = defineApp({ ...definition, scopesOf: () => ['store:42'] });
/** The same app, for the command. */
const FILE = `
import { defineApp, id, review, table, text } from '@satchel/schema';
export default defineApp({
  name: 'cli-devices',
  tables: {
    visits: table(
      { id: id(), storeId: text(), report: text(), mood: text({ nullable: true }) },
      { scope: 'store:{storeId}', conflicts: { update: review({ reason: 'Two reports of one visit' }) } },
    ),
  },
  scopesOf: () => ['store:42'],
});
`;

let place: Place;
let database: TestDatabase;
let server: Running;
let url: string;
let admin: Readonly<Record<string, string>>;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  place = newPlace();
  writeFileSync(join(place.folder, 'satchel.app.ts'), FILE);
  database = await testDatabase({ empty: true });
  server = place.start(['start', '--port', '0', '--json'], {
    DATABASE_URL: database.url,
    SATCHEL_SECRET: SECRET,
    NODE_ENV: 'production',
  });
  ({ url } = JSON.parse(await server.output('\n')) as { url: string });
  const token = await signToken(SECRET, { userId: 'root', roles: ['admin'] }, systemClock);
  admin = { SATCHEL_SERVER: url, SATCHEL_TOKEN: token };
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
afterAll(async () => {
  server.signal('SIGTERM');
  const { code, stdout } = await server.ended;
  place.remove();
  await database.drop();
  expect(code).toBe(0);
  // What it did while it ran went beside its one line.
  expect(JSON.parse(stdout)).toEqual({ url, app: 'cli-devices' });
});

/** Syncs when it is told to, and then only. */
const device = async (user: string): Promise<Satchel> => {
  const platform = nodePlatform({ directory: join(place.folder, user) });
  const db = await openSatchel({
    app,
    platform,
    server: url,
    user: { id: user },
    token: () => signToken(SECRET, { userId: user }, systemClock),
  });
  db.sync.pause();
  closers.push(async () => {
    await db.close();
    await platform.close();
  });
  return db;
};

const sync = async (db: Satchel): Promise<void> => {
  db.sync.resume();
  const run = await db.sync.now();
  expect(run?.problem).toBeUndefined();
  db.sync.pause();
};

const edit = (report: string, mood: string) => [
  { sql: 'update visits set report = ?, mood = ? where id = ?', parameters: [report, mood, 'v'] },
];
const row = async (): Promise<unknown> =>
  (await database.db.query(`select report, mood from public.visits where id = 'v'`)).rows[0];

describe('conflicts', () => {
  it('[CMD-30] lists, shows, resolves by field and whole, undoes and escalates what devices could not settle', async () => {
    expect((await place.run(['conflicts'], admin)).stdout).toBe('No conflicts.\n');
    const [ana, ben] = [await device('ana'), await device('ben')];
    await ana.write([
      { sql: `insert into visits (id, store_id, report, mood) values ('v', '42', 'dry', 'good')` },
    ]);
    await sync(ana);
    await sync(ben);
    await ana.write(edit('wet', 'bad'));
    await ben.write(edit('flooded', 'worse'));
    await sync(ana);
    await sync(ben);

    const { conflicts } = await place.json<{ conflicts: Conflict[] }>(
      ['conflicts', '--state', 'open'],
      admin,
    );
    expect(conflicts).toHaveLength(1);
    const { conflictId } = conflicts[0] as Conflict;
    const listed = await place.run(['conflicts', 'list', '--table', 'visits'], admin);
    expect(listed.stdout).toMatch(new RegExp(`^${conflictId} +open +\\S+ +visits v +report, mood +ben`, 'm'));
    expect((await place.run(['conflicts', '--table', 'others'], admin)).stdout).toBe('No conflicts.\n');
    const shown = await place.run(['conflicts', 'show', conflictId], admin);
    expect(shown.stdout).toContain('Two reports of one visit');
    expect(shown.stdout).toMatch(/^report +"dry" +"flooded" +"wet" /m);

    const escalated = await place.json<Conflict>(
      ['conflicts', 'escalate', conflictId, '--note', 'ask Eva'],
      admin,
    );
    expect(escalated).toMatchObject({ state: 'escalated', note: 'ask Eva' });
    const resolved = await place.json<Conflict>(
      ['conflicts', 'resolve', conflictId, '--field', 'report="wet, then flooded"', '--field', 'mood=server'],
      admin,
    );
    expect(resolved).toMatchObject({ state: 'settled', decision: 'merged', decidedBy: 'root' });
    expect(await row()).toEqual({ report: 'wet, then flooded', mood: 'bad' });
    const again = await place.run(['conflicts', 'resolve', conflictId, '--take', 'client'], admin);
    expect(again.code).toBe(1);
    expectError(again, 'conflict_settled');
    expect((await place.run(['conflicts', 'undo', conflictId], admin)).code).toBe(0);
    expect(await row()).toEqual({ report: 'wet', mood: 'bad' });
    const taken = await place.run(
      ['conflicts', 'resolve', conflictId, '--take', 'client', '--note', 'Ben saw it'],
      admin,
    );
    expect(taken.stdout).toContain('Decided: accept-client by root — Ben saw it');
    expect(await row()).toEqual({ report: 'flooded', mood: 'worse' });
    expect(
      (await place.json<{ conflicts: Conflict[] }>(['conflicts', '--state', 'open'], admin)).conflicts,
    ).toEqual([]);
  });

  it('[CMD-31] what the server refuses is told with its code', async () => {
    const unknown = '0192f0c1-7a3e-7c11-9a5e-000000000009';
    const cases: [string, string[], Record<string, string>][] = [
      ['conflict_unknown', ['show', unknown], {}],
      ['auth_invalid', ['list'], { SATCHEL_TOKEN: 'x' }],
    ];
    for (const [code, words, environment] of cases) {
      const ended = await place.run(['conflicts', ...words], { ...admin, ...environment });
      expect(ended.code).toBe(1);
      expectError(ended, code);
    }
  });
});

describe('quarantine', () => {
  it('[CMD-40] lists, shows, exports, retries and discards what the server refused', async () => {
    const eva = await device('eva');
    // A store that is not hers: the device takes it, the server does not.
    for (const name of ['q1', 'q2'])
      await eva.write([
        {
          sql: 'insert into visits (id, store_id, report) values (?, ?, ?)',
          parameters: [name, '7', 'strange'],
        },
      ]);
    await sync(eva);
    const kept = await eva.quarantine.list();
    expect(kept).toHaveLength(2);
    const words = ['--directory', 'eva', '--user', 'eva'];

    const busy = await place.run(['quarantine', ...words]);
    expect(busy.code).toBe(1);
    expectError(busy, 'database_in_use');
    for (const close of closers.splice(0).reverse()) await close();

    const [first, second] = kept.map(({ mutationId }) => mutationId) as [string, string];
    const list = await place.json<{ quarantine: unknown[] }>(['quarantine', ...words]);
    expect(list.quarantine).toEqual(JSON.parse(JSON.stringify(kept)));
    expect((await place.run(['quarantine', 'list', ...words])).stdout).toMatch(
      new RegExp(`^${first} +\\S+Z +visits q1 +visits q1 is outside what you may change`, 'm'),
    );
    expect((await place.run(['quarantine', 'show', first, ...words])).stdout).toContain('"strange"');

    const lines = (await place.run(['quarantine', 'export', ...words])).stdout;
    expect(
      lines
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).mutationId),
    ).toEqual([first, second]);
    expect(await place.json(['quarantine', 'export', second, '--out', 'kept.jsonl', ...words])).toEqual({
      written: 'kept.jsonl',
    });
    expect(readFileSync(join(place.folder, 'kept.jsonl'), 'utf8')).toBe(`${lines.split('\n')[1]}\n`);
    const { mutations } = await place.json<{ mutations: unknown[] }>(['quarantine', 'export', ...words]);
    expect(mutations).toHaveLength(2);

    expect(await place.json(['quarantine', 'discard', first, ...words])).toEqual({ discarded: [first] });
    expect((await place.run(['quarantine', 'retry', second, ...words])).stdout).toMatch(/^1 written again/);
    expect((await place.run(['quarantine', ...words])).stdout).toBe('Nothing is in quarantine.\n');
    const unknown = await place.run(['quarantine', 'show', first, ...words]);
    expectError(unknown, 'quarantine_unknown');

    const opened = await device('eva');
    await sync(opened);
    const [tried] = await opened.quarantine.list();
    expect(tried).toMatchObject({ problem: { code: 'scope_denied' } });
    expect(tried?.mutationId).not.toBe(second);
    expect((await database.db.query(`select from public.visits where id in ('q1', 'q2')`)).rowCount).toBe(0);
  });

  it('[CMD-41] makes no database where there is none, and opens none of another user', async () => {
    const before = readdirSync(join(place.folder, 'eva'));
    const misnamed = await place.run([
      'quarantine',
      '--directory',
      'eva',
      '--database',
      'nope',
      '--user',
      'eva',
    ]);
    expect(misnamed.code).toBe(2);
    expectError(misnamed, 'usage');
    const other = await place.run(['quarantine', '--directory', 'eva', '--user', 'ana']);
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(/^error: .+\n {2}-> /);
    expect(readdirSync(join(place.folder, 'eva')).filter((name) => name.endsWith('.sqlite'))).toEqual(
      before.filter((name) => name.endsWith('.sqlite')),
    );
  });
});
