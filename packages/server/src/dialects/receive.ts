import { hash } from 'node:crypto';
import { newUuidV7, parseSnapshot } from '@satchel/core';
import {
  type Change,
  type ChangeOutcome,
  invariant,
  type Json,
  type Mutation,
  type Outcome,
  PROTOCOL_VERSION,
  type Problem,
  type PushRequest,
  SatchelError,
  unreachable,
  type Values,
} from '@satchel/protocol';
import type { Dialect, Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Transaction } from '../postgres/database.ts';
import type { Position } from '../pull/position.ts';
import { noteKnownRenames } from '../push/renaming.ts';
import { type RowAddress, rowAddress } from '../push/row-address.ts';
import { type Base, readBases } from './bases.ts';
import { itemIdOf, runIdOf } from './derived-ids.ts';
import { checkSender, type Device } from './device.ts';
import type { DialectServer } from './dialect-route.ts';
import { groupItems } from './group-items.ts';
import { type BadItem, type Item, isBad, isItem } from './items.ts';
import { afterChange, makeChange } from './make-change.ts';
import { readRequests } from './own-edits.ts';

/** Items of one request, on their way in. */
export interface Receiving {
  readonly dialect: Dialect;
  readonly principal: Principal;
  readonly device: Device;
  readonly items: readonly (Item | BadItem)[];
  /** The request's text as it came. */
  readonly raw: string;
  /** What the device held when it made the item: `null` nothing yet, `undefined` not known. */
  readonly positionOf: (item: Item) => Position | null | undefined;
  readonly requestId: string;
  readonly address: string;
}

export type ItemResult =
  | { readonly kind: 'bad'; readonly problem: Problem }
  | {
      readonly kind: 'outcome';
      readonly item: Item;
      readonly sent: Change;
      readonly outcome: Outcome;
      /** Absent where the server no longer keeps it, or the mutation was refused as a whole. */
      readonly change: ChangeOutcome | undefined;
    }
  | {
      readonly kind: 'held';
      readonly item: Item;
      readonly parent: { readonly table: string; readonly key: string };
    };

export interface Received {
  readonly batchId: string;
  readonly serverTime: number;
  /** In the order of the items. */
  readonly results: readonly ItemResult[];
}

/** Where an item's change is. */
interface Made {
  readonly item: Item;
  readonly mutation: Mutation;
  readonly change: number;
}

/**
 * Takes in a dialect's items. What is made of them (mutations, their order, their base)
 * is fixed the first time and stored with the request, before anything of it is tried:
 * a repeat finds it, whatever else it comes with.
 */
export const receiveItems = async (server: DialectServer, receiving: Receiving): Promise<Received> => {
  const { ctx, operations } = server;
  const { principal, items, requestId, address } = receiving;
  const good = items.filter(isItem);
  await checkSender(ctx, principal, receiving.device);
  const prepared = await ctx.db.transaction('write', (tx) => prepare(ctx, tx, receiving, good));
  const { request, text, made } = prepared;
  const answer =
    request.mutations.length === 0
      ? undefined
      : await operations.push(principal, request, text, { requestId, address, isKept: true });
  const answers = new Map(
    (answer?.answers ?? []).map((one) => [
      one.kind === 'outcome' ? one.outcome.mutationId : one.mutationId,
      one,
    ]),
  );
  const results = items.map((item): ItemResult => {
    if (isBad(item)) return { kind: 'bad', problem: item.problem };
    const place = made.get(item);
    if (place === undefined) return { kind: 'bad', problem: reused(item) };
    const { mutation, change } = place;
    const told = answers.get(mutation.mutationId);
    const sent = mutation.changes[change];
    invariant(told !== undefined && sent !== undefined, 'every mutation has its answer');
    switch (told.kind) {
      case 'outcome':
        return { kind: 'outcome', item, sent, outcome: told.outcome, change: told.outcome.changes[change] };
      case 'held':
        return { kind: 'held', item, parent: told.parent };
      case 'needs-earlier':
        return { kind: 'bad', problem: new SatchelError('server_busy').toProblem() };
      default:
        return unreachable(told);
    }
  });
  return { batchId: request.batchId, serverTime: answer?.serverTime ?? ctx.clock.now(), results };
};

const reused = ({ name, version }: Item): Problem =>
  new SatchelError('item_reused', { name, version }).toProblem();

interface Prepared {
  readonly request: PushRequest;
  readonly text: string;
  /** Items that are not here came before, with other content. */
  readonly made: ReadonlyMap<Item, Made>;
}

