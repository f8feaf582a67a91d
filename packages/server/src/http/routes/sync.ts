import { json, type Route, route } from '../route.ts';
import { CLIENT_ID } from './parameters.ts';

const CLIENT = '0192f0c1-7a3e-7c11-9a5e-3f1d2b4c5d6e';
const MUTATION = '0192f0c2-11aa-7b22-8c33-445566778899';
const BATCH = '0192f0c2-22bb-7c33-9d44-5566778899aa';
const RUN = '0192f0c0-00aa-7bb0-8cc0-dd00ee00ff00';
const ROW = '0192f0c0-9f00-7abc-8def-0123456789ab';

/** The digest that `If-None-Match` names. */
export const digestOf = (ifNoneMatch: string | null): string | null => {
  const tag = ifNoneMatch?.trim().replace(/^W\//, '') ?? '';
  return /^"[\w-]{1,64}"$/.test(tag) ? tag.slice(1, -1) : null;
};

/** Writing, reading, comparing. */
export const syncRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/v1/push',
    operationId: 'push',
    tag: 'Sync',
    summary: 'Send mutations',
    description:
      'The request is kept raw under `batchId` before its mutations are tried. Each mutation is taken whole or not at all, and one bad mutation never blocks another. A repeat gets the first outcome.',
    access: 'principal',
    body: 'PushRequest',
    holdsData: true,
    hears: true,
    answer: 'PushResponse',
    errors: [
      'protocol_too_old',
      'protocol_too_new',
      'schema_ahead',
      'batch_too_large',
      'client_of_other_user',
      'author_mismatch',
      'id_reused',
    ],
    example: {
      request: {
        protocolVersion: 1,
        schemaVersion: 1,
        batchId: BATCH,
        clientId: CLIENT,
        runId: RUN,
        sentAt: '1764000000000:0:device1',
        mutations: [
          {
            mutationId: MUTATION,
            seq: 1,
            hlc: '1763999990000:0:device1',
            author: 'ana',
            schemaVersion: 1,
            changes: [
              {
                table: 'products',
                op: 'update',
                key: ROW,
                values: { price: 12.5 },
                confirmed: { version: 41, values: { price: 11 } },
              },
            ],
          },
        ],
      },
      answer: {
        batchId: BATCH,
        serverTime: 1764000000120,
        epoch: 'e1',
        answers: [
          {
            kind: 'outcome',
            outcome: {
              mutationId: MUTATION,
              outcome: 'applied',
              changes: [{ table: 'products', key: ROW, outcome: 'applied', version: 57 }],
            },
          },
        ],
      },
    },
    handle: async ({ principal, body, raw, requestId, address, operations }) => ({
      kind: 'pushed',
      value: await operations.push(principal, body, raw, { requestId, address }),
    }),
  }),
  route({
    method: 'POST',
    path: '/v1/pull',
    operationId: 'pull',
    tag: 'Sync',
    summary: 'Take what is new',
    description:
      'What changed since `cursor` (`null`: everything), as JSON lines: `head`, then `scope`, `rows`, `gone`, `swept` and `outcomes` lines, then `tail` with the next cursor. With `brief: true` rows that the client wrote itself come as `own` lines, by their versions. With `If-None-Match: "<digest of the cursor>"` the answer is 304 when there is nothing.',
    access: 'principal',
    body: 'PullRequest',
    hears: true,
    answer: 'PageLine',
    lines: true,
    errors: [
      'protocol_too_old',
      'protocol_too_new',
      'schema_ahead',
      'cursor_invalid',
      'filter_invalid',
      'client_of_other_user',
    ],
    example: {
      request: { protocolVersion: 1, schemaVersion: 1, clientId: CLIENT, cursor: null },
      answer: {
        line: 'rows',
        scope: 'store:42',
        table: 'products',
        keys: [ROW],
        versions: [57],
        columns: { price: [12.5] },
      },
    },
    handle: async ({ principal, body, ifNoneMatch, operations }) => {
      const digest = digestOf(ifNoneMatch);
      return { kind: 'pull', answer: await operations.pull(principal, body, digest), digest };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/ack',
    operationId: 'ack',
    tag: 'Sync',
    summary: 'Acknowledge what is settled',
    description:
      'Ranges of `seq` that the client has durably settled, so that their stored outcomes can be collected.',
    access: 'principal',
    body: 'AckRequest',
    answer: 'AckResponse',
    errors: ['client_of_other_user'],
    example: { request: { clientId: CLIENT, settled: [{ runId: RUN, ranges: [[1, 40]] }] } },
    handle: ({ principal, body, operations }) => json(operations.ack(principal, body)),
  }),
  route({
    method: 'POST',
    path: '/v1/digests',
    operationId: 'digests',
    tag: 'Sync',
    summary: 'Compare what both sides hold',
    description:
      'Digests of tables and scopes at a cursor: `quick` over keys and versions, `deep` over values.',
    access: 'principal',
    body: 'DigestRequest',
    answer: 'DigestResponse',
    errors: ['cursor_invalid', 'client_of_other_user'],
    handle: ({ principal, body, operations }) => json(operations.digests(principal, body)),
  }),
  route({
    method: 'POST',
    path: '/v1/versions',
    operationId: 'versions',
    tag: 'Sync',
    summary: 'List keys and versions for a repair',
    description: 'Keys and versions of one table of one scope, in the order of keys.',
    access: 'principal',
    body: 'VersionsRequest',
    answer: 'VersionsResponse',
    errors: ['table_unknown', 'scope_denied', 'client_of_other_user'],
    handle: ({ principal, body, operations }) => json(operations.versions(principal, body)),
  }),
  route({
    method: 'POST',
    path: '/v1/rows',
    operationId: 'rows',
    tag: 'Sync',
    summary: 'Fetch named rows for a repair',
    description: 'Rows of one scope as they are now; those that are not in it are left out.',
    access: 'principal',
    body: 'RowsRequest',
    answer: 'RowsResponse',
    errors: ['table_unknown', 'scope_denied', 'client_of_other_user'],
    handle: ({ principal, body, operations }) => json(operations.rows(principal, body)),
  }),
  route({
    method: 'GET',
    path: '/v1/status',
    operationId: 'status',
    tag: 'Sync',
    summary: 'Ask what the server knows',
    description: "The server's time, epoch and versions, the caller's scopes and open conflicts.",
    access: 'principal',
    query: { clientId: CLIENT_ID },
    answer: 'StatusResponse',
    handle: ({ principal, operations }) => json(operations.status(principal)),
  }),
];
