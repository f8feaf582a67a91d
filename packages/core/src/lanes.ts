import type { Op } from '@satchel/protocol';
import type { OutboxState } from './outbox-state.ts';

/** What a mutation does to a row. `row` is any text that names one row of one table, see `rowName`. */
export interface RowTouch {
  readonly row: string;
  readonly op: Op;
}

/** A mutation of the outbox, as far as sending order is concerned. */
export interface OutboxItem {
  /** Order of writing, which is the order of `seq` within a run. */
  readonly position: number;
  readonly lane: string;
  readonly state: OutboxState;
  /** UTC milliseconds before which it may not be tried again. */
  readonly nextAt: number | null;
  /** Bytes on the wire. */
  readonly bytes: number;
  readonly touches: readonly RowTouch[];
  /** Rows that its rows refer to, before the mutation or after it. */
  readonly references: readonly string[];
}

export interface BatchOptions {
  /** All lanes, from the most urgent to the least. */
  readonly laneOrder: readonly string[];
  /** Only mutations of these lanes start a batch; what they depend on comes along whatever its lane. */
  readonly lanes: readonly string[];
  /** UTC milliseconds. */
  readonly now: number;
  readonly maxItems: number;
  readonly maxBytes: number;
  /** Send in the order of writing up to this position, whatever the lanes (answer `needs-earlier`). */
  readonly upTo?: number;
}

/** A row's name among all tables. */
export const rowName = (table: string, key: string): string => `${table}\u0000${key}`;

interface Node {
  readonly item: OutboxItem;
  /** Indexes of what must be sent before it. All are lower than its own. */
  readonly needs: readonly number[];
}

/**
 * What each mutation depends on (rule 63), among those not settled:
 * - the last one before it that touched one of its rows;
 * - the last one before it that inserted a row which it refers to;
 * - all before it that refer, or referred, to a row which it deletes.
 *
 * A mutation under review has reached the server: later edits of its rows go there too
 * and join that review, but what refers to a row that it inserts waits.
 */
const buildNodes = (items: readonly OutboxItem[]): Node[] => {
  const pending = items
    .filter(({ state }) => state !== 'settled' && state !== 'quarantined')
    .sort((a, b) => a.position - b.position);
  const lastTouch = new Map<string, number>();
  const lastInsert = new Map<string, number>();
  const referrers = new Map<string, number[]>();
  // What inserted a row is asked for by references alone.
  const someRefer = pending.some(({ references }) => references.length > 0);
  const nodes: Node[] = [];
  for (const [index, item] of pending.entries()) {
    const needs: number[] = [];
    for (const row of item.references) {
      const inserted = lastInsert.get(row);
      if (inserted !== undefined) needs.push(inserted);
    }
    for (const { row, op } of item.touches) {
      const touched = lastTouch.get(row);
      if (touched !== undefined && pending[touched]!.state !== 'review') needs.push(touched);
      if (op === 'delete') for (const referrer of referrers.get(row) ?? []) needs.push(referrer);
    }
    for (const { row, op } of item.touches) {
      lastTouch.set(row, index);
      if (someRefer && op === 'insert') lastInsert.set(row, index);
    }
    for (const row of item.references) {
      const list = referrers.get(row);
      if (!list) referrers.set(row, [index]);
      else if (list.at(-1) !== index) list.push(index);
    }
    nodes.push({ item, needs: needs.length > 1 ? [...new Set(needs)] : needs });
  }
  return nodes;
};

const mayGo = (item: OutboxItem, now: number): boolean =>
  item.state === 'queued' && (item.nextAt === null || item.nextAt <= now);

/** Whether each node can be sent now, with all that it needs. */
const sendable = (nodes: readonly Node[], now: number): boolean[] => {
  const can: boolean[] = [];
  for (const { item, needs } of nodes) can.push(mayGo(item, now) && needs.every((need) => can[need]!));
  return can;
};

