import {
  counter,
  defineApp,
  foreignKey,
  id,
  integer,
  real,
  table,
  text,
  timestamp,
  via,
} from '../src/index.ts';

/** Airports by state, the routes between them, and the flights on the routes. */
export const flights = defineApp({
  name: 'flights',
  tables: {
    airports: table(
      {
        iata: text(),
        name: text(),
        city: text({ nullable: true }),
        state: text(),
        latitude: real(),
        longitude: real(),
        visits: counter(),
      },
      { primaryKey: ['iata'], scope: 'state:{state}' },
    ),
    routes: table(
      { origin: text(), destination: text(), count: integer() },
      {
        primaryKey: ['origin', 'destination'],
        foreignKeys: [foreignKey(['origin'], 'airports')],
        scope: via('origin'),
        conflicts: { update: 'latest-wins', insert: 'merge' },
      },
    ),
    flights: table(
      {
        id: id({ type: 'integer' }),
        origin: text(),
        destination: text(),
        departsAt: timestamp(),
        delay: integer({ nullable: true }),
        note: text({ default: '' }),
      },
      {
        foreignKeys: [foreignKey(['origin', 'destination'], 'routes', { onDelete: 'cascade' })],
        scope: via(['origin', 'destination']),
        conflicts: { update: 'merge', fields: { note: 'review' } },
      },
    ),
  },
  scopesOf: ({ claims }) =>
    Array.isArray(claims.states) ? claims.states.map((state) => `state:${state}`) : [],
});
