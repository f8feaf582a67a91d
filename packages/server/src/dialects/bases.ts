import { isVisible, parseSnapshot, type Snapshot } from '@satchel/core';
import type { Seen, Value, Values } from '@satchel/protocol';
import type { Principal, Table } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { intersectSnapshots } from '../moments/intersect-snapshots.ts';
import type { Queryable } from '../postgres/database.ts';
import type { Position } from '../pull/position.ts';
import { scopesFor } from '../pull/scopes.ts';
import { type RowAddress, rowAddress } from '../push/row-address.ts';
import { tableSql, valuesFromJson } from '../push/table-sql.ts';
import { type OwnEdit, readOwnEdits } from './own-edits.ts';

/** A row that an item names. */
export interface BaseAsked {
  readonly table: Table;
  readonly key: string;
  /** The version that the device says it had. */
  readonly version: number | undefined;
  /** What the device holds of the table: `null` nothing yet, `undefined` not known. */
  readonly position: Position | null | undefined;
}

/** The row as the device had it. */
export type Had =
  | { readonly kind: 'known'; readonly version: number; readonly values: Values }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown' };

export interface Base {
  readonly had: Had;
  /** The row as it is, if the principal's scopes hold it. */
  readonly current: Values | null;
  /** It is there or was there once. */
  readonly isKnownHere: boolean;
  /** By column, what the device itself wrote since. */
  readonly seen: Readonly<Record<string, Seen>>;
  /** Its last own mutation of the row since. */
  readonly after: string | undefined;
  /** One of them made the row. */
  readonly isOwn: boolean;
}

/**
 * What a device had when it edited. Its items carry no base: it is the row as the audit
 * has it at the version that the device names, or at its cursor; with what the device
 * itself wrote since laid over it.
 *
 * Rows are read before their entries: a row whose entry says that it is unchanged since
 * the cursor was unchanged when it was read.
 */
export const readBases = async (
  ctx: ServerContext,
  tx: Queryable,
  sender: { readonly principal: Principal; readonly clientId: string },
  asked: readonly BaseAsked[],
): Promise<ReadonlyMap<RowAddress, Base>> => {
  if (asked.length === 0) return new Map();
  const scopes = new Set(await scopesFor(ctx, tx, sender.principal));
  const rows = await readCurrent(ctx, tx, asked);
  const entries = await readEntries(ctx, tx, asked);
  const found = asked.map((ask, at) => standingOf(ask, rows.get(addressOf(ask)) ?? null, entries[at] ?? []));
  // Nothing of what has no entry was ever here.
  const touched = found.filter(({ entries }) => entries.length > 0);
  const audited = await readAudit(
    ctx,
    tx,
    touched.filter(({ had }) => had === undefined),
  );
  const edits = await readOwnEdits(
    ctx,
    tx,
    sender,
    touched.map(({ ask, snapshot }) => ({
      table: ask.table,
      key: ask.key,
      since: snapshot,
      above: ask.version,
    })),
  );
  const bases = new Map<RowAddress, Base>();
  for (const one of found) {
    const address = addressOf(one.ask);
    const isInReach = one.entries.some(
      ({ scope, present, deleted }) => scopes.has(scope) && (present || deleted),
    );
    bases.set(address, {
      had: one.had ?? audited.get(address) ?? { kind: 'unknown' },
      current: isInReach ? one.current : null,
      isKnownHere: isInReach && one.entries.length > 0,
      ...laidOver(edits.get(address) ?? []),
    });
  }
  return bases;
};

const addressOf = ({ table, key }: Pick<BaseAsked, 'table' | 'key'>): RowAddress =>
  rowAddress(table.name, key);

const laidOver = (edits: readonly OwnEdit[]): Pick<Base, 'seen' | 'after' | 'isOwn'> => {
  const seen: Record<string, Seen> = {};
  for (const { mutationId, values } of edits)
    for (const [name, value] of Object.entries(values)) seen[name] = { value, mutationId };
  return { seen, after: edits.at(-1)?.mutationId, isOwn: edits.some(({ op }) => op === 'insert') };
};

interface EntryRow {
  readonly place: number;
  readonly scope: string;
  readonly xid: string;
  readonly version: number;
  readonly present: boolean;
  readonly deleted: boolean;
}

interface Standing {
  readonly ask: BaseAsked;
  readonly current: Values | null;
  readonly entries: readonly EntryRow[];
  /** The snapshot up to which the device has the scopes that hold the row. */
  readonly snapshot: Snapshot | undefined;
  /** Absent: the audit knows. */
  readonly had: Had | undefined;
}

const standingOf = (ask: BaseAsked, current: Values | null, entries: readonly EntryRow[]): Standing => {
  const { position, version } = ask;
  const standing = { ask, current, entries };
  const newest = entries.reduce((most, entry) => Math.max(most, entry.version), 0);
  const held = entries.filter(({ scope }) => position?.scopes.has(scope));
  const snapshot = held
    .map(({ scope }) => parseSnapshot(position!.scopes.get(scope)!.s))
    .reduce<Snapshot | undefined>((all, one) => (all ? intersectSnapshots(all, one) : one), undefined);
  const isAt = version !== undefined && version === newest && current !== null;
  if (isAt) return { ...standing, snapshot, had: { kind: 'known', version, values: current } };
  if (version !== undefined && version > 0 && entries.length > 0)
    return { ...standing, snapshot, had: undefined };
  if (position === undefined) return { ...standing, snapshot, had: { kind: 'unknown' } };
  if (snapshot === undefined) return { ...standing, snapshot, had: { kind: 'absent' } };
  if (!held.every(({ xid }) => isVisible(snapshot, BigInt(xid))))
    return { ...standing, snapshot, had: undefined };
  const isThere = current !== null && held.some(({ present }) => present);
  return {
    ...standing,
    snapshot,
    had: isThere ? { kind: 'known', version: newest, values: current } : { kind: 'absent' },
  };
};

