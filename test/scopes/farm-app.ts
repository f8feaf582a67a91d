import { counter, defineApp, id, membership, ref, sql, table, text, via } from '@satchel/schema';

/**
 * Farms by region and by agent, what hangs on them over two levels, and a table and
 * two columns that not every role may read. All go up at once when they are written.
 */
export const farmApp = defineApp({
  name: 'farm-scopes',
  schemaVersion: 1,
  roles: ['agent', 'lead', 'auditor'],
  tables: {
    farms: table(
      {
        id: id(),
        region: text({ nullable: true }),
        name: text(),
        secret: text({ nullable: true }),
        calls: counter(),
      },
      {
        scope: [
          'region:{region}',
          membership({ table: 'farm_agents', plain: true, column: 'farmId', scope: 'agent:{agentId}' }),
        ],
        lane: 'urgent',
        access: { columns: { secret: { read: 'lead', write: 'lead' } } },
        conflicts: { update: 'client-wins', delete: 'delete-wins' },
      },
    ),
    visits: table(
      {
        id: id(),
        farmId: ref('farms', { onDelete: 'cascade' }),
        note: text(),
        finding: text({ nullable: true }),
      },
      {
        scope: via('farmId'),
        lane: 'urgent',
        access: { columns: { finding: { read: ['lead', 'auditor'], write: 'lead' } } },
        conflicts: { update: 'client-wins', delete: 'delete-wins' },
      },
    ),
    samples: table(
      { id: id(), visitId: ref('visits', { onDelete: 'cascade' }), reading: text() },
      { scope: via('visitId'), lane: 'urgent', conflicts: { update: 'client-wins', delete: 'delete-wins' } },
    ),
    ledgers: table(
      { id: id(), region: text(), amount: text() },
      {
        scope: 'region:{region}',
        lane: 'urgent',
        access: { read: ['auditor', 'lead'], write: ['auditor', 'lead'] },
        conflicts: { update: 'client-wins', delete: 'delete-wins' },
      },
    ),
  },
  scopesOf: sql(
    `select 'agent:' || $1::text
     union select 'region:' || g.region from grants g where g.user_id = $1
     union select 'region:' || r.region from role_regions r join user_roles u on u.role = r.role where u.user_id = $1`,
    { reads: ['grants', 'role_regions', 'user_roles'] },
  ),
});

/** The tables of rights: the app reads them, no device holds them. */
export const RIGHTS = `
create table grants (user_id text not null, region text not null, primary key (user_id, region));
create table user_roles (user_id text not null, role text not null, primary key (user_id, role));
create table role_regions (role text not null, region text not null, primary key (role, region));
create table farm_agents (farm_id text not null, agent_id text not null, primary key (farm_id, agent_id));`;
