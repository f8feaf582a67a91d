import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newUuidV7 } from '@satchel/core';
import { type Database, systemClock, systemRandom } from '@satchel/server';
import { expect } from 'vitest';
import { type Device, openDevice, until } from '../whole/device.ts';
import { freePort, type Service, startService, tokenOf } from '../whole/service.ts';
import { type Cluster, ROLE } from './cluster.ts';
import { openRoad, type Road } from './road.ts';
import { stockApp } from './stock-app.ts';

export const DATABASE = 'stock';
const USERS = ['ana', 'ben', 'cleo'] as const;
type User = (typeof USERS)[number];

const ITEMS = 30;
/** Items that only plain SQL writes after the backup: what is on no device stays lost. */
const PLAIN = ['plain-1', 'plain-2'];

const item = (at: number): string => `item-${at}`;

/** A server, its database behind an address that stays, and three devices of one shop. */
export class FieldDay {
  readonly #road: Road;
  readonly #directory = mkdtempSync(join(tmpdir(), 'satchel-point-5-'));
  readonly #service: Service;
  readonly #devices = new Map<User, Device>();
  /** Increments told as done, by item: they are on disk, so they count once and for ever. */
  readonly #increments = new Map<string, number>();
  /** Every mutation told as done. */
  readonly #told = new Map<string, User>();
  readonly #sales = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #mute = new Set<User>();
  #writes = 0;

  private constructor(road: Road, service: Service) {
    this.#road = road;
    this.#service = service;
  }

  static async begin(cluster: Cluster): Promise<FieldDay> {
    await cluster.createDatabase(DATABASE);
    const road = await openRoad();
    road.leadTo(cluster.url);
    const url = `postgres://${ROLE.name}:${ROLE.password}@${encodeURIComponent(road.folder)}:${road.port}/${DATABASE}`;
    const service = await startService({ app: stockApp, database: url, port: await freePort() });
    const day = new FieldDay(road, service);
    await day.#populate(cluster);
    for (const user of USERS) await day.#open(user);
    return day;
  }

  async end(): Promise<void> {
    for (const device of this.#devices.values()) await device.close();
    await this.#service.stop();
    await this.#road.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get mutations(): number {
    return this.#told.size;
  }

  async #populate(cluster: Cluster): Promise<void> {
    await cluster.on(DATABASE, async (db) => {
      await db.query(
        `insert into items (id, store_id, name) select 'item-' || i, '1', 'as delivered' from generate_series(1, $1) i`,
        [ITEMS],
      );
      await db.query(
        `insert into items (id, store_id, name) select i, '1', 'as delivered' from unnest($1::text[]) i`,
        [PLAIN],
      );
    });
  }

  async #open(user: User): Promise<void> {
    const device = await openDevice({
      app: stockApp,
      directory: join(this.#directory, user),
      server: this.#service.server.url,
      userId: user,
      token: () => tokenOf(user, ['clerk']),
      // Two are told by the live socket, one only asks each second.
      liveAllowed: () => user !== 'ben',
      cut: (path) => this.#mute.has(user) && path === '/v1/push',
    });
    this.#devices.set(user, device);
    await until(device, `${user} has the first copy`, async () => (await device.db.status()).complete);
  }

  device(user: User): Device {
    return this.#devices.get(user)!;
  }

