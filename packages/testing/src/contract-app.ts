import { defineApp, id, integer, set, table, text, timestamp } from '@satchel/schema';

/** The app of the client contract; an engine in a worker imports it from this module. */
const contractApp = defineApp({
  name: 'contract',
  schemaVersion: 1,
  tables: {
    tasks: table(
      {
        id: id(),
        title: text(),
        rank: integer({ default: 0 }),
        labels: set({ default: [] }),
        dueAt: timestamp({ nullable: true }),
      },
      { scope: 'all', lane: 'urgent' },
    ),
  },
  scopesOf: () => ['all'],
  functions: {
    addTask: (db, args) => {
      const taskId = db.newId();
      db.run('insert into tasks (id, title, due_at) values (?, ?, ?)', [taskId, String(args), db.now()]);
      return taskId;
    },
    broken: (db) => {
      db.run("insert into tasks (id, title) values ('half', 'half')");
      throw new Error('broken on purpose');
    },
  },
});
export default contractApp;
