import type { Value } from '@satchel/protocol';
import { mayDo, type Table } from '@satchel/schema';
import { type Field, type FieldDevice, openField } from '../field/field.ts';
import type { Cast, Player } from './cast.ts';
import {
  type At,
  assignmentsOf,
  canonicalText,
  columnOf,
  forPostgres,
  forSqlite,
  fromJson,
  fromSqlite,
  sqlName,
} from './values.ts';

type Row = Readonly<Record<string, Value>>;
type Assignments = Readonly<Record<string, string>>;

/** What a player, or another program (`sql`), writes. */
export interface Write {
  readonly time: string;
  readonly who: string;
  /** The player's device was brought up to date just before. */
  readonly synced: boolean;
  /** `none TABLE` makes a row of another table, or a second one. */
  readonly table: string;
  readonly op: 'insert' | 'update' | 'delete';
  readonly values: Assignments;
}

/** The server of an app and the devices of its players, all of them offline. */
export class Stage {
  readonly field: Field;
  readonly cast: Cast;
  readonly #devices = new Map<string, FieldDevice<Field['app']>>();

  private constructor(field: Field, cast: Cast) {
    this.field = field;
    this.cast = cast;
  }

  static async open(cast: Cast): Promise<Stage> {
    const stage = new Stage(await openField(cast.app), cast);
    for (const [table, row] of cast.scenery)
      await stage.put(table, assignmentsOf(row), () => stage.field.time.now());
    return stage;
  }

  close(): Promise<void> {
    return this.field.close();
  }

  table(name: string): Table {
    const table = this.cast.app.tables[name];
    if (table === undefined) throw new Error(`${this.cast.app.name} has no table ${name}`);
    return table;
  }

  player(name: string): Player {
    const player = this.cast.players[name];
    if (player === undefined) throw new Error(`nobody is called ${name}`);
    return player;
  }

  async device(name: string): Promise<FieldDevice<Field['app']>> {
    const known = this.#devices.get(name);
    if (known !== undefined) return known;
    const player = this.player(name);
    const { time } = this.field;
    const device = await this.field.device(player, {
      online: false,
      clock: { now: () => time.now() + (player.ahead ?? 0) },
      device: { name },
    });
    this.#devices.set(name, device);
    return device;
  }

  /** Plain SQL: the whole row, columns that are not named at their default. */
  async put(name: string, given: Assignments, at: At): Promise<void> {
    const table = this.table(name);
    const columns = Object.values(table.columns).filter(
      ({ type }) => type !== 'serverId' && type !== 'modifiedAt',
    );
    const values = columns.map((column) => {
      const text = given[column.name] ?? this.cast.fill[column.name];
      return forPostgres(
        column,
        text === undefined ? (column.defaultValue ?? null) : canonicalText(column, text, at),
      );
    });
    const names = columns.map((column) => sqlName(column.name));
    await this.field.db.query(
      `insert into ${sqlName(name)} (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')})
       on conflict (${table.primaryKey.map(sqlName).join(', ')})
       do update set ${names.map((column) => `${column} = excluded.${column}`).join(', ')}`,
      values,
    );
  }

  async empty(table: string): Promise<void> {
    await this.field.db.query(`delete from ${sqlName(table)}`);
  }

  async write(write: Write, key: string, at: At): Promise<string | null> {
    const table = this.table(write.table);
    if (write.who === 'sql') {
      const [[name, text] = ['', '']] = Object.entries(write.values);
      const column = columnOf(table, name);
      await this.field.db.query(`update ${sqlName(table.name)} set ${sqlName(name)} = $1 where id = $2`, [
        forPostgres(column, canonicalText(column, text, at)),
        key,
      ]);
      return null;
    }
    const device = await this.device(write.who);
    const { mutationId } = await device.db.write([this.#statement(table, write, key, at)]);
    return mutationId;
  }

  #statement(table: Table, write: Write, key: string, at: At): { sql: string; parameters: unknown[] } {
    const name = sqlName(table.name);
    if (write.op === 'delete') return { sql: `delete from ${name} where id = ?`, parameters: [key] };
    if (write.op === 'update') {
      const sets: string[] = [];
      const parameters: unknown[] = [];
      for (const [given, text] of Object.entries(write.values)) {
        const adds = given.endsWith('+');
        const column = columnOf(table, adds ? given.slice(0, -1) : given);
        const own = sqlName(column.name);
        sets.push(adds ? `${own} = ${own} + ?` : `${own} = ?`);
        parameters.push(forSqlite(column, canonicalText(column, text, at)));
      }
      return { sql: `update ${name} set ${sets.join(', ')} where id = ?`, parameters: [...parameters, key] };
    }
    const filled = Object.fromEntries(
      Object.entries({ ...this.cast.fill, ...write.values }).filter(([column]) => column in table.columns),
    );
    const columns = Object.entries(filled);
    return {
      sql: `insert into ${name} (${columns.map(([column]) => sqlName(column)).join(', ')}) values (${columns.map(() => '?').join(', ')})`,
      parameters: columns.map(([column, text]) => {
        const of = columnOf(table, column);
        return forSqlite(of, canonicalText(of, text, at));
      }),
    };
  }

  /** Every row of a table on the server, in canonical form. */
  async onServer(name: string): Promise<readonly Row[]> {
    const { rows } = await this.field.db.query<{ row: Record<string, unknown> }>(
      `select to_jsonb(t) as row from ${sqlName(name)} t order by id`,
    );
    return rows.map(({ row }) => this.#canonical(name, row, fromJson));
  }

  /** Every row of a table on a player's device; `null` where the player may not read it. */
  async onDevice(who: string, name: string): Promise<readonly Row[] | null> {
    const player = this.player(who);
    if (!mayDo(this.table(name), 'read', player.roles ?? [], player.channel ?? 'mobile')) return null;
    const device = await this.device(who);
    const rows = await device.db.all(`select * from ${sqlName(name)} order by id`);
    return rows.map((row) => this.#canonical(name, row, fromSqlite));
  }

  #canonical(name: string, raw: Readonly<Record<string, unknown>>, from: typeof fromJson): Row {
    const columns = Object.values(this.table(name).columns);
    return Object.fromEntries(
      columns.map((column) => [column.name, from(column, raw[sqlName(column.name)])]),
    );
  }

  /** A request of the native protocol in a player's name. */
  async ask(
    who: string,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }> {
    const token = await this.field.token(this.player(who));
    const answer = await fetch(this.field.server.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  }
}
