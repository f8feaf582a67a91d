import type { Json } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import type * as z from 'zod/mini';
import { conflictsOf } from '../conflict-view.ts';
import { type DialectCall, type DialectReply, type DialectServer, json } from '../dialect-route.ts';
import { answersOf, conflictIdsOf, type ItemAnswer } from '../item-result.ts';
import { isItem } from '../items.ts';
import { namesOf } from '../names.ts';
import { problemText } from '../problem-text.ts';
import { receiveItems } from '../receive.ts';
import { serverIdColumn, serverIdsByKey } from '../server-ids.ts';
import { positionsOf, sinceOf, stampOfPush } from '../stamps.ts';
import { keyColumnsOf } from '../wire-rows.ts';
import { timeText } from '../wire-time.ts';
import { valuesToWire } from '../wire-values.ts';
import { type ActionConflict, actionConflict } from './conflicts.ts';
import { type Action, readActions } from './read-actions.ts';
import type { uploadBody } from './shapes.ts';

type ServerIds = (table: Table, key: string) => number | string | null;

/** Takes in what a device did while it was offline. */
export const upload = async (
  server: DialectServer,
  call: DialectCall<z.infer<typeof uploadBody>>,
): Promise<DialectReply> => {
  const { ctx } = server;
  const { principal, body } = call;
  const device = call.device!;
  const since = await sinceOf(ctx, device, 'last_sync_timestamp', body.last_sync_timestamp);
  const items = await readActions(ctx, principal, device, body.actions);
  const received = await receiveItems(server, {
    dialect: 'actions',
    principal,
    device,
    items,
    raw: call.raw,
    positionOf: await positionsOf(ctx, principal, device, since, items.filter(isItem)),
    requestId: call.requestId,
    address: call.address,
  });
  const answers = answersOf(received);
  const serverIds = await serverIdsOf(server, answers);
  const conflicts = await conflictsIn(server, call, answers, serverIds);
  return json({
    success: true,
    results: answers.map((answer, at) => resultOf(server, body.actions[at]!, answer, serverIds)),
    conflicts,
    sync_timestamp: timeText(await stampOfPush(ctx, principal, device, since)),
  });
};

const keysOf = (answers: readonly ItemAnswer[]): ReadonlyMap<Table, string[]> => {
  const keys = new Map<Table, string[]>();
  for (const answer of answers) {
    if (answer.kind !== 'done' && answer.kind !== 'conflict') continue;
    const list = keys.get(answer.item.table);
    if (list) list.push(answer.key);
    else keys.set(answer.item.table, [answer.key]);
  }
  return keys;
};

/** The numbers of the rows that were written; of tables without numbers the key. */
const serverIdsOf = async ({ ctx }: DialectServer, answers: readonly ItemAnswer[]): Promise<ServerIds> => {
  const numbers = new Map<Table, ReadonlyMap<string, number>>();
  for (const [table, keys] of keysOf(answers)) numbers.set(table, await serverIdsByKey(ctx, table, keys));
  return (table, key) => (serverIdColumn(table) === undefined ? key : (numbers.get(table)?.get(key) ?? null));
};

const titled = (name: string): string => {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const PAST = { create: 'created', update: 'updated', save: 'updated', delete: 'deleted' } as const;

const resultOf = (
  { ctx: { app } }: DialectServer,
  action: Action,
  answer: ItemAnswer,
  serverIds: ServerIds,
): Record<string, Json> => {
  const { client_id } = action;
  switch (answer.kind) {
    case 'done': {
      const { table, op } = answer.item;
      return {
        client_id,
        status: 'success',
        server_id: serverIds(table, answer.key),
        message: `${titled(namesOf(app).one(table))} ${PAST[op]} successfully`,
        entity_id: answer.key,
      };
    }
    case 'conflict': {
      const { table } = answer.item;
      return {
        client_id,
        status: 'conflict',
        server_id: serverIds(table, answer.key),
        message:
          answer.problem === undefined
            ? `${titled(namesOf(app).one(table))} was changed on the server too: see conflicts`
            : problemText(app, answer.problem),
        entity_id: answer.key,
        ...(answer.conflictId === undefined ? {} : { conflict_id: answer.conflictId }),
        ...(answer.problem === undefined ? {} : { code: answer.problem.code }),
      };
    }
    case 'waiting':
    case 'failed':
      return {
        client_id,
        status: answer.kind === 'waiting' ? 'pending' : 'error',
        server_id: null,
        message: problemText(app, answer.problem),
        code: answer.problem.code,
      };
  }
};

const conflictsIn = async (
  server: DialectServer,
  { principal, body }: DialectCall<z.infer<typeof uploadBody>>,
  answers: readonly ItemAnswer[],
  serverIds: ServerIds,
): Promise<readonly ActionConflict[]> => {
  const clashes = answers.flatMap((answer, at) =>
    answer.kind === 'conflict' ? [{ answer, action: body.actions[at]! }] : [],
  );
  const known = await conflictsOf(server, principal, conflictIdsOf(clashes.map(({ answer }) => answer)));
  return await Promise.all(
    clashes.map(async ({ answer, action }): Promise<ActionConflict> => {
      const { table } = answer.item;
      const conflict = answer.conflictId === undefined ? undefined : known.get(answer.conflictId);
      const row = answer.row === undefined ? undefined : valuesToWire(table, answer.row);
      const server_data = row ? { ...valuesToWire(table, keyColumnsOf(table, answer.key)), ...row } : row;
      if (conflict !== undefined) {
        const shown = await actionConflict(server, principal, conflict, action.client_id);
        return { ...shown, client_data: action.data, ...(server_data === undefined ? {} : { server_data }) };
      }
      return {
        conflict_id: null,
        client_id: action.client_id,
        entity_type: action.entity_type,
        entity_id: answer.key,
        server_id: serverIds(table, answer.key),
        client_data: action.data,
        server_data: server_data ?? null,
        status: 'refused',
        resolution: null,
        resolved_data: null,
        message: answer.problem === undefined ? 'Data conflict' : problemText(server.ctx.app, answer.problem),
      };
    }),
  );
};
