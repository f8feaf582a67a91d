import {
  boolean,
  date,
  decimal,
  defineApp,
  id,
  json,
  media,
  ref,
  review,
  table,
  text,
} from '@satchel/schema';

/** The app of the tests on screen: plots that two people visit, whose fields a person compares. */
export default defineApp({
  name: 'field',
  schemaVersion: 1,
  roles: ['farmer', 'admin'],
  administrators: ['admin'],
  lanes: ['urgent', 'media'],
  tables: {
    plots: table(
      {
        id: id(),
        crop: text(),
        acreage: decimal(),
        plantedOn: date({ nullable: true }),
        watered: boolean({ default: false }),
        pests: json<readonly string[]>({ default: [] }),
        note: text({ nullable: true }),
      },
      {
        scope: 'all',
        lane: 'urgent',
        staleAfter: 1_000,
        conflicts: {
          update: review({ by: 'author', notify: 'must-review', reason: 'Two visits differ' }),
          delete: 'ask',
        },
      },
    ),
    tools: table(
      { id: id(), code: text(), name: text() },
      { scope: 'all', lane: 'urgent', unique: ['code'], conflicts: { unique: 'reject' } },
    ),
    photos: table({ id: id(), plotId: ref('plots'), photo: media() }, { scope: 'all', lane: 'media' }),
  },
  scopesOf: () => ['all'],
  functions: {
    addTool: (db, args) => {
      const { code, name } = args as { readonly code: string; readonly name: string };
      const key = db.newId();
      db.run('insert into tools (id, code, name) values (?, ?, ?)', [key, code, name]);
      return key;
    },
  },
  sync: { schedule: 60, retry: { attempts: 3, firstDelay: 200, maxDelay: 500 } },
});