interface KnownItem {
  readonly item_id: string;
  readonly hash: string;
  readonly batch_id: string;
  readonly mutation_place: number;
  readonly change_place: number;
}

const hashOf = (content: Json): string => hash('sha256', JSON.stringify(content), 'hex');

const prepare = async (
  ctx: ServerContext,
  tx: Transaction,
  receiving: Receiving,
  items: readonly Item[],
): Promise<Prepared> => {
  const { principal, device } = receiving;
  const { clientId } = device;
  const ids = new Map(items.map((item) => [item, itemIdOf(clientId, item.name, item.version)]));
  // From here on requests of one device come one after the other.
  const firstSeq = await takeSeqs(tx, device, items.length);
  const known = await readKnownItems(tx, clientId, [...ids.values()]);
  const requests = await readRequests(tx, principal, [
    ...new Set([...known.values()].map(({ batch_id }) => batch_id)),
  ]);
  const made = new Map<Item, Made>();
  const fresh: Item[] = [];
  const hashes = new Map<Item, string>();
  for (const item of items) {
    const content = hashOf(item.content);
    const before = known.get(ids.get(item) ?? '');
    if (before === undefined) {
      hashes.set(item, content);
      fresh.push(item);
    } else if (before.hash === content) {
      const mutation = requests.get(before.batch_id)?.[before.mutation_place];
      // Of a request that is no longer kept: it is settled, and nothing more is known.
      if (mutation !== undefined) made.set(item, { item, mutation, change: before.change_place });
    }
  }
  const batchId = newUuidV7(ctx.clock, ctx.random);
  const mutations = await makeMutations(ctx, tx, receiving, fresh, { ids, firstSeq }, made);
  const again = new Set([...made.values()].map(({ mutation }) => mutation));
  for (const mutation of mutations) again.delete(mutation);
  const request: PushRequest = {
    protocolVersion: PROTOCOL_VERSION,
    schemaVersion: ctx.app.schemaVersion,
    batchId,
    clientId,
    runId: runIdOf(clientId),
    sentAt: `${ctx.clock.now()}:0:${nodeOf(clientId)}`,
    client: { deviceName: device.deviceId },
    // Whatever such a device has not sent, it does not wait for.
    outstandingFrom: Number.MAX_SAFE_INTEGER,
    mutations: [...mutations, ...again],
  };
  const text = JSON.stringify(request);
  await keepRequest(ctx, tx, receiving, request, text);
  await keepItems(tx, clientId, batchId, fresh, { ids, hashes, made, mutations });
  return { request, text, made };
};

const nodeOf = (clientId: string): string => clientId.replaceAll('-', '').slice(0, 16);

/** Locks the device, and takes as many numbers as it has items at most. */
const takeSeqs = async (tx: Transaction, { clientId, deviceId }: Device, count: number): Promise<number> => {
  const { rows } = await tx.query<{ next_seq: number }>(
    `insert into satchel.dialect_devices as d (client_id, device_id, next_seq) values ($1, $2, 1 + $3)
     on conflict (client_id) do update set next_seq = d.next_seq + $3
     returning next_seq - $3 as next_seq`,
    [clientId, deviceId, count],
    'dialects_seqs',
  );
  return rows[0]?.next_seq ?? 1;
};

const readKnownItems = async (
  tx: Transaction,
  clientId: string,
  itemIds: readonly string[],
): Promise<ReadonlyMap<string, KnownItem>> => {
  const { rows } = await tx.query<KnownItem>(
    `select item_id, encode(hash, 'hex') as hash, batch_id, mutation_place, change_place
       from satchel.dialect_items where client_id = $1 and item_id = any($2::uuid[])`,
    [clientId, itemIds],
    'dialects_known_items',
  );
  return new Map(rows.map((row) => [row.item_id, row]));
};

