import * as z from 'zod/mini';
import type { Parameter } from '../../http/route.ts';
import { type DialectRoute, dialectRoute } from '../dialect-route.ts';
import { overview } from './overview.ts';
import { pullTables } from './pull.ts';
import { pushTables } from './push.ts';
import { pullAnswer, pullBody, pushAnswer, pushBody, statusAnswer } from './shapes.ts';

const text = (description: string, example: string): Parameter => ({
  schema: z.string(),
  description,
  example,
});

const PULLED =
  'Rows that are new or changed since `last_sync_timestamp`, by table; a row that is gone comes as `{"id", "is_deleted": true}`. Send the `timestamp` of this answer the next time: then nothing is missed, whatever is committed late. Any other time is taken as the last moment before it, less an overlap.';

/** Tables and timestamps. */
export const tablesRoutes: readonly DialectRoute[] = [
  dialectRoute({
    dialect: 'tables',
    method: 'POST',
    path: '/api/v1/sync/pull',
    operationId: 'tablesPull',
    summary: 'Take what is new, by table',
    description: PULLED,
    body: pullBody,
    answer: pullAnswer,
    deviceOf: ({ device_id }) => device_id,
    example: {
      device_id: 'store-manager-mac-001',
      last_sync_timestamp: '2025-12-18T10:30:00Z',
      tables: ['forms', 'submissions'],
    },
    handle: (server, call) =>
      pullTables(server, call, {
        since: call.body.last_sync_timestamp,
        tables: call.body.tables ?? undefined,
        limit: call.body.limit,
      }),
  }),
  dialectRoute({
    dialect: 'tables',
    method: 'GET',
    path: '/api/v1/sync/pull',
    operationId: 'tablesPullByQuery',
    summary: 'The same as a GET',
    description: `${PULLED} \`tables\` are joined by commas.`,
    query: {
      device_id: text('The asking device.', 'store-iphone-001'),
      last_sync_timestamp: text('The `timestamp` of the last answer.', '2025-12-18T10:30:00Z'),
      tables: text('Names of tables, joined by commas. Default all.', 'forms,submissions'),
    },
    answer: pullAnswer,
    deviceOf: (_body, { device_id }) => device_id ?? '',
    handle: (server, call) =>
      pullTables(server, call, {
        since: call.query.last_sync_timestamp,
        tables: call.query.tables?.split(','),
      }),
  }),
  dialectRoute({
    dialect: 'tables',
    method: 'POST',
    path: '/api/v1/sync/push',
    operationId: 'tablesPush',
    summary: 'Send changed rows, by table',
    description:
      'Rows with their key and `updated_at`; `"is_deleted": true` deletes one. A row and those that belong to it are taken together or not at all. The same row with the same `updated_at` is the same edit: a repeat gets the first answer. A row counts as edited where it differs from what the device had at `timestamp`.',
    body: pushBody,
    answer: pushAnswer,
    deviceOf: ({ device_id }) => device_id,
    example: {
      device_id: 'store-iphone-001',
      timestamp: '2025-12-18T11:00:00Z',
      changes: {
        submissions: [
          { id: 'uuid-2', form_id: 'uuid-1', status: 'completed', updated_at: '2025-12-18T10:50:00Z' },
        ],
      },
    },
    handle: pushTables,
  }),
  dialectRoute({
    dialect: 'tables',
    method: 'GET',
    path: '/api/v1/sync/status',
    operationId: 'tablesStatus',
    summary: 'The server at a glance',
    description:
      'Version, the tables that the caller may read, devices heard of within 24 hours, when each was last heard of: of all devices for administrators and on a private network, else of the caller’s own.',
    anonymous: true,
    query: { device_id: text('Not looked at: the overview is of all devices.', 'store-iphone-001') },
    answer: statusAnswer,
    handle: overview,
  }),
];