/** The node and all that it needs that is not yet in `sent`, in the order of writing. */
const drag = (nodes: readonly Node[], start: number, sent: ReadonlySet<number>): number[] => {
  const found = new Set<number>();
  const waiting = [start];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (found.has(index) || sent.has(index)) continue;
    found.add(index);
    waiting.push(...nodes[index]!.needs);
  }
  return [...found].sort((a, b) => a - b);
};

/** Node indexes in sending order: lane by lane, each with what it needs before it. */
function* inSendingOrder(
  nodes: readonly Node[],
  can: readonly boolean[],
  laneOrder: readonly string[],
  startLanes: readonly string[],
): Generator<number> {
  const sent = new Set<number>();
  const lanes = laneOrder.length > 0 ? laneOrder : startLanes;
  const inLanes = byLane(nodes, laneOrder);
  for (const lane of lanes) {
    if (!startLanes.includes(lane)) continue;
    for (const index of inLanes.get(lane) ?? []) {
      if (!can[index] || sent.has(index)) continue;
      // Most need nothing.
      const dragged = nodes[index]!.needs.length === 0 ? [index] : drag(nodes, index, sent);
      for (const each of dragged) {
        sent.add(each);
        yield each;
      }
    }
  }
}

/** Node indexes of each lane, in the order of writing. A lane that the app no longer has goes with the last one. */
const byLane = (nodes: readonly Node[], laneOrder: readonly string[]): ReadonlyMap<string, number[]> => {
  const last = laneOrder.at(-1);
  const lanes = new Map<string, number[]>();
  for (const [index, { item }] of nodes.entries()) {
    const lane = last === undefined || laneOrder.includes(item.lane) ? item.lane : last;
    const indexes = lanes.get(lane);
    if (indexes) indexes.push(index);
    else lanes.set(lane, [index]);
  }
  return lanes;
};

/**
 * The next mutations to send, as positions in sending order; empty when nothing may go.
 *
 * Urgent lanes go first, then the order of writing, but nothing before what it depends
 * on: never two mutations on one row out of order, a row before what refers to it,
 * changes that let go of a row before its deletion. A mutation that cannot go now
 * (blocked, failed, in flight, waiting for its next try) holds up what depends on it
 * and nothing else. A mutation larger than `maxBytes` goes alone.
 */
export const pickBatch = (items: readonly OutboxItem[], options: BatchOptions): number[] => {
  const nodes = buildNodes(items);
  const can = sendable(nodes, options.now);
  const { upTo } = options;
  const order =
    upTo === undefined
      ? inSendingOrder(nodes, can, options.laneOrder, options.lanes)
      : [...nodes.keys()].filter((index) => can[index] && nodes[index]!.item.position <= upTo);
  const picked: number[] = [];
  let bytes = 0;
  for (const index of order) {
    const { item } = nodes[index]!;
    if (picked.length >= options.maxItems) break;
    if (picked.length > 0 && bytes + item.bytes > options.maxBytes) break;
    picked.push(item.position);
    bytes += item.bytes;
  }
  return picked;
};

/** All mutations not settled, as positions in the order in which they will be sent. */
export const orderOutbox = (items: readonly OutboxItem[], laneOrder: readonly string[]): number[] => {
  const nodes = buildNodes(items);
  const all = nodes.map(() => true);
  const lanes = laneOrder.length > 0 ? laneOrder : [...new Set(items.map(({ lane }) => lane))];
  return [...inSendingOrder(nodes, all, lanes, lanes)].map((index) => nodes[index]!.item.position);
};

/**
 * For each mutation that waits behind one which cannot go (`failed`), directly or
 * through others: its position and that of the first such one.
 */
export const findBlocked = (items: readonly OutboxItem[]): Map<number, number> => {
  const nodes = buildNodes(items);
  const stuck: (number | undefined)[] = [];
  const blocked = new Map<number, number>();
  for (const { item, needs } of nodes) {
    const behind = needs.map((need) => stuck[need]).find((position) => position !== undefined);
    stuck.push(item.state === 'failed' ? item.position : behind);
    if (behind !== undefined && item.state !== 'failed') blocked.set(item.position, behind);
  }
  return blocked;
};
