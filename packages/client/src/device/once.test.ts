import { defineApp, id, table, text } from '@satchel/schema';
import { seededRandom } from '@satchel/testing/random';
import { VirtualTime } from '@satchel/testing/virtual-time';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEngine } from '../database/open-engine.ts';
import { openBetterSqlite3 } from '../platform/node/better-sqlite3-driver.ts';
import type { SqliteEngine } from '../sqlite-engine.ts';

const app = defineApp({
  name: 'once',
  schemaVersion: 1,
  tables: { notes: table({ id: id(), body: text() }, { scope: 'all' }) },
  scopesOf: () => ['all'],
  functions: {
    twice: (db) => {
      db.run("insert into notes (id, body) values (?, 'from a function')", [db.newId()]);
      return 'given';
    },
  },
});

let engine: SqliteEngine;
beforeEach(() => {
  engine = openEngine({
    app,
    driver: openBetterSqlite3(':memory:'),
    userId: 'ana',
    clock: new VirtualTime(),
    random: seededRandom(1),
  });
});
afterEach(() => engine.close());

const insert = (key: string) => [
  [{ sql: 'insert into notes (id, body) values (?, ?)', parameters: [key, 'x'] }],
];

describe('calls that may arrive twice', () => {
  it('[DB-53] run once for an id, and a repeat gives what the first run gave', () => {
    const first = engine.once('a', 'write', insert('n1'));
    expect(engine.once('a', 'write', insert('n1'))).toEqual(first);
    expect(engine.outbox()).toHaveLength(1);
    const ran = engine.once('b', 'run', ['twice', null]) as { result: string };
    expect(ran.result).toBe('given');
    expect(engine.once('b', 'run', ['twice', null])).toEqual(ran);
    expect(engine.all('select count(*) as n from notes')).toEqual([{ n: 2 }]);
  });

  it('[DB-53] one that failed leaves nothing, and may be tried again under its id', () => {
    engine.once('a', 'write', insert('n1'));
    expect(() => engine.once('b', 'write', insert('n1'))).toThrow(
      expect.objectContaining({ code: 'sql_failed' }),
    );
    engine.once('b', 'write', insert('n2'));
    expect(engine.all('select id from notes order by id')).toEqual([{ id: 'n1' }, { id: 'n2' }]);
    expect(engine.outbox().map(({ seq }) => seq)).toEqual([1, 2]);
  });
});
