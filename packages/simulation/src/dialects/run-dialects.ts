import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Random } from '@satchel/core';
import { InvariantError, type Json } from '@satchel/protocol';
import { createServer, developmentIssuer, silentLog, systemClock, systemRandom } from '@satchel/server';
import { testDatabase } from '@satchel/testing/postgres';
import { seededRandom } from '@satchel/testing/random';
import { accountFor } from './accounting.ts';
import { ActionsDevice } from './actions-device.ts';
import { dialectApp, STORE } from './dialect-app.ts';
import type { Edit, FieldDevice, ShownRow, Weather } from './field-device.ts';
import { MobileDevice } from './mobile-device.ts';
import { openNativeDevice } from './native-device.ts';
import { differencesFrom, rowsInSql } from './sql-rows.ts';
import { TablesDevice } from './tables-device.ts';

export interface DialectRun {
  readonly seed: number;
  readonly steps: number;
}

/** What a run found; empty lists where everything holds. */
export interface DialectFindings {
  /** Rows that differ from plain SQL, by device. */
  readonly differences: readonly string[];
  /** Values that were written and are nowhere. */
  readonly unaccounted: readonly string[];
  readonly written: number;
  readonly refused: number;
  readonly conflicts: number;
}

/**
 * Native devices and devices of all three dialects work on one store over one server,
 * offline and online, in bad weather, beside plain SQL. In the end all have synced.
 */
export const runDialects = async ({ seed, steps }: DialectRun): Promise<DialectFindings> => {
  const database = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'satchel-dialects-'));
  const issuer = developmentIssuer({ clock: systemClock, random: systemRandom });
  const server = await createServer({
    app: dialectApp,
    database: database.url,
    auth: issuer.auth,
    log: silentLog,
    limits: { requestsPerMinute: 10_000_000 },
  });
  const devices: FieldDevice[] = [];
  try {
    const access = async (name: string) => ({
      url: server.url,
      token: await issuer.issue({ userId: name, lifetime: 86_400 }),
    });
    const now = risingClock();
    for (const at of [1, 2]) {
      devices.push(
        await openNativeDevice(`native-${at}`, await access(`native-${at}`), join(folder, `native-${at}`)),
        new TablesDevice(`tables-${at}`, await access(`tables-${at}`), now),
        new ActionsDevice(`actions-${at}`, await access(`actions-${at}`), now),
        new MobileDevice(`mobile-${at}`, await access(`mobile-${at}`)),
      );
    }
    const field = new Field(seededRandom(seed), devices, (text, parameters) =>
      database.db.query(text, parameters).then(() => undefined),
    );
    for (let step = 0; step < steps; step += 1) await field.step();
    await settle(devices);
    const truth = await rowsInSql(database.db);
    const differences: string[] = [];
    for (const device of devices)
      differences.push(...differencesFrom(truth, device.name, await device.rows()));
    const told = devices.flatMap((device) => device.refused());
    const { rows } = await database.db.query<{ n: number }>(
      'select count(*)::int as n from satchel.conflicts',
    );
    return {
      differences,
      unaccounted: await accountFor(database.db, field.written, told),
      written: field.written.length,
      refused: told.length / 2,
      conflicts: rows[0]?.n ?? 0,
    };
  } finally {
    for (const device of devices) await device.close();
    await server.stop(0);
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
};

/** No two edits of a device are of one millisecond: their time tells them apart. */
const risingClock = (): (() => number) => {
  let last = 0;
  return () => {
    last = Math.max(last + 1, systemClock.now());
    return last;
  };
};

const ROUNDS = 6;

/** Everything is sent and pulled until nothing waits. */
const settle = async (devices: readonly FieldDevice[]): Promise<void> => {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const device of devices) {
      await device.push('fair');
      await device.pull('fair');
    }
  }
  for (const device of devices)
    if ((await device.waiting()) > 0)
      throw new InvariantError(`${device.name} has edits that nobody answers`);
};

type Sql = (text: string, parameters: readonly unknown[]) => Promise<void>;

class Field {
  readonly written: string[] = [];
  readonly #random: Random;
  readonly #devices: readonly FieldDevice[];
  readonly #sql: Sql;
  readonly #keys = new Set<string>();
  #count = 0;

  constructor(random: Random, devices: readonly FieldDevice[], sql: Sql) {
    this.#random = random;
    this.#devices = devices;
    this.#sql = sql;
  }

