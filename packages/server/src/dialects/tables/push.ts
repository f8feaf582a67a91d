import { keyValues } from '@satchel/core';
import { type Json, SatchelError, type Values } from '@satchel/protocol';
import { DELETED_MARK, mayDo, type Principal, type Table } from '@satchel/schema';
import type * as z from 'zod/mini';
import type { ServerContext } from '../../context.ts';
import { conflictsOf } from '../conflict-view.ts';
import { type DialectCall, type DialectReply, type DialectServer, json } from '../dialect-route.ts';
import { answersOf, conflictIdsOf, type ItemAnswer } from '../item-result.ts';
import { type BadItem, type Item, isItem } from '../items.ts';
import { namesOf, tableNamed } from '../names.ts';
import { problemText } from '../problem-text.ts';
import { receiveItems } from '../receive.ts';
import { checkCount, recordKey } from '../request-checks.ts';
import { positionsOf, sinceOf, stampOfPush } from '../stamps.ts';
import { keyColumnsOf } from '../wire-rows.ts';
import { timeAt, timeText } from '../wire-time.ts';
import { valuesFromWire, valuesToWire, type WireObject } from '../wire-values.ts';
import { type TableConflict, tableConflict, tellClashes } from './conflicts.ts';
import type { pushBody } from './shapes.ts';

type Body = z.infer<typeof pushBody>;

/** A record as it was sent, with its table as the request calls it. */
interface Sent {
  readonly table: Table;
  readonly called: string;
  readonly record: WireObject;
  readonly item: Item | BadItem;
  readonly id: string;
}

export const pushTables = async (server: DialectServer, call: DialectCall<Body>): Promise<DialectReply> => {
  const { ctx } = server;
  const { principal, body } = call;
  const device = call.device!;
  const sent = readRecords(ctx, principal, body.changes);
  const since = await sinceOf(ctx, device, 'timestamp', body.timestamp);
  const received = await receiveItems(server, {
    dialect: 'tables',
    principal,
    device,
    items: sent.map(({ item }) => item),
    raw: call.raw,
    positionOf: await positionsOf(ctx, principal, device, since, sent.map(({ item }) => item).filter(isItem)),
    requestId: call.requestId,
    address: call.address,
  });
  const answers = answersOf(received);
  const stamp = await stampOfPush(ctx, principal, device, since);
  const applied: Record<string, Json[]> = {};
  for (const name of Object.keys(body.changes)) applied[name] = [];
  const errors: { table: string; record_id: string; code: string; error: string }[] = [];
  for (const [at, answer] of answers.entries()) {
    const { called, record, table, id } = sent[at]!;
    if (answer.kind === 'done') applied[called]?.push(appliedRecord(table, record, id, answer.key));
    else if (answer.kind !== 'conflict')
      errors.push({
        table: called,
        record_id: id,
        code: answer.problem.code,
        error: problemText(ctx.app, answer.problem),
      });
  }
  const conflicts = await conflictsIn(server, principal, sent, answers);
  tellClashes(ctx, call.requestId, conflicts);
  return json({
    success: errors.length === 0,
    timestamp: timeText(stamp),
    applied,
    conflicts,
    errors,
  });
};

/** Which record it was, under the key that it has now: the device has the rest. */
const appliedRecord = (table: Table, record: WireObject, id: string, key: string): Json => ({
  ...valuesToWire(table, keyColumnsOf(table, key)),
  updated_at: record.updated_at ?? null,
  ...(record[DELETED_MARK] === undefined ? {} : { [DELETED_MARK]: record[DELETED_MARK] }),
  ...(key === id ? {} : { previous_id: id }),
});

