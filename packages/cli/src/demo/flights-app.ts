import {
  counter,
  defineApp,
  foreignKey,
  id,
  integer,
  latestWins,
  real,
  ref,
  review,
  set,
  table,
  text,
  timestamp,
  via,
} from '@satchel/schema';

/**
 * The app of the demo, over public data: airports, routes, flights and zip codes of
 * the United States, held by state, and a bulk of flight records in 16 parts.
 */
export const flightsApp = defineApp({
  name: 'flights',
  schemaVersion: 1,
  tables: {
    airports: table(
      {
        iata: id(),
        name: text(),
        city: text({ nullable: true }),
        state: text({ nullable: true }),
        country: text(),
        latitude: real(),
        longitude: real(),
        visits: counter(),
        labels: set(),
        note: text({ nullable: true }),
      },
      {
        scope: 'state:{state}',
        lane: 'high',
        conflicts: {
          update: latestWins({ reason: 'The later visit knows better' }),
          delete: 'edit-wins',
          fields: { note: review({ reason: 'Two people wrote a note: somebody reads both' }) },
        },
      },
    ),
    routes: table(
      { origin: ref('airports'), destination: text(), flightCount: integer() },
      {
        primaryKey: ['origin', 'destination'],
        scope: via('origin'),
        lane: 'medium',
        conflicts: { update: 'server-wins', delete: 'edit-wins' },
      },
    ),
    flights: table(
      {
        id: id(),
        origin: text(),
        destination: text(),
        departedAt: timestamp(),
        delay: integer(),
        distance: integer(),
      },
      {
        foreignKeys: [foreignKey(['origin', 'destination'], 'routes')],
        scope: via(['origin', 'destination']),
        lane: 'medium',
        conflicts: { update: 'client-wins', delete: 'delete-wins', insert: 'new-key' },
      },
    ),
    zipCodes: table(
      {
        zipCode: id(),
        city: text(),
        county: text(),
        state: text(),
        latitude: real({ nullable: true }),
        longitude: real({ nullable: true }),
      },
      {
        scope: 'state:{state}',
        lane: 'medium',
        conflicts: { update: 'merge', delete: 'edit-wins' },
      },
    ),
    records: table(
      { line: id({ type: 'integer' }), part: integer(), time: real(), delay: integer(), distance: integer() },
      { scope: 'part:{part}', lane: 'low', conflicts: { update: 'latest-wins', delete: 'delete-wins' } },
    ),
  },
  scopesOf: ({ claims }) => (Array.isArray(claims.scopes) ? claims.scopes.map(String) : []),
  sync: { schedule: 2, batch: { maxItems: 50, maxBytes: 1_000_000 }, retry: { attempts: 1_000 } },
});