const readCurrent = async (
  ctx: ServerContext,
  tx: Queryable,
  asked: readonly BaseAsked[],
): Promise<ReadonlyMap<RowAddress, Values>> => {
  const keys = new Map<Table, string[]>();
  for (const { table, key } of asked) {
    const list = keys.get(table);
    if (list) list.push(key);
    else keys.set(table, [key]);
  }
  const found = new Map<RowAddress, Values>();
  for (const [table, list] of keys) {
    const { read } = tableSql(table);
    const { rows } = await tx.query<{ rows: readonly [string, readonly Value[]][] }>(
      read.text,
      [list],
      read.name,
    );
    for (const [key, values] of rows[0]?.rows ?? [])
      found.set(rowAddress(table.name, key), valuesFromJson(ctx.app.tables[table.name] ?? table, values));
  }
  return found;
};

const idsAndKeys = (
  ctx: ServerContext,
  asked: readonly Pick<BaseAsked, 'table' | 'key'>[],
): [unknown, unknown] => [
  asked.map(({ table }) => ctx.tableIds.get(table.name)),
  asked.map(({ key }) => key),
];

const readEntries = async (
  ctx: ServerContext,
  tx: Queryable,
  asked: readonly BaseAsked[],
): Promise<readonly EntryRow[][]> => {
  const { rows } = await tx.query<EntryRow>(
    `select k.place::int as place, e.scope, e.xid::text as xid, e.version, e.present, e.deleted
       from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
       join satchel.entries e on e.table_id = k.table_id and e.key = k.key`,
    idsAndKeys(ctx, asked),
    'dialects_entries',
  );
  const lists: EntryRow[][] = asked.map(() => []);
  for (const row of rows) lists[row.place - 1]!.push(row);
  return lists;
};

interface AuditRow {
  readonly place: number;
  readonly named: Values | null;
  readonly op: string | null;
  readonly after: Values | null;
  readonly version: number | null;
  readonly next_op: string | null;
  readonly next_before: Values | null;
}

/** The row at the version that the device names; else as the last writer that its cursor sees left it, or the first that it does not see found it. */
const readAudit = async (
  ctx: ServerContext,
  tx: Queryable,
  standings: readonly Standing[],
): Promise<ReadonlyMap<RowAddress, Had>> => {
  if (standings.length === 0) return new Map();
  const { rows } = await tx.query<AuditRow>(
    `select k.place::int as place, n.after as named, v.op, v.after, v.version, x.op as next_op, x.before as next_before
       from unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[])
              with ordinality k(table_id, key, snapshot, named, place)
       left join lateral (
         select a.after from satchel.audit a
          where a.table_id = k.table_id and a.key = k.key and a.version = k.named
          order by a.audit_id desc limit 1) n on true
       left join lateral (
         select a.op, a.after, a.version from satchel.audit a
          where a.table_id = k.table_id and a.key = k.key
            and pg_visible_in_snapshot(a.xid, k.snapshot::pg_snapshot)
          order by a.audit_id desc limit 1) v on true
       left join lateral (
         select a.op, a.before from satchel.audit a
          where a.table_id = k.table_id and a.key = k.key
            and not pg_visible_in_snapshot(a.xid, k.snapshot::pg_snapshot)
          order by a.audit_id limit 1) x on true`,
    [
      ...idsAndKeys(
        ctx,
        standings.map(({ ask }) => ask),
      ),
      standings.map(({ snapshot }) => (snapshot === undefined ? null : snapshotText(snapshot))),
      standings.map(({ ask }) => ask.version ?? null),
    ],
    'dialects_audit',
  );
  return new Map(
    rows.map((row): [RowAddress, Had] => {
      const { ask, snapshot } = standings[row.place - 1]!;
      return [addressOf(ask), hadByAudit(ask, snapshot, row)];
    }),
  );
};

const snapshotText = ({ xmin, xmax, xip }: Snapshot): string => `${xmin}:${xmax}:${xip.join(',')}`;

const hadByAudit = (ask: BaseAsked, snapshot: Snapshot | undefined, row: AuditRow): Had => {
  if (row.named !== null && ask.version !== undefined)
    return { kind: 'known', version: ask.version, values: row.named };
  if (snapshot === undefined) return { kind: ask.position === undefined ? 'unknown' : 'absent' };
  if (row.op !== null)
    return row.after === null
      ? { kind: 'absent' }
      : { kind: 'known', version: row.version ?? 0, values: row.after };
  if (row.next_op !== null)
    return row.next_before === null
      ? { kind: 'absent' }
      : { kind: 'known', version: 0, values: row.next_before };
  return { kind: 'unknown' };
};
