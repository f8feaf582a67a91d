import { boolean, defineApp, id, integer, table, text, timestamp } from '@satchel/schema';

/**
 * The app of the benchmarks: rows of about 300 bytes in scopes by project, rights by
 * role, one urgent table. Nothing that costs in production is switched off.
 */
export const benchApp = defineApp({
  name: 'bench',
  schemaVersion: 1,
  roles: ['worker'],
  tables: {
    tasks: table(
      {
        id: id(),
        projectId: text(),
        title: text(),
        body: text(),
        done: boolean(),
        priority: integer(),
        updatedAt: timestamp(),
      },
      {
        scope: 'project:{projectId}',
        lane: 'medium',
        indexes: [['projectId', 'priority']],
        conflicts: { update: 'merge', delete: 'edit-wins' },
        access: { read: ['worker'], write: ['worker'] },
      },
    ),
    alerts: table(
      { id: id(), projectId: text(), body: text() },
      {
        scope: 'project:{projectId}',
        lane: 'urgent',
        conflicts: { update: 'client-wins', delete: 'delete-wins' },
        access: { read: ['worker'], write: ['worker'] },
      },
    ),
  },
  scopesOf: ({ claims }) => (Array.isArray(claims.projects) ? claims.projects.map(String) : []),
  sync: { schedule: 300, batch: { maxItems: 2_000, maxBytes: 2_000_000 } },
  http: { dialects: ['tables', 'actions', 'mobile'], maxItems: 10_000 },
});

/** Scopes over which the rows are spread, evenly. */
export const PROJECTS = 10;

export const projectScopes = (projects: number = PROJECTS): string[] =>
  Array.from({ length: projects }, (_, project) => `project:p${project}`);
