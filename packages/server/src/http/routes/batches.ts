import { json, type Route, route } from '../route.ts';
import { CLIENT_ID, idParameter, recordQuery, recordsOf } from './parameters.ts';

const id = { id: idParameter('batch') };
const query = { clientId: CLIENT_ID };

/** Push requests as they came. */
export const batchRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/batches',
    operationId: 'listBatches',
    tag: 'Batches',
    summary: 'List batches',
    description: 'Push requests, by client, user and time; newest first. Each has its text under its own id.',
    access: 'administrator',
    query: recordQuery,
    answer: 'BatchList',
    handle: ({ query, operations }) => json(operations.listBatches(recordsOf(query))),
  }),
  route({
    method: 'GET',
    path: '/v1/batches/{id}',
    operationId: 'showBatch',
    tag: 'Batches',
    summary: 'Show a batch',
    description:
      'The raw request and what became of its mutations. The sender sees his own, administrators all.',
    access: 'principal',
    parameters: id,
    query,
    answer: 'BatchRecord',
    errors: ['batch_unknown'],
    handle: ({ principal, path, operations }) => json(operations.showBatch(principal, path.id!)),
  }),
  route({
    method: 'POST',
    path: '/v1/batches/{id}/replay',
    operationId: 'replayBatch',
    tag: 'Batches',
    summary: 'Try a batch again',
    description:
      'By administrators with the rights that its sender had, by the sender with those that he has now. What was settled stays settled: a repeat gets its first outcome. With `dryRun` nothing is kept.',
    access: 'principal',
    parameters: id,
    query,
    body: 'ReplayRequest',
    bodyOptional: true,
    answer: 'ReplayResponse',
    errors: ['batch_unknown'],
    example: { request: { dryRun: true } },
    handle: ({ principal, path, body, operations }) =>
      json(operations.replayBatch(principal, path.id!, body.dryRun ?? false)),
  }),
];
