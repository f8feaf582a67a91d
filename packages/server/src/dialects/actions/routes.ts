import * as z from 'zod/mini';
import type { Parameter } from '../../http/route.ts';
import { afterParameter } from '../../http/routes/parameters.ts';
import { type DialectRoute, dialectRoute } from '../dialect-route.ts';
import { listOpen, resolveOne } from './conflicts.ts';
import { deviceStatus } from './device-status.ts';
import { download } from './download.ts';
import {
  conflictsAnswer,
  downloadAnswer,
  resolveAnswer,
  resolveBody,
  statusAnswer,
  uploadAnswer,
  uploadBody,
} from './shapes.ts';
import { upload } from './upload.ts';

const device: Parameter = { schema: z.string(), description: 'The asking device.', example: 'abc-123' };

/** Actions of devices that were offline, with the server's whole numbers beside their own ids. */
export const actionsRoutes: readonly DialectRoute[] = [
  dialectRoute({
    dialect: 'actions',
    method: 'POST',
    path: '/api/v1/sync/upload',
    operationId: 'actionsUpload',
    summary: 'Send what was done offline',
    description:
      'Each action has a `client_id` of its own, by which a repeat is known; a new row gets it as its key, and a whole number as `server_id`. Results come in the order of the actions. `last_sync_timestamp` is the `sync_timestamp` of the last download: an update counts as a change of what the device had then.',
    body: uploadBody,
    answer: uploadAnswer,
    deviceOf: ({ device_id }) => device_id,
    example: {
      device_id: 'abc-123-def-456',
      last_sync_timestamp: '2025-10-19T10:00:00Z',
      actions: [
        {
          client_id: 'uuid-1',
          action_type: 'create_report',
          entity_type: 'report',
          timestamp: '2025-10-19T09:30:00Z',
          data: { title: 'Pothole on Main Street', category: 'roads' },
        },
      ],
    },
    handle: upload,
  }),
  dialectRoute({
    dialect: 'actions',
    method: 'GET',
    path: '/api/v1/sync/download',
    operationId: 'actionsDownload',
    summary: 'Take what is new',
    description:
      'A page of what changed since `since`; ask again with its `sync_timestamp` while `has_more`. With `If-None-Match` of the last `ETag` the answer is 304 when there is nothing. A row that is gone comes as `{"id", "client_id", "is_deleted": true}`.',
    query: {
      since: {
        schema: z.string(),
        description: 'The `sync_timestamp` of the last download; without it everything comes.',
        example: '2025-10-19T10:00:00Z',
      },
      device_id: device,
      limit: {
        schema: z.string().check(z.regex(/^(?:[1-9]\d{0,3}|1\d{4}|20000)$/)),
        description: 'Rows of a page of a first copy, 1 to 20,000. Default 1,000.',
      },
    },
    answer: downloadAnswer,
    deviceOf: (_body, { device_id }) => device_id ?? '',
    handle: download,
  }),
  dialectRoute({
    dialect: 'actions',
    method: 'GET',
    path: '/api/v1/sync/status',
    operationId: 'actionsStatus',
    summary: 'How a device fares',
    description:
      'When it was last heard of, what of it waits on the server, open conflicts. `sync_health` is the worst that is true: `failing` (five items refused within a day, or silent for a week), `attention` (an open conflict or a refused item), `delayed` (silent for a day), `good`; the app may set other thresholds.',
    query: { device_id: device },
    answer: statusAnswer,
    deviceOf: (_body, { device_id }) => device_id ?? '',
    handle: deviceStatus,
  }),
  dialectRoute({
    dialect: 'actions',
    method: 'GET',
    path: '/api/v1/sync/conflicts',
    operationId: 'actionsConflicts',
    summary: 'List open conflicts',
    description: 'The caller’s own, or everybody’s for administrators; newest first.',
    query: { device_id: device, after: afterParameter },
    answer: conflictsAnswer,
    deviceOf: (_body, { device_id }) => device_id,
    handle: listOpen,
  }),
  dialectRoute({
    dialect: 'actions',
    method: 'POST',
    path: '/api/v1/sync/resolve-conflict',
    operationId: 'actionsResolveConflict',
    summary: 'Settle a conflict',
    description:
      '`server_wins`, `client_wins`, `merge` (with `resolved_data`, else what the client filled in), or the words of the other dialects. The device learns of it with its next download.',
    body: resolveBody,
    answer: resolveAnswer,
    deviceOf: ({ device_id }) => device_id,
    example: { conflict_id: '0192f0c1-7a3e-7c11-9a5e-3f1d2b4c5d6e', resolution: 'server_wins' },
    handle: resolveOne,
  }),
];
