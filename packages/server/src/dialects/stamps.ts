import { SatchelError } from '@satchel/protocol';
import type { Principal, Table } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Position } from '../pull/position.ts';
import { cursorAtTime, positionAt } from './cursors.ts';
import type { Device } from './device.ts';
import type { Item } from './items.ts';
import { timeAt } from './wire-time.ts';

/**
 * What a time stands for: cursors, by the set of tables that they were pulled for.
 * `ALL` is every table. A set that is not here was never pulled.
 */
export type Cursors = Readonly<Record<string, string>>;

export const ALL = '*';

/** The name of a set of tables. */
export const setName = (tables: readonly string[] | undefined): string =>
  tables === undefined ? ALL : [...new Set(tables)].sort().join(',');

/** What a device says that it has. */
export type Since =
  /** Nothing yet. */
  | { readonly kind: 'nothing' }
  /** A time that this server gave it. */
  | { readonly kind: 'stamp'; readonly at: number; readonly cursors: Cursors }
  /** A time from elsewhere. */
  | { readonly kind: 'time'; readonly at: number };

/** Stamps of a device that are kept; who sends an older one is taken at its time. */
const KEPT = 200;

/**
 * What a time in a request means. One that the server gave this device leads back to
 * the very cursor, so that whoever keeps sending the server's own times misses nothing,
 * whatever commits late.
 *
 * @throws `request_invalid` at `path` for what is no time
 */
export const sinceOf = async (
  ctx: ServerContext,
  { clientId }: Device,
  path: string,
  given: unknown,
): Promise<Since> => {
  if (given === undefined || given === null || given === '') return { kind: 'nothing' };
  const at = timeAt(path, given);
  const { rows } = await ctx.db.query<{ cursors: string | null }>(
    'select cursors from satchel.dialect_stamps where client_id = $1 and at = $2',
    [clientId, at],
    'dialects_stamp',
  );
  const [row] = rows;
  if (row === undefined) return { kind: 'time', at };
  return row.cursors === null
    ? { kind: 'nothing' }
    : { kind: 'stamp', at, cursors: JSON.parse(row.cursors) as Cursors };
};

/** The cursor to pull these tables from: that of their own set, else of one that holds them all. */
export const cursorFor = (
  ctx: ServerContext,
  principal: Principal,
  since: Since,
  tables: readonly string[] | undefined,
): Promise<string | null> => {
  switch (since.kind) {
    case 'nothing':
      return Promise.resolve(null);
    case 'time':
      return cursorAtTime(ctx, principal, tables, since.at);
    case 'stamp':
      return Promise.resolve(since.cursors[setName(tables)] ?? wider(since.cursors, tables) ?? null);
  }
};

const wider = (cursors: Cursors, tables: readonly string[] | undefined): string | undefined => {
  if (cursors[ALL] !== undefined || tables === undefined) return cursors[ALL];
  return Object.entries(cursors).find(([name]) => {
    const set = name.split(',');
    return tables.every((table) => set.includes(table));
  })?.[1];
};

/** An edit, and when it was made by the device's clock. */
type Edit = Pick<Item, 'table' | 'stamp'>;

/**
 * What a device held of a table when it made an edit. Devices that pull before they
 * push name the later pull: an edit made before it stands on the one before. (An edit
 * dated before every pull says nothing: the clock of its device is not ours.)
 */
export const positionsOf = async (
  ctx: ServerContext,
  principal: Principal,
  { clientId }: Device,
  since: Since,
  edits: readonly Edit[],
): Promise<(edit: Edit) => Position | null | undefined> => {
  const former = since.kind === 'stamp' ? await stampsBefore(ctx, clientId, since.at, edits) : [];
  const standingAt = (stamp: number | undefined): Since =>
    (stamp === undefined ? undefined : former.find(({ at }) => at <= stamp)) ?? since;
  const tokens = new Map<Since, Map<Table, string | null>>();
  const tokenOf = (standing: Since, table: Table): string | null => tokens.get(standing)?.get(table) ?? null;
  for (const { table, stamp } of edits) {
    const standing = standingAt(stamp);
    const known = tokens.get(standing) ?? new Map<Table, string | null>();
    tokens.set(standing, known);
    if (!known.has(table)) known.set(table, await cursorFor(ctx, principal, standing, [table.name]));
  }
  const positions = new Map<string | null, Position | null | undefined>();
  for (const token of new Set([...tokens.values()].flatMap((known) => [...known.values()])))
    positions.set(token, await positionAt(ctx, token));
  return ({ table, stamp }) => positions.get(tokenOf(standingAt(stamp), table));
};

/** The device's stamps up to `at`, the newest first, if some edit is older than that. */
const stampsBefore = async (
  ctx: ServerContext,
  clientId: string,
  at: number,
  edits: readonly Edit[],
): Promise<readonly (Since & { readonly kind: 'stamp' })[]> => {
  if (!edits.some(({ stamp }) => stamp !== undefined && stamp < at)) return [];
  const { rows } = await ctx.db.query<{ at: number; cursors: string }>(
    `select at, cursors from satchel.dialect_stamps
      where client_id = $1 and at <= $2 and cursors is not null order by at desc`,
    [clientId, at],
    'dialects_stamps_before',
  );
  return rows.map((row) => ({ kind: 'stamp', at: row.at, cursors: JSON.parse(row.cursors) as Cursors }));
};

/**
 * Gives the device a time that stands for these cursors; never the same twice. `null`:
 * for a device that has nothing.
 */
export const giveStamp = async (
  ctx: ServerContext,
  { clientId, deviceId }: Device,
  cursors: Cursors | null,
): Promise<number> => {
  // A stamp that a crash took is a time from elsewhere: nothing is missed, so none waits for the disk.
  const { rows } = await ctx.db.query<{ at: number }>(
    `with quick as materialized (select set_config('synchronous_commit', 'off', true) as off),
     next as (
       insert into satchel.dialect_devices as d (client_id, device_id, last_stamp)
       select $1, $2, $3 from quick where off = 'off'
       on conflict (client_id) do update set last_stamp = greatest($3, d.last_stamp + 1)
       returning last_stamp as at
     ), old as (
       delete from satchel.dialect_stamps where client_id = $1 and at < (
         select at from satchel.dialect_stamps where client_id = $1 order by at desc offset $5 limit 1)
     )
     insert into satchel.dialect_stamps (client_id, at, cursors) select $1, at, $4 from next returning at`,
    [clientId, deviceId, ctx.clock.now(), cursors === null ? null : JSON.stringify(cursors), KEPT],
    'dialects_give_stamp',
  );
  const at = rows[0]?.at;
  if (at === undefined) throw new SatchelError('server_busy');
  return at;
};

/** The cursors of a device that has pulled these tables once more. */
export const withCursor = (since: Since, tables: readonly string[] | undefined, token: string): Cursors =>
  tables === undefined
    ? { [ALL]: token }
    : { ...(since.kind === 'stamp' ? since.cursors : {}), [setName(tables)]: token };

/** The time that a push answers with: the device holds what it held before. */
export const stampOfPush = async (
  ctx: ServerContext,
  principal: Principal,
  device: Device,
  since: Since,
): Promise<number> => {
  switch (since.kind) {
    case 'nothing':
      return await giveStamp(ctx, device, null);
    case 'stamp':
      return await giveStamp(ctx, device, since.cursors);
    case 'time': {
      const token = await cursorAtTime(ctx, principal, undefined, since.at);
      return await giveStamp(ctx, device, token === null ? null : { [ALL]: token });
    }
  }
};
