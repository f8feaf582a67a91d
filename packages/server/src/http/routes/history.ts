import { json, type Route, route } from '../route.ts';
import {
  afterParameter,
  CLIENT_ID,
  keyParameter,
  limitOf,
  limitParameter,
  tableParameter,
} from './parameters.ts';

/** What happened to a row. */
export const historyRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/history/{table}/{key}',
    operationId: 'rowHistory',
    tag: 'History',
    summary: 'Read the audit of a row',
    description:
      'Who changed it, when, from where, before and after; newest first. Administrators see every row, others the rows and columns that they may read.',
    access: 'principal',
    parameters: { table: tableParameter, key: keyParameter },
    query: { clientId: CLIENT_ID, after: afterParameter, limit: limitParameter },
    answer: 'RowHistory',
    errors: ['table_unknown', 'scope_denied', 'op_denied'],
    handle: ({ principal, path, query, operations }) =>
      json(
        operations.rowHistory(principal, path.table!, path.key!, {
          ...(query.after === undefined ? {} : { after: query.after }),
          limit: limitOf(query.limit),
        }),
      ),
  }),
];