const conflictsIn = async (
  server: DialectServer,
  principal: Principal,
  sent: readonly Sent[],
  answers: readonly ItemAnswer[],
): Promise<readonly TableConflict[]> => {
  const { app } = server.ctx;
  const clashes = answers.flatMap((answer, at) =>
    answer.kind === 'conflict' ? [{ answer, sent: sent[at]! }] : [],
  );
  const known = await conflictsOf(server, principal, conflictIdsOf(clashes.map(({ answer }) => answer)));
  return await Promise.all(
    clashes.map(async ({ answer, sent: { called, record, table, id } }): Promise<TableConflict> => {
      const conflict = answer.conflictId === undefined ? undefined : known.get(answer.conflictId);
      const shown = conflict === undefined ? undefined : await tableConflict(server, principal, conflict);
      const row = answer.row === undefined ? undefined : valuesToWire(table, answer.row);
      return {
        table: called,
        record_id: id,
        client_data: record,
        server_data:
          row === undefined
            ? (shown?.server_data ?? null)
            : row === null
              ? null
              : { ...valuesToWire(table, keyColumnsOf(table, answer.key)), ...row },
        conflict_id: answer.conflictId ?? null,
        status: shown?.status ?? 'refused',
        resolution: shown?.resolution ?? null,
        error: answer.problem === undefined ? null : problemText(app, answer.problem),
      };
    }),
  );
};

/** @throws what is wrong with the request as a whole, by place */
const readRecords = (ctx: ServerContext, principal: Principal, changes: Body['changes']): readonly Sent[] => {
  const { app } = ctx;
  const rank = new Map(app.tableOrder.map((name, at) => [name, at]));
  const sent: Sent[] = [];
  const seen = new Set<string>();
  checkCount(
    ctx,
    Object.values(changes).reduce((all, records) => all + records.length, 0),
  );
  for (const [called, records] of Object.entries(changes)) {
    const table = tableNamed(app, called);
    const { roles, channel } = principal;
    if (!(['insert', 'update', 'delete'] as const).some((op) => mayDo(table, op, roles, channel)))
      throw new SatchelError('op_denied', { op: 'write', table: namesOf(app).many(table) });
    for (const [at, record] of records.entries()) {
      const path = `changes.${called}.${at}`;
      const key = recordKey(table, record, path);
      const address = `${table.name}\n${key}`;
      if (seen.has(address))
        throw new SatchelError('request_invalid', { path, reason: 'the same record is there twice' });
      seen.add(address);
      sent.push({ table, called, record, id: key, item: itemOf(table, key, record, path, sent.length) });
    }
  }
  const isGone = ({ record }: Sent): number => Number(record[DELETED_MARK] === true);
  const rankOf = ({ table }: Sent): number => rank.get(table.name) ?? 0;
  return sent.sort(
    (a, b) => isGone(a) - isGone(b) || (isGone(a) ? rankOf(b) - rankOf(a) : rankOf(a) - rankOf(b)),
  );
};

const itemOf = (
  table: Table,
  key: string,
  record: WireObject,
  path: string,
  place: number,
): Item | BadItem => {
  const { updated_at: updatedAt, [DELETED_MARK]: mark } = record;
  if (updatedAt === undefined || updatedAt === null)
    throw new SatchelError('request_invalid', {
      path: `${path}.updated_at`,
      reason: 'is missing: it tells a new edit from a repeat',
    });
  if (mark !== undefined && typeof mark !== 'boolean' && mark !== 0 && mark !== 1)
    throw new SatchelError('request_invalid', {
      path: `${path}.${DELETED_MARK}`,
      reason: 'expected boolean',
    });
  const stamp = timeAt(`${path}.updated_at`, updatedAt);
  const checked = keyValues(table.columns, table.primaryKey, key);
  if (!checked.ok)
    return {
      place,
      problem: { ...checked.problem, params: { table: table.name, ...checked.problem.params } },
    };
  const isGone = mark === true || mark === 1;
  return {
    place,
    path,
    name: `${table.name}/${key}`,
    version: `${stamp}${isGone ? '-deleted' : ''}`,
    content: record,
    table,
    op: isGone ? 'delete' : 'save',
    key,
    values: isGone ? ({} satisfies Values) : valuesFromWire(table, record),
    stamp,
    baseVersion: undefined,
  };
};