  #under(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[this.#under(list.length)];
  }

  #unique(author: string): string {
    this.#count += 1;
    const value = `${author}#${this.#count}`;
    this.written.push(value);
    return value;
  }

  async step(): Promise<void> {
    const device = this.#pick(this.#devices)!;
    const dice = this.#random.next();
    if (dice < 0.45) await this.#edit(device);
    else if (dice < 0.68) await device.push(this.#weather());
    else if (dice < 0.88) await device.pull(this.#weather());
    else if (dice < 0.94) await this.#plainSql();
    else await this.#atOnce(device);
  }

  /** Two devices at the same moment. */
  async #atOnce(device: FieldDevice): Promise<void> {
    const other = this.#pick(this.#devices.filter((one) => one !== device))!;
    await Promise.all([device.push('fair'), other.push('fair')]);
    await Promise.all([device.pull('fair'), other.pull('fair')]);
  }

  #weather(): Weather {
    const dice = this.#random.next();
    if (dice < 0.7) return 'fair';
    return dice < 0.8 ? 'request-lost' : dice < 0.92 ? 'answer-lost' : 'twice';
  }

  async #edit(device: FieldDevice): Promise<void> {
    const rows = await device.rows();
    const row = this.#pick(rows);
    const dice = this.#random.next();
    if (row === undefined || dice < 0.25) return await device.save(this.#creation(device, rows));
    if (dice < 0.35 && mayGo(row))
      return await device.save([{ kind: 'delete', table: row.table, key: row.key }]);
    if (dice < 0.45 && row.table === 'notes' && !isLoose(row)) {
      const key = this.#key(device);
      const fields = { noteId: row.key, text: this.#unique(device.name) };
      return await device.save([{ kind: 'create', table: 'lines', key, fields }]);
    }
    await device.save([
      { kind: 'update', table: row.table, key: row.key, fields: this.#change(device, row) },
    ]);
  }

  #key(device: FieldDevice): string {
    this.#count += 1;
    return `${device.name}-${this.#count}`;
  }

  /** Sometimes a key that another device takes too. */
  #noteKey(device: FieldDevice, rows: readonly ShownRow[]): string {
    const shared = `shared-${this.#under(20)}`;
    const own = `${device.name} ${shared}`;
    const isShown = rows.some(({ key }) => key === shared);
    if (this.#random.next() > 0.15 || this.#keys.has(own) || isShown) return this.#key(device);
    this.#keys.add(own);
    return shared;
  }

  #creation(device: FieldDevice, rows: readonly ShownRow[]): readonly Edit[] {
    const loose = this.#random.next() < 0.4;
    const key = this.#noteKey(device, rows);
    const note: Edit = {
      kind: 'create',
      table: 'notes',
      key,
      fields: {
        title: `${loose ? 'loose ' : ''}${this.#unique(device.name)}`,
        body: this.#unique(device.name),
        hits: this.#under(5),
        labels: ['new'],
      },
    };
    if (loose || this.#random.next() < 0.5) return [note];
    const fields = { noteId: key, text: this.#unique(device.name) };
    return [note, { kind: 'create', table: 'lines', key: this.#key(device), fields }];
  }

  #change(device: FieldDevice, row: ShownRow): Readonly<Record<string, Json>> {
    if (row.table === 'lines') return { text: this.#unique(device.name) };
    const dice = this.#random.next();
    if (dice < 0.35) return { title: `${isLoose(row) ? 'loose ' : ''}${this.#unique(device.name)}` };
    if (dice < 0.7) return { body: this.#unique(device.name) };
    if (dice < 0.85) return { hits: Number(row.fields.hits) + 1 + this.#under(3) };
    const labels = new Set([...(row.fields.labels as string[]), `l${this.#under(6)}`]);
    return { labels: [...labels].sort() };
  }

  async #plainSql(): Promise<void> {
    const value = this.#unique('sql');
    const place = this.#random.next();
    if (this.#random.next() < 0.3)
      return await this.#sql(
        `insert into notes (id, store_id, title, body) values ($1, $2, 'loose ' || $3, $3)`,
        [`sql-${this.#count}`, STORE, value],
      );
    await this.#sql(
      `update notes set body = $1 where id = (select id from notes order by md5(id || $2) limit 1)`,
      [value, String(place)],
    );
    // There may have been no row to write to.
    await this.#sql(
      `insert into notes (id, store_id, title, body) select $1, $2, 'loose', $3
        where not exists (select from notes where body = $3)`,
      [`sql-${this.#count}`, STORE, value],
    );
  }
}

/** Nothing hangs on it, and nothing ever will. */
const isLoose = ({ table, fields }: ShownRow): boolean =>
  table === 'notes' && String(fields.title).startsWith('loose');

const mayGo = (row: ShownRow): boolean => row.table === 'lines' || isLoose(row);
