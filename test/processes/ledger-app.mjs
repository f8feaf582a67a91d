import { counter, defineApp, id, integer, ref, serverWins, table, text } from '@satchel/schema';

/*
 * The app of the tests that kill processes and send twice. What is counted can be added
 * up: the total of a counter is the sum of the amounts of its notes, which are written
 * in the same transaction.
 */
export default defineApp({
  name: 'ledger',
  tables: {
    counters: table(
      { id: id(), team: text(), label: text(), total: counter() },
      { scope: 'team:{team}', conflicts: { update: serverWins(), delete: 'edit-wins' } },
    ),
    notes: table(
      { id: id(), team: text(), counterId: ref('counters'), amount: integer(), writer: text() },
      {
        scope: 'team:{team}',
        lane: 'urgent',
        conflicts: { update: 'server-wins', delete: 'edit-wins', insert: 'new-key' },
      },
    ),
    drafts: table(
      { id: id(), team: text(), writer: text() },
      {
        scope: 'team:{team}',
        lane: 'low',
        conflicts: { update: 'client-wins', delete: 'delete-wins', insert: 'new-key' },
      },
    ),
    marks: table(
      { id: id(), team: text(), value: integer() },
      { scope: 'team:{team}', conflicts: { update: 'client-wins', delete: 'edit-wins', insert: 'merge' } },
    ),
    // Written by plain SQL alone.
    bulk: table({ id: id(), team: text(), filling: text() }, { scope: 'team:{team}', lane: 'low' }),
  },
  scopesOf: ({ claims }) => [`team:${String(claims.team)}`],
  sync: { schedule: 5, batch: { maxItems: 20 }, retry: { attempts: 1_000_000 } },
});
