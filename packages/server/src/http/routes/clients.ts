import { json, type Route, route } from '../route.ts';
import { CLIENT_ID, idParameter, limitOf, limitParameter, USER } from './parameters.ts';

const id = { id: idParameter('client') };
const query = { clientId: CLIENT_ID };

/** The devices that have been heard of; for administrators. */
export const clientRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/clients',
    operationId: 'listClients',
    tag: 'Clients',
    summary: 'List clients',
    description:
      'Every client: whose it is, when it was last heard of and synced, what waits on it, what was refused, what is in conflict.',
    access: 'administrator',
    query: {
      ...query,
      user: USER,
      after: idParameter('last client of the page before'),
      limit: limitParameter,
    },
    answer: 'ClientList',
    handle: ({ query, operations }) =>
      json(
        operations.listClients({
          ...(query.after === undefined ? {} : { after: query.after }),
          ...(query.user === undefined ? {} : { userId: query.user }),
          limit: limitOf(query.limit),
        }),
      ),
  }),
  route({
    method: 'POST',
    path: '/v1/clients/{id}/revoke',
    operationId: 'revokeClient',
    tag: 'Clients',
    summary: 'Lock a client out',
    description:
      'Every route answers it `client_revoked` from now on and its live socket is closed. `wipe` also removes the confirmed rows; unsent work stays on the device, locked.',
    access: 'administrator',
    parameters: id,
    query,
    body: 'RevokeRequest',
    bodyOptional: true,
    answer: 'ClientRecord',
    errors: ['client_unknown'],
    example: { request: { action: 'lock' } },
    handle: ({ principal, path, body, operations }) =>
      json(operations.revokeClient(principal, path.id!, body.action)),
  }),
  route({
    method: 'POST',
    path: '/v1/clients/{id}/restore',
    operationId: 'restoreClient',
    tag: 'Clients',
    summary: 'Let a client in again',
    description: 'Its unsent work goes on from where it was.',
    access: 'administrator',
    parameters: id,
    query,
    body: 'EmptyRequest',
    bodyOptional: true,
    answer: 'ClientRecord',
    errors: ['client_unknown'],
    handle: ({ principal, path, operations }) => json(operations.restoreClient(principal, path.id!)),
  }),
];
