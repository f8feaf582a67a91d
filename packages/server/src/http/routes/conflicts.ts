import { conflictKindSchema, nameSchema } from '@satchel/protocol';
import * as z from 'zod/mini';
import type { ConflictFilter } from '../operations.ts';
import { json, type Route, route } from '../route.ts';
import {
  afterParameter,
  CLIENT_ID,
  DEVICE,
  idParameter,
  keyParameter,
  limitOf,
  limitParameter,
  SINCE,
  timeOf,
  UNTIL,
  USER,
} from './parameters.ts';

const STATES = ['open', 'escalated', 'settled'] as const;
const isState = (text: string | undefined): text is NonNullable<ConflictFilter['state']> =>
  STATES.some((state) => state === text);

const isKind = (text: string | undefined): text is NonNullable<ConflictFilter['kind']> =>
  conflictKindSchema.safeParse(text).success;
const clientOf = (clientId: string | undefined) => (clientId === undefined ? {} : { clientId });
const textsOf = <Name extends string>(
  query: Readonly<Record<string, string | undefined>>,
  names: readonly Name[],
): { readonly [name in Name]?: string } =>
  Object.fromEntries(names.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]]]))) as {
    readonly [name in Name]?: string;
  };

const id = { id: idParameter('conflict') };
const query = { clientId: CLIENT_ID };

/** Clashes: seen by their author and by administrators, in the receiver's view. */
export const conflictRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/conflicts',
    operationId: 'listConflicts',
    tag: 'Conflicts',
    summary: 'List conflicts',
    description: "The caller's own, or everybody's for administrators; newest first.",
    access: 'principal',
    query: {
      clientId: CLIENT_ID,
      state: { schema: z.enum(STATES), description: 'Only those in this state.', example: 'open' },
      table: { schema: nameSchema, description: 'Only those of this table.', example: 'products' },
      device: DEVICE,
      author: USER,
      kind: { schema: conflictKindSchema, description: 'Only those of this kind.', example: 'update' },
      key: { ...keyParameter, description: 'Only those of the row with this key.' },
      column: {
        schema: nameSchema,
        description: 'Only those in which this column clashes.',
        example: 'price',
      },
      policy: { schema: nameSchema, description: 'Only those of this policy.', example: 'server-wins' },
      since: SINCE,
      until: UNTIL,
      after: afterParameter,
      limit: limitParameter,
    },
    answer: 'ConflictList',
    handle: ({ principal, query, operations }) =>
      json(
        operations.listConflicts(principal, {
          ...(isState(query.state) ? { state: query.state } : {}),
          ...(query.table === undefined ? {} : { table: query.table }),
          // A client that asks without naming another means its own, and what is left to its user.
          ...(query.device === undefined ? clientOf(query.clientId) : { device: query.device }),
          ...textsOf(query, ['key', 'column', 'policy', 'author']),
          ...(isKind(query.kind) ? { kind: query.kind } : {}),
          ...timeOf(query),
          ...(query.after === undefined ? {} : { after: query.after }),
          limit: limitOf(query.limit),
        }),
      ),
  }),
  route({
    method: 'POST',
    path: '/v1/conflicts/resolve',
    operationId: 'resolveConflicts',
    tag: 'Conflicts',
    summary: 'Settle several conflicts',
    description:
      'One decision for each of them, each for itself: one that cannot be settled is answered with its reason and stays.',
    access: 'principal',
    query,
    body: 'ResolveManyRequest',
    answer: 'ResolveManyResponse',
    handle: ({ principal, body, operations }) => json(operations.resolveConflicts(principal, body)),
  }),
  route({
    method: 'GET',
    path: '/v1/conflicts/{id}',
    operationId: 'showConflict',
    tag: 'Conflicts',
    summary: 'Show a conflict',
    description: 'Base, both sides and the result, with the policy and its reason.',
    access: 'principal',
    parameters: id,
    query,
    answer: 'Conflict',
    errors: ['conflict_unknown'],
    handle: ({ principal, path, operations }) => json(operations.showConflict(principal, path.id!)),
  }),
  route({
    method: 'POST',
    path: '/v1/conflicts/{id}/resolve',
    operationId: 'resolveConflict',
    tag: 'Conflicts',
    summary: 'Settle a conflict',
    description: 'Whole by `decision`, or field by field by `fields`.',
    access: 'principal',
    parameters: id,
    query,
    body: 'ResolveRequest',
    answer: 'Conflict',
    errors: [
      'conflict_unknown',
      'conflict_settled',
      'column_unknown',
      'value_type',
      'scope_denied',
      'op_denied',
      'column_denied',
    ],
    example: {
      request: {
        decision: 'merged',
        fields: { price: { take: 'client' }, name: { take: 'server' } },
        note: 'Asked the shop.',
      },
    },
    handle: ({ principal, path, body, operations }) =>
      json(operations.resolveConflict(principal, path.id!, body)),
  }),
  route({
    method: 'POST',
    path: '/v1/conflicts/{id}/undo',
    operationId: 'undoConflict',
    tag: 'Conflicts',
    summary: 'Take a decision back',
    description: 'Puts the row back to what it was before the decision, unless it was changed since.',
    access: 'principal',
    parameters: id,
    query,
    body: 'EmptyRequest',
    bodyOptional: true,
    answer: 'Conflict',
    errors: ['conflict_unknown', 'conflict_undo_blocked'],
    handle: ({ principal, path, operations }) => json(operations.undoConflict(principal, path.id!)),
  }),
  route({
    method: 'POST',
    path: '/v1/conflicts/{id}/escalate',
    operationId: 'escalateConflict',
    tag: 'Conflicts',
    summary: 'Hand a conflict to the administrators',
    description: 'For a person who may decide but would rather not.',
    access: 'principal',
    parameters: id,
    query,
    body: 'EscalateRequest',
    bodyOptional: true,
    answer: 'Conflict',
    errors: ['conflict_unknown', 'conflict_settled'],
    handle: ({ principal, path, body, operations }) =>
      json(operations.escalateConflict(principal, path.id!, body.note)),
  }),
];
