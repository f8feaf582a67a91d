import { type Json, SatchelError, type Values } from '@satchel/protocol';
import type { Principal, Table } from '@satchel/schema';
import type * as z from 'zod/mini';
import type { ServerContext } from '../../context.ts';
import type { Device } from '../device.ts';
import type { BadItem, Item } from '../items.ts';
import { namesOf } from '../names.ts';
import { isKeyOf, keyOfName, keyProblemOf, missing } from '../read-key.ts';
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
import { timeAt } from '../wire-time.ts';
import { valuesFromWire } from '../wire-values.ts';
import type { actionShape } from './shapes.ts';

export type Action = z.infer<typeof actionShape>;

type Verb = 'create' | 'update' | 'delete';

const VERBS: readonly Verb[] = ['create', 'update', 'delete'];

const verbOf = (type: string): Verb | undefined =>
  VERBS.find((verb) => type === verb || type.startsWith(`${verb}_`));

interface Read {
  readonly place: number;
  readonly action: Action;
  readonly table: Table;
  readonly verb: Verb;
  readonly values: Values;
  readonly stamp: number;
}

/**
 * Actions as items. What is wrong with one action is told of it alone; what makes it
 * impossible to tell actions apart is refused as a whole.
 *
 * @throws `batch_too_large`, `request_invalid`
 */
export const readActions = async (
  ctx: ServerContext,
  principal: Principal,
  device: Device,
  actions: readonly Action[],
): Promise<readonly (Item | BadItem)[]> => {
  checkCount(ctx, actions.length);
  const first = new Map<string, number>();
  for (const [place, { client_id }] of actions.entries()) {
    const before = first.get(client_id);
    if (before !== undefined)
      throw new SatchelError('request_invalid', {
        path: `actions.${place}.client_id`,
        reason: `is that of actions.${before} too: each action has its own`,
      });
    first.set(client_id, place);
  }
  const { app } = ctx;
  const numbers: Numbers = new Map();
  const names = new Map<string, string>();
  const read = actions.map((action, place) => readOne(ctx, action, place));
  for (const one of read) {
    if ('problem' in one) continue;
    const { table, action, verb, values } = one;
    noteReferences(app, numbers, table, values);
    for (const called of [action.data.server_id, action.data.id, action.entity_id])
      noteNumber(numbers, table, called ?? undefined);
    if (verb === 'create') names.set(nameAddress(table, action.client_id), createdKey(device, table, action));
  }
  const called = await calledRows(ctx, numbers, names);
  return read.map((one) => ('problem' in one ? one : itemOf(ctx, principal, device, one, called)));
};

const readOne = (ctx: ServerContext, action: Action, place: number): Read | BadItem => {
  const path = `actions.${place}`;
  const stamp = timeAt(`${path}.timestamp`, action.timestamp);
  const verb = verbOf(action.action_type);
  if (verb === undefined)
    return { place, problem: missing(`${path}.action_type`, `expected create_…, update_… or delete_…`) };
  const table = namesOf(ctx.app).table(action.entity_type);
  if (table === undefined)
    return { place, problem: new SatchelError('table_unknown', { table: action.entity_type }).toProblem() };
  return { place, action, table, verb, values: valuesFromWire(table, action.data), stamp };
};

/** The key of a row that an action makes: what `data` says, else the name of the action. */
const createdKey = ({ clientId }: Device, table: Table, { data, client_id }: Action): string => {
  const own = typeof data.id === 'number' ? undefined : keyIn(table, data);
  return own !== undefined && isKeyOf(table, own) ? own : keyOfName(clientId, table, client_id);
};

const itemOf = (
  ctx: ServerContext,
  principal: Principal,
  device: Device,
  { place, action, table, verb, values, stamp }: Read,
  called: CalledRows,
): Item | BadItem => {
  const path = `actions.${place}`;
  const mine = verb === 'create' ? undefined : ownKey(ctx, principal, table);
  const key =
    verb === 'create' ? createdKey(device, table, action) : namedKey(device, table, action, called, mine);
  if (key === undefined)
    return {
      place,
      problem: new SatchelError('row_missing', {
        table: table.name,
        key: String(action.data.server_id ?? action.data.id ?? action.entity_id ?? action.client_id),
      }).toProblem(),
    };
  const problem = keyProblemOf(table, key);
  if (problem !== undefined) return { place, problem };
  const { action_type, entity_type, data } = action;
  const content: Json = { action_type, entity_type, data };
  return {
    place,
    path,
    name: action.client_id,
    // A new row is the same one whenever it is said again; an edit is of its time.
    version: verb === 'create' ? 'create' : `${action_type}@${stamp}`,
    content,
    table,
    // What is the user's own by name may not be there yet.
    op: verb === 'update' && key === mine ? 'save' : verb,
    key,
    values: verb === 'delete' ? {} : withKeys(ctx.app, table, withoutKey(table, values), called),
    stamp,
    baseVersion: undefined,
  };
};

/** The key of the row that the token itself names: a user's own profile. */
const ownKey = ({ app }: ServerContext, principal: Principal, table: Table): string | undefined => {
  const given = app.http.given[table.name]?.(principal);
  return given === undefined ? undefined : keyIn(table, given);
};

/** The row that an update or a deletion is about: by the server's number, by its key, by the name that the device gave it. */
const namedKey = (
  { clientId }: Device,
  table: Table,
  { data, entity_id, client_id }: Action,
  called: CalledRows,
  mine: string | undefined,
): string | undefined => {
  for (const name of [data.server_id, data.id, entity_id, data.client_id]) {
    if (typeof name === 'number') return called.key(table.name, name);
    if (typeof name === 'string' && name !== '')
      return called.key(table.name, name) ?? keyOfName(clientId, table, name);
  }
  return keyIn(table, data) ?? mine ?? keyOfName(clientId, table, client_id);
};
