import { idParameter } from '../../http/routes/parameters.ts';
import { type DialectRoute, dialectRoute } from '../dialect-route.ts';
import { acknowledge } from './ack.ts';
import { resolveOne, showOne } from './conflicts.ts';
import { pull } from './pull.ts';
import { push } from './push.ts';
import { replay } from './replay.ts';
import {
  ackAnswer,
  ackBody,
  conflictShape,
  pullAnswer,
  pullBody,
  pushAnswer,
  pushBody,
  replayAnswer,
  replayBody,
  resolveBody,
} from './shapes.ts';

const conflictId = { id: idParameter('conflict') };

/** Batches of items with temporary ids, tokens, acknowledgements. */
export const mobileRoutes: readonly DialectRoute[] = [
  dialectRoute({
    dialect: 'mobile',
    method: 'POST',
    path: '/api/v1/mobile/sync/push',
    operationId: 'mobilePush',
    summary: 'Send a batch of changes',
    description:
      'A result for each item, in their order: `ok`, `conflict` or `error`. A temporary id may be used by later items of the same batch. The same `client_temp_id` (or row) and `client_version` is the same item: a repeat gets the first result. An update counts as a change of the row at `client_version`, where that is a `server_version` of it, else at `client_sync_token`. The batch is kept as it came.',
    body: pushBody,
    answer: pushAnswer,
    deviceOf: ({ device_id }) => device_id,
    example: {
      device_id: 'device-uuid-123',
      client_sync_token: null,
      items: [
        {
          client_temp_id: 'tmp-1',
          resource_type: 'submission',
          action: 'create',
          payload: { form_id: 'f-1', form_version: 'v2', data: { fieldA: 'ok' } },
          client_version: 1,
        },
      ],
    },
    handle: push,
  }),
  dialectRoute({
    dialect: 'mobile',
    method: 'POST',
    path: '/api/v1/mobile/sync/pull',
    operationId: 'mobilePull',
    summary: 'Take what changed since a token',
    description:
      'Without `since_token` everything comes. Ask again with `next_token` while `has_more`. `conflicts` are those of the device that were settled since.',
    body: pullBody,
    answer: pullAnswer,
    deviceOf: ({ device_id }) => device_id,
    example: { since_token: null },
    handle: pull,
  }),
  dialectRoute({
    dialect: 'mobile',
    method: 'POST',
    path: '/api/v1/mobile/sync/ack',
    operationId: 'mobileAck',
    summary: 'Acknowledge what was taken in',
    description: 'The `next_token` of a pull, once its changes are durable on the device.',
    body: ackBody,
    answer: ackAnswer,
    deviceOf: ({ device_id }) => device_id,
    handle: acknowledge,
  }),
  dialectRoute({
    dialect: 'mobile',
    method: 'GET',
    path: '/api/v1/mobile/conflicts/{id}',
    operationId: 'mobileConflict',
    summary: 'Show a conflict',
    description: 'Both sides, and how it was settled.',
    parameters: conflictId,
    answer: conflictShape,
    handle: showOne,
  }),
  dialectRoute({
    dialect: 'mobile',
    method: 'POST',
    path: '/api/v1/mobile/conflicts/{id}/resolve',
    operationId: 'mobileResolveConflict',
    summary: 'Settle a conflict',
    description:
      '`accept_server`, `accept_client`, or `manual_merge` with a `payload`. The decision is audited, and told to the device with its next pull.',
    parameters: conflictId,
    body: resolveBody,
    answer: conflictShape,
    deviceOf: ({ device_id }) => device_id,
    example: { resolution: 'accept_client' },
    handle: resolveOne,
  }),
  dialectRoute({
    dialect: 'mobile',
    method: 'POST',
    path: '/api/v1/mobile/batches/{id}/replay',
    operationId: 'mobileReplay',
    summary: 'Run a stored batch again',
    description:
      'What was settled stays as it is and is told again. With `dry_run` nothing is kept. For administrators.',
    access: 'administrator',
    parameters: { id: idParameter('batch') },
    body: replayBody,
    answer: replayAnswer,
    handle: replay,
  }),
];
