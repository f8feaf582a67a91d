import { ITEM_STATES, type Item, nameSchema } from '@satchel/protocol';
import * as z from 'zod/mini';
import { json, type Route, route } from '../route.ts';
import {
  afterParameter,
  CLIENT_ID,
  limitOf,
  limitParameter,
  recordQuery,
  recordsOf,
  SINCE,
  timeOf,
  UNTIL,
} from './parameters.ts';

const isItemState = (text: string | undefined): text is Item['state'] =>
  ITEM_STATES.some((state) => state === text);

/** What administrators look after devices and rules with. */
export const reportRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/figures',
    operationId: 'figures',
    tag: 'Reports',
    summary: 'Figures of sync',
    description:
      'Between `since` and `until` (default the last 24 hours): success rate and length of syncs, outcomes of changes, conflict rate by table and column, reasons of failures, time offline, time to consistency, and what waits on devices.',
    access: 'administrator',
    query: { clientId: CLIENT_ID, since: SINCE, until: UNTIL },
    answer: 'Figures',
    handle: ({ query, operations }) => json(operations.figures(timeOf(query))),
  }),
  route({
    method: 'GET',
    path: '/v1/items',
    operationId: 'listItems',
    tag: 'Reports',
    summary: 'List what did not go through',
    description:
      'Mutations that were refused (they lie in quarantine on their devices) and those that wait here for a row or a person; newest first.',
    access: 'administrator',
    query: {
      ...recordQuery,
      state: {
        schema: z.enum(ITEM_STATES),
        description: 'Only those in this state: refused, waiting for a row, waiting for a person.',
        example: 'rejected',
      },
      table: {
        schema: nameSchema,
        description: 'Only those that touch this table of the app.',
        example: 'products',
      },
      code: {
        schema: z.string().check(z.regex(/^[a-zA-Z0-9_.-]{1,64}$/)),
        description: 'Only those that were refused with this code.',
        example: 'scope_denied',
      },
    },
    answer: 'ItemList',
    handle: ({ query, operations }) =>
      json(
        operations.listItems({
          ...recordsOf(query),
          ...(isItemState(query.state) ? { state: query.state } : {}),
          ...(query.table === undefined ? {} : { table: query.table }),
          ...(query.code === undefined ? {} : { code: query.code }),
        }),
      ),
  }),
  route({
    method: 'GET',
    path: '/v1/alerts',
    operationId: 'listAlerts',
    tag: 'Reports',
    summary: 'List alerts to operators',
    description: 'Those that stand, and those that have fallen since; newest first.',
    access: 'administrator',
    query: {
      clientId: CLIENT_ID,
      standing: {
        schema: z.enum(['true', 'false']),
        description: 'Only those that stand, or only those that have fallen.',
        example: 'true',
      },
      after: afterParameter,
      limit: limitParameter,
    },
    answer: 'OperatorAlertList',
    handle: ({ query, operations }) =>
      json(
        operations.listAlerts({
          ...(query.standing === undefined ? {} : { standing: query.standing === 'true' }),
          ...(query.after === undefined ? {} : { after: query.after }),
          limit: limitOf(query.limit),
        }),
      ),
  }),
];
