import {
  clientWins,
  counter,
  defineApp,
  id,
  modifiedAt,
  ref,
  serverId,
  set,
  table,
  text,
  via,
} from '@satchel/schema';

export const STORE = '1';

/**
 * One app that all dialects speak: rows that commute, rows that a rule decides, rows
 * that belong to others. What loses is kept; nobody has to be asked.
 */
export const dialectApp = defineApp({
  name: 'dialect-field',
  tables: {
    notes: table(
      {
        id: id(),
        number: serverId(),
        storeId: text(),
        title: text({ default: '' }),
        body: text({ nullable: true }),
        hits: counter(),
        labels: set(),
        updatedAt: modifiedAt(),
      },
      {
        scope: 'store:{storeId}',
        // Every value that was typed is to be accounted for.
        coalesce: false,
        conflicts: {
          update: 'server-wins',
          fields: { title: clientWins() },
          delete: 'edit-wins',
          insert: 'new-key',
        },
      },
    ),
    lines: table(
      {
        id: id(),
        noteId: ref('notes'),
        text: text({ nullable: true }),
        updatedAt: modifiedAt(),
      },
      { scope: via('noteId'), coalesce: false, conflicts: { update: clientWins(), delete: 'edit-wins' } },
    ),
  },
  scopesOf: () => [`store:${STORE}`],
  http: {
    dialects: ['tables', 'actions', 'mobile'],
    given: { notes: () => ({ storeId: STORE }) },
  },
});

export type TableName = 'notes' | 'lines';
export const TABLES: readonly TableName[] = ['notes', 'lines'];