  async #write(user: User, sql: string, parameters: readonly unknown[]): Promise<string> {
    const { mutationId } = await this.device(user).db.write([{ sql, parameters }]);
    if (mutationId === null) throw new Error(`nothing was written by ${sql}`);
    this.#told.set(mutationId, user);
    this.#writes += 1;
    return mutationId;
  }

  async #count(user: User, key: string, by: number): Promise<void> {
    await this.#write(user, 'update items set stock = stock + ? where id = ?', [by, key]);
    this.#increments.set(key, (this.#increments.get(key) ?? 0) + by);
  }

  /** Sends what is waiting, and has what the others sent. */
  async #settle(user: User): Promise<void> {
    const { db } = this.device(user);
    await db.sync.now();
    const { pending, review } = await db.status();
    expect([user, pending - review]).toEqual([user, 0]);
  }

  /** Work as on any day: counters from all sides, one field that goes from hand to hand, sales, tags, a deletion. */
  async work(round: number): Promise<void> {
    for (const user of USERS) {
      for (let at = 0; at < 8; at++) await this.#count(user, item(1 + ((round * 7 + at * 3) % 20)), at + 1);
      const sale = newUuidV7(systemClock, systemRandom);
      await this.#write(user, 'insert into sales (id, item_id, quantity, seller) values (?, ?, ?, ?)', [
        sale,
        item(2),
        round,
        user,
      ]);
      this.#sales.add(sale);
      // Made and changed, and changed twice, in one batch.
      await this.#write(user, 'update sales set quantity = ? where id = ?', [round + 10, sale]);
      for (const word of ['first', 'second'])
        await this.#write(user, 'update items set name = ? where id = ?', [`${user}, ${word}`, item(9)]);
      await this.#write(user, 'update items set tags = ? where id = ?', [
        JSON.stringify(await this.#tagsWith(user, item(3), `${user}-${round}`)),
        item(3),
      ]);
      await this.#settle(user);
    }
    // From hand to hand: each sees what the one before wrote.
    for (const user of USERS) {
      await this.#settle(user);
      await this.#write(user, 'update items set name = ? where id = ?', [`${user}, round ${round}`, item(1)]);
      await this.#settle(user);
    }
    await this.#settle('ana');
    await this.#write('ana', 'delete from items where id = ?', [item(20 + round)]);
    await this.#settle('ana');
  }

  async #tagsWith(user: User, key: string, tag: string): Promise<string[]> {
    const row = await this.device(user).db.get('select tags from items where id = ?', [key]);
    return [...new Set([...(JSON.parse(String(row?.tags ?? '[]')) as string[]), tag])].toSorted();
  }

  /** What policies decided: a loser, a refusal, a clash that waits for a person. Returns the id of the last. */
  async clashes(cluster: Cluster): Promise<void> {
    for (const user of USERS) await this.#settle(user);
    this.#mute.add('ben');
    await this.#write('ben', 'update items set note = ? where id = ?', ['the loser', item(4)]);
    await this.#write('ben', 'update items set remark = ? where id = ?', ['of ben', item(5)]);
    await this.#write('ana', 'update items set note = ? where id = ?', ['the winner', item(4)]);
    await this.#write('ana', 'update items set remark = ? where id = ?', ['of ana', item(5)]);
    await this.#settle('ana');
    this.#mute.delete('ben');
    await this.#settle('ben');
    this.#refused.add(await this.#write('cleo', 'update items set price = ? where id = ?', [7, item(6)]));
    await this.#settle('cleo');
    expect((await this.device('ben').db.status()).review).toBe(1);
    expect((await this.device('cleo').db.status()).quarantined).toBe(1);
    await cluster.on(DATABASE, (db) =>
      db.query(`update items set name = 'by plain SQL, on no device' where id = any($1)`, [PLAIN]),
    );
    for (const user of USERS) await this.#settle(user);
  }

  /** Work that no server has seen when the incident comes. */
  async workAway(user: User): Promise<void> {
    this.device(user).setOnline(false);
    for (let at = 0; at < 10; at++) await this.#count(user, item(1 + at), 100);
    await this.#write(user, 'update items set name = ? where id = ?', [`${user}, away`, item(7)]);
    const sale = newUuidV7(systemClock, systemRandom);
    await this.#write(user, 'insert into sales (id, item_id, quantity, seller) values (?, ?, ?, ?)', [
      sale,
      item(8),
      1,
      user,
    ]);
    this.#sales.add(sale);
  }

  cutOff(): void {
    this.#road.cut();
  }

  leadTo(cluster: Cluster): void {
    this.#road.leadTo(cluster.url);
  }

  async rows(cluster: Cluster): Promise<Record<string, Record<string, unknown>>> {
    return cluster.on(DATABASE, rowsOf);
  }

  /**
   * From here on nobody types a command. The devices come back in the order given; each
   * is waited for before the next one comes.
   */
  async comeBack(cluster: Cluster, order: readonly User[]): Promise<void> {
    for (const user of order) {
      const device = this.device(user);
      device.setOnline(true);
      await until(device, `${user} has offered and sent all`, async () => {
        const { pending, review, phase } = await device.db.status();
        return pending === review && phase !== 'syncing' && (await this.#isKnown(cluster, user));
      });
    }
  }

  /** Whether the server has an outcome, or a review, of every mutation of the user. */
  async #isKnown(cluster: Cluster, user: User): Promise<boolean> {
    const mine = [...this.#told].flatMap(([mutationId, who]) => (who === user ? [mutationId] : []));
    const { rows } = await cluster.on(DATABASE, (db) =>
      db.query<{ known: number }>(
        'select count(distinct mutation_id)::int as known from satchel.mutations where mutation_id = any($1::uuid[])',
        [mine],
      ),
    );
    return rows[0]?.known === mine.length;
  }

  /** Resolves the clash that waited through it all, and waits until all devices show what the server has. */
  async converge(cluster: Cluster): Promise<void> {
    const token = await tokenOf('admin', ['admin', 'boss']);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const { url } = this.#service.server;
    const open = (await (await fetch(`${url}/v1/conflicts?state=open`, { headers })).json()) as {
      conflicts: { conflictId: string; key: string; client: unknown; server: unknown }[];
    };
    expect(open.conflicts).toMatchObject([{ key: item(5), client: { remark: 'of ben' } }]);
    const answer = await fetch(`${url}/v1/conflicts/${open.conflicts[0]!.conflictId}/resolve`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ decision: 'accept-client' }),
    });
    expect(answer.status).toBe(200);
    for (const user of USERS) {
      const device = this.device(user);
      let differing = '';
      await until(device, `${user} shows what the server has`, async () => {
        if ((await device.db.status()).pending > 0) return false;
        const there = await this.rows(cluster);
        const here = await heldOf(device);
        differing = firstDifference(there, here);
        return differing === '';
      }).catch((error: Error) => {
        throw new Error(`${error.message}; ${differing}`);
      });
    }
  }

  /** The server's rows are those of before, but for what was on no device, and with what was made since. */
  async checkAll(
    cluster: Cluster,
    before: Record<string, Record<string, unknown>>,
    options: { readonly plainLost: boolean },
  ): Promise<void> {
    const now = await this.rows(cluster);
    const items = now.items ?? {};
    const field = (key: string, name: string): unknown =>
      (items[key] as Record<string, unknown> | undefined)?.[name];
    for (const [key, by] of this.#increments) {
      if (key in items) expect([key, field(key, 'stock')]).toEqual([key, by]);
    }
    expect(Object.keys(now.sales ?? {}).toSorted()).toEqual([...this.#sales].toSorted());
    expect(Object.keys(items)).toEqual(Object.keys(before.items ?? {}));
    for (const [key, row] of Object.entries(before.items ?? {})) {
      const { stock: _stock, ...rest } = row as Record<string, unknown>;
      const expected: Record<string, unknown> = {
        ...rest,
        ...(key === item(5) ? { remark: 'of ben' } : {}),
        ...(key === item(7) ? { name: 'cleo, away' } : {}),
        ...(PLAIN.includes(key) && options.plainLost ? { name: 'as delivered' } : {}),
      };
      expect([key, items[key]]).toMatchObject([key, expected]);
    }
    const { rows } = await cluster.on(DATABASE, (db) =>
      db.query<{ mutation_id: string; times: number; outcome: string | null; state: string }>(
        `select mutation_id, count(*)::int as times, min(outcome ->> 'outcome') as outcome, min(state) as state
         from satchel.mutations where mutation_id = any($1::uuid[]) group by mutation_id`,
        [[...this.#told.keys()]],
      ),
    );
    expect(rows.length).toBe(this.#told.size);
    expect(rows.filter(({ times, state }) => times !== 1 || state !== 'settled')).toEqual([]);
    const refused = rows
      .filter(({ outcome }) => outcome === 'rejected')
      .map(({ mutation_id }) => mutation_id);
    expect(refused).toEqual([...this.#refused]);
    expect(await this.device('cleo').db.quarantine.list()).toMatchObject([
      { mutationId: refused[0], problem: { code: 'column_denied' } },
    ]);
  }
}

const ROWS = `
select
  (select json_object_agg(id, json_build_object('name', name, 'note', note, 'remark', remark, 'price', price,
     'stock', stock, 'tags', tags) order by id collate "C") from items) as items,
  (select json_object_agg(id, json_build_object('itemId', item_id, 'quantity', quantity, 'seller', seller)
     order by id collate "C") from sales) as sales`;

const rowsOf = async (db: Database): Promise<Record<string, Record<string, unknown>>> => {
  const { rows } = await db.query<Record<string, Record<string, unknown> | null>>(ROWS);
  return { items: rows[0]?.items ?? {}, sales: rows[0]?.sales ?? {} };
};

const heldOf = async ({ db }: Device): Promise<Record<string, Record<string, unknown>>> => ({
  items: Object.fromEntries(
    (await db.all('select id, name, note, remark, price, stock, tags from items order by id')).map(
      ({ id, tags, ...row }) => [id, { ...row, tags: JSON.parse(String(tags)) }],
    ),
  ),
  sales: Object.fromEntries(
    (await db.all('select id, item_id as itemId, quantity, seller from sales order by id')).map(
      ({ id, ...row }) => [id, row],
    ),
  ),
});

const firstDifference = (
  there: Record<string, Record<string, unknown>>,
  here: Record<string, Record<string, unknown>>,
): string => {
  for (const table of Object.keys(there)) {
    const keys = new Set([...Object.keys(there[table] ?? {}), ...Object.keys(here[table] ?? {})]);
    for (const key of keys) {
      const [a, b] = [JSON.stringify(there[table]?.[key]), JSON.stringify(here[table]?.[key])];
      if (a !== b) return `${table} ${key}: the server has ${a}, the device ${b}`;
    }
  }
  return '';
};
