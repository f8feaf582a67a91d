import { SatchelError, type Values } from '@satchel/protocol';
import type { Table } from '@satchel/schema';
import type * as z from 'zod/mini';
import type { ServerContext } from '../../context.ts';
import { keyFromName } from '../derived-ids.ts';
import type { BadItem, Item } from '../items.ts';
import { namesOf } from '../names.ts';
import { keyProblemOf, missing } from '../read-key.ts';
import {
  type CalledRows,
  calledRows,
  type Numbers,
  nameAddress,
  noteNumber,
  noteReferences,
  withKeys,
  withoutKey,
} from '../references.ts';
import { checkCount, keyIn } from '../request-checks.ts';
import { timeOf } from '../wire-time.ts';
import { valuesFromWire, type WireObject } from '../wire-values.ts';
import type { itemShape } from './shapes.ts';

export type MobileItem = z.infer<typeof itemShape>;

interface Read {
  readonly place: number;
  readonly sent: MobileItem;
  readonly table: Table;
  readonly payload: WireObject;
  readonly values: Values;
}

/**
 * Items of a batch. What is wrong with one is told of it alone; the same name and
 * version twice is refused as a whole.
 *
 * @throws `batch_too_large`, `request_invalid`
 */
export const readItems = async (
  ctx: ServerContext,
  clientId: string,
  items: readonly MobileItem[],
): Promise<readonly (Item | BadItem)[]> => {
  checkCount(ctx, items.length);
  const { app } = ctx;
  const numbers: Numbers = new Map();
  const names = new Map<string, string>();
  const read = items.map((sent, place): Read | BadItem => {
    const table = namesOf(app).table(sent.resource_type);
    if (table === undefined)
      return { place, problem: new SatchelError('table_unknown', { table: sent.resource_type }).toProblem() };
    const payload = sent.payload ?? {};
    return { place, sent, table, payload, values: valuesFromWire(table, payload) };
  });
  for (const one of read) {
    if ('problem' in one) continue;
    const { table, values, payload, sent } = one;
    noteReferences(app, numbers, table, values);
    noteNumber(numbers, table, payload.id);
    // The names that rows of this batch have until the server's answer is there.
    const temporary = sent.client_temp_id ?? undefined;
    if (temporary !== undefined) names.set(nameAddress(table, temporary), madeKey(clientId, one, temporary));
  }
  const called = await calledRows(ctx, numbers, names);
  const first = new Map<string, number>();
  return read.map((one) => {
    if ('problem' in one) return one;
    const item = itemOf(ctx, clientId, one, called);
    if (!('problem' in item)) {
      const id = `${item.name}\n${item.version}`;
      const before = first.get(id);
      if (before !== undefined)
        throw new SatchelError('request_invalid', {
          path: `items.${one.place}.client_version`,
          reason: `the same item stands in items.${before}: raise the version with each edit`,
        });
      first.set(id, one.place);
    }
    return item;
  });
};

/** The key of a new row: what the payload says, else made of its temporary name. */
const madeKey = (clientId: string, { sent, table, payload }: Read, temporary: string): string => {
  const own = sent.action === 'create' ? keyIn(table, payload) : undefined;
  return own === undefined || own === temporary ? keyFromName(clientId, table.name, temporary) : own;
};

const keyOfItem = (clientId: string, read: Read, called: CalledRows): string | undefined => {
  const { sent, table, payload } = read;
  const temporary = sent.client_temp_id ?? undefined;
  if (sent.action === 'create')
    return temporary === undefined ? keyIn(table, payload) : madeKey(clientId, read, temporary);
  const { id } = payload;
  if (typeof id === 'number') return called.key(table.name, id) ?? keyIn(table, payload);
  const own = keyIn(table, payload);
  if (own !== undefined) return called.key(table.name, own) ?? own;
  return temporary === undefined ? undefined : keyFromName(clientId, table.name, temporary);
};

const itemOf = (ctx: ServerContext, clientId: string, read: Read, called: CalledRows): Item | BadItem => {
  const { place, sent, table, payload, values } = read;
  const path = `items.${place}`;
  const key = keyOfItem(clientId, read, called);
  if (key === undefined)
    return {
      place,
      problem:
        sent.action === 'create'
          ? missing(`${path}.client_temp_id`, 'is missing, and payload names no id')
          : missing(`${path}.payload.id`, 'is missing: it says which row'),
    };
  const problem = keyProblemOf(table, key);
  if (problem !== undefined) return { place, problem };
  const { client_temp_id: temporary, client_version, resource_type, action } = sent;
  return {
    place,
    path,
    name: temporary ? `temp ${temporary}` : `${table.name}/${key}`,
    version: `${action} ${client_version}`,
    content: { resource_type, action, payload },
    table,
    op: action,
    key,
    values: action === 'delete' ? {} : withKeys(ctx.app, table, withoutKey(table, values), called),
    stamp: timeOf(payload.device_ts) ?? timeOf(payload.updated_at),
    baseVersion: action === 'create' ? undefined : client_version,
  };
};