const makeMutations = async (
  ctx: ServerContext,
  tx: Transaction,
  { principal, device, positionOf }: Receiving,
  items: readonly Item[],
  { ids, firstSeq }: { readonly ids: ReadonlyMap<Item, string>; readonly firstSeq: number },
  made: Map<Item, Made>,
): Promise<readonly Mutation[]> => {
  const { clientId } = device;
  const now = ctx.clock.now();
  // What says itself that it is new needs no base.
  const asked = items
    .filter(({ op }) => op !== 'create')
    .map((item) => ({
      table: item.table,
      key: item.key,
      version: item.baseVersion,
      position: positionOf(item),
    }));
  const bases = new Map<RowAddress, Base>(await readBases(ctx, tx, { principal, clientId }, asked));
  const gifts = new Map<string, Values>();
  const given = (table: string): Values => {
    let values = gifts.get(table);
    if (values === undefined) {
      values = ctx.app.http.given[table]?.(principal) ?? {};
      gifts.set(table, values);
    }
    return values;
  };
  const newest = new NewestStanding();
  const making = { maxTextBytes: ctx.app.limits.maxTextBytes, given };
  const mutations = groupItems(ctx.app, items, bases).map((group, at): Mutation => {
    const mutationId = ids.get(group[0]!)!;
    newest.look(positionOf(group[0]!), firstSeq + at);
    const changes = group.map((item) => {
      const address = rowAddress(item.table.name, item.key);
      const change = makeChange(item, bases.get(address), making);
      bases.set(address, afterChange(bases.get(address), change, mutationId));
      return change;
    });
    const millis = Math.max(
      0,
      group.reduce((latest, { stamp }) => Math.max(latest, stamp ?? now), 0),
    );
    const mutation: Mutation = {
      mutationId,
      seq: firstSeq + at,
      hlc: `${millis}:${at % 65_536}:${nodeOf(clientId)}`,
      author: principal.userId,
      schemaVersion: ctx.app.schemaVersion,
      changes,
    };
    for (const [change, item] of group.entries()) made.set(item, { item, mutation, change });
    return mutation;
  });
  // From there on an old key is no longer the row that got another one.
  if (newest.snapshot !== undefined)
    await noteKnownRenames(tx, { clientId, runId: runIdOf(clientId) }, newest.snapshot, newest.seq);
  return mutations;
};

/** The most that the device had received of what became of its items, and the first edit made then. */
class NewestStanding {
  snapshot: string | undefined;
  seq = 0;
  #xmax = -1n;

  look(position: Position | null | undefined, seq: number): void {
    if (!position) return;
    const { xmax } = parseSnapshot(position.outcomes);
    if (xmax <= this.#xmax) return;
    this.#xmax = xmax;
    this.snapshot = position.outcomes;
    this.seq = seq;
  }
}

/** The native request first, so that nothing is tried that is not stored; then what came. */
const keepRequest = async (
  ctx: ServerContext,
  tx: Transaction,
  { dialect, principal, device, raw, requestId, address }: Receiving,
  { batchId, mutations }: PushRequest,
  text: string,
): Promise<void> => {
  if (mutations.length > 0)
    await tx.query(
      `insert into satchel.batches
       (batch_id, principal, client_id, received_at, request_id, address, channel, roles, claims, body)
     values ($1, $2, $3, satchel.now_ms(), $4, $5, $6, $7, $8, $9)`,
      [
        batchId,
        principal.id,
        device.clientId,
        requestId,
        address,
        principal.channel,
        [...principal.roles],
        JSON.stringify(principal.claims),
        text,
      ],
      'dialects_keep_request',
    );
  await tx.query(
    `insert into satchel.dialect_batches (batch_id, principal, client_id, dialect, received_at, body)
     values ($1, $2, $3, $4, $5, $6)`,
    [batchId, principal.id, device.clientId, dialect, ctx.clock.now(), raw],
    'dialects_keep_batch',
  );
};

const keepItems = async (
  tx: Transaction,
  clientId: string,
  batchId: string,
  items: readonly Item[],
  given: {
    readonly ids: ReadonlyMap<Item, string>;
    readonly hashes: ReadonlyMap<Item, string>;
    readonly made: ReadonlyMap<Item, Made>;
    readonly mutations: readonly Mutation[];
  },
): Promise<void> => {
  if (items.length === 0) return;
  const places = new Map(given.mutations.map((mutation, at) => [mutation, at]));
  const made = items.map((item) => given.made.get(item)!);
  await tx.query(
    `insert into satchel.dialect_items
       (client_id, item_id, hash, batch_id, mutation_id, mutation_place, change_place)
     select $1, k.item_id, decode(k.hash, 'hex'), $2, k.mutation_id, k.mutation_place, k.change_place
       from unnest($3::uuid[], $4::text[], $5::uuid[], $6::int[], $7::int[])
              k(item_id, hash, mutation_id, mutation_place, change_place)`,
    [
      clientId,
      batchId,
      items.map((item) => given.ids.get(item)),
      items.map((item) => given.hashes.get(item)),
      made.map(({ mutation }) => mutation.mutationId),
      made.map(({ mutation }) => places.get(mutation)),
      made.map(({ change }) => change),
    ],
    'dialects_keep_items',
  );
};
