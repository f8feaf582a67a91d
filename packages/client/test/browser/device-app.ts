import { counter, defineApp, id, integer, table, text } from '@satchel/schema';

/** The app of the tests in Chromium: notes that are counted, and rows for a large first copy. */
export default defineApp({
  name: 'device',
  schemaVersion: 1,
  tables: {
    notes: table({ id: id(), body: text() }, { scope: 'all', lane: 'urgent' }),
    counters: table({ id: id(), total: counter({ default: 0 }) }, { scope: 'all', lane: 'urgent' }),
    items: table(
      { id: id(), name: text(), amount: integer(), note: text() },
      { scope: 'items', lane: 'low' },
    ),
  },
  scopesOf: ({ claims }) => (claims.items === true ? ['all', 'items'] : ['all']),
  onRevoke: 'lock',
  functions: {
    addNote: (db, args) => {
      const key = db.newId();
      db.run('insert into notes (id, body) values (?, ?)', [key, String(args)]);
      return key;
    },
  },
  sync: { schedule: 60, retry: { attempts: 1_000, firstDelay: 300, maxDelay: 1_000 } },
});
