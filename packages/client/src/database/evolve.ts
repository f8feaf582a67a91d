import { invariant, type Json, SatchelError, type Values } from '@satchel/protocol';
import { liftRow, type Table } from '@satchel/schema';
import type { EngineContext } from '../engine-context.ts';
import { entriesWhere } from '../outbox/entry.ts';
import { freezeEntry } from '../outbox/freeze.ts';
import { keepInsertedImages, RowSet } from '../outbox/pending.ts';
import { keepBases } from '../pages/base.ts';
import { rebaseRows } from '../pages/rebase.ts';
import { clearStage, hasStaged } from '../pages/stage.ts';
import { forgetCursor } from '../pages/take-page.ts';
import { affinityOf } from './columns.ts';
import type { SqlRow } from './driver.ts';
import { bindRow, HOLD_COLUMN, imageOf, type LocalTable, localTable, VERSION_COLUMN } from './local-table.ts';
import { readMeta, writeMeta } from './meta.ts';
import { createTable } from './tables.ts';

/** What the tables looked like when the database was last open: enough to read them. */
type KnownTables = Readonly<Record<string, Pick<Table, 'name' | 'columns' | 'primaryKey'>>>;

const knownTables = (context: EngineContext): KnownTables =>
  Object.fromEntries(
    [...context.tables.values()].map(({ table: { name, columns, primaryKey } }) => [
      name,
      { name, columns, primaryKey },
    ]),
  );

/**
 * Brings the local tables from the schema in which they were left to the app's.
 *
 * What waits in the outbox is frozen first, in the schema in which it was written: its
 * payload stays as the user's device made it, and the server lifts it. Its images here,
 * the bases and the rows are lifted by the app's history, so that the screen shows the
 * new form at once; the next pull brings what only the server knows.
 */
export const evolveTables = (context: EngineContext): void => {
  const { app, db } = context;
  const before = readMeta(db, 'tables') as unknown as KnownTables | undefined;
  const version = (readMeta(db, 'schema-version') as number | undefined) ?? app.schemaVersion;
  if (version > app.schemaVersion) {
    throw new SatchelError('database_ahead', { what: `schema version ${version} of ${app.name}` });
  }
  const now = knownTables(context);
  if (before && (version !== app.schemaVersion || !sameTables(before, now))) {
    new Evolution(context, before, version).run();
  }
  writeMeta(db, 'schema-version', app.schemaVersion);
  writeMeta(db, 'tables', now as unknown as Json);
};

const shapeOf = ({ columns, primaryKey }: KnownTables[string]): string =>
  JSON.stringify([
    Object.values(columns).map((column) => [column.name, column.type, column.defaultValue ?? null]),
    primaryKey,
  ]);

const sameTables = (a: KnownTables, b: KnownTables): boolean => {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] && b[name] && shapeOf(a[name]) === shapeOf(b[name]));
};

/** Rows of a table that are rewritten at once. */
const PAGE = 2_000;

class Evolution {
  readonly #context: EngineContext;
  readonly #old: EngineContext;
  readonly #before: KnownTables;
  readonly #version: number;

  constructor(context: EngineContext, before: KnownTables, version: number) {
    this.#context = context;
    this.#before = before;
    this.#version = version;
    const tables = new Map(
      Object.entries(before).map(([name, table]): [string, LocalTable] => [name, localTable(bare(table))]),
    );
    this.#old = { ...context, tables };
  }

  run(): void {
    this.#freezeOutbox();
    // Pages of a delta are pulled again; rows that wait for the end of a copy were told of as taken.
    if (hasStaged(this.#context, 'hidden')) forgetCursor(this.#context);
    clearStage(this.#context);
    writeMeta(this.#context.db, 'staged-cursor', null);
    for (const table of Object.keys(this.#before)) writeMeta(this.#context.db, `view:${table}`, null);
    this.#liftRecords();
    this.#rebuildTables();
    this.#rebase();
  }

  #freezeOutbox(): void {
    const { db } = this.#old;
    for (const row of db
      .prepare("select tbl, key from satchel_changes where op = 'insert' and new is null")
      .all()) {
      keepInsertedImages(this.#old, row.tbl as string, row.key as string);
    }
    keepBases(this.#old);
    for (const entry of entriesWhere(this.#old, 'first_change is not null and body is null')) {
      freezeEntry(this.#old, entry);
    }
  }

  /** Table and values as they are now; `undefined` when nothing is left, or it cannot be told. */
  #lift(table: string, values: Values): { readonly table: string; readonly values: Values } | undefined {
    try {
      const lifted = liftRow(this.#context.app, this.#version, table, values);
      return lifted === 'dropped' || !this.#context.tables.has(lifted.table) ? undefined : lifted;
    } catch (error) {
      if (!(error instanceof SatchelError)) throw error;
      return undefined;
    }
  }

  /** Where the rows of a table are now; `undefined` when it is gone. */
  #placeOf(table: string): string | undefined {
    try {
      const lifted = liftRow(this.#context.app, this.#version, table, {});
      return lifted === 'dropped' || !this.#context.tables.has(lifted.table) ? undefined : lifted.table;
    } catch (error) {
      // The row had no columns for a split: the table itself is not in question.
      if (error instanceof SatchelError && error.code === 'lift_failed') return table;
      throw error;
    }
  }

  #liftRecords(): void {
    const { db } = this.#context;
    const image = (table: string, text: unknown): string | null => {
      if (typeof text !== 'string') return null;
      const lifted = this.#lift(table, JSON.parse(text) as Values);
      return lifted ? JSON.stringify(lifted.values) : null;
    };
    const change = db.prepare(
      'update satchel_changes set tbl = ?, new = ?, old = ?, confirmed = ?, seen = null where change_id = ?',
    );
    for (const row of db.prepare('select change_id,tbl,op,new,old,confirmed from satchel_changes').all()) {
      const table = row.tbl as string;
      // A change of nothing keeps its place: outcomes are told by place.
      const place = this.#placeOf(table) ?? '';
      change.run([
        place,
        image(table, wholeAfter(row)),
        image(table, row.old),
        image(table, row.confirmed),
        row.change_id as number,
      ]);
    }
    const bases = db.prepare('select tbl,key,version,hold,row,gone from satchel_base').all();
    db.prepare('delete from satchel_base').run();
    const base = db.prepare('insert into satchel_base (tbl,key,version,hold,row,gone) values (?,?,?,?,?,?)');
    for (const row of bases) {
      const place = this.#placeOf(row.tbl as string);
      if (place === undefined) continue;
      const values = image(row.tbl as string, row.row);
      base.run([
        place,
        row.key as string,
        row.version as number,
        row.hold as number | null,
        values,
        row.gone as string | null,
      ]);
    }
    // Names first out of the way: one table may have taken another's.
    for (const name of ['satchel_scopes', 'satchel_holds', 'satchel_conflicts']) {
      db.prepare(`update ${name} set tbl = '?' || tbl`).run();
      for (const table of Object.keys(this.#before)) {
        const place = this.#placeOf(table);
        if (place !== undefined)
          db.prepare(`update ${name} set tbl = ? where tbl = ?`).run([place, `?${table}`]);
      }
      db.prepare(`delete from ${name} where tbl like '?%'`).run();
    }
    this.#context.now.holds.clear();
  }

  #rebuildTables(): void {
    const { db, tables } = this.#context;
    const moves: { readonly from: LocalTable; readonly to: LocalTable; readonly made: string }[] = [];
    for (const from of this.#old.tables.values()) {
      const place = this.#placeOf(from.name);
      const to = place === undefined ? undefined : tables.get(place);
      if (to && from.name === to.name && shapeOf(from.table) === shapeOf(to.table)) continue;
      if (to && samePrimaryKey(from, to)) {
        const made = `"satchel_new_${to.sqlName}"`;
        db.exec(createTable(to, made));
        this.#copyRows(from, to, made);
        moves.push({ from, to, made });
      } else if (to) {
        // Keys of another form: all of it comes anew.
        forgetCursor(this.#context);
      }
      db.exec(`drop table ${from.quoted}`);
    }
    for (const { to, made } of moves) db.exec(`alter table ${made} rename to ${to.quoted}`);
  }

  #copyRows(from: LocalTable, to: LocalTable, made: string): void {
    const { db } = this.#context;
    const names = [...to.keyColumns, ...to.valueColumns].map(({ quoted }) => quoted);
    const put = db.prepare(
      `insert into ${made} (${[...names, VERSION_COLUMN, HOLD_COLUMN].join(',')}) values (${names.map(() => '?').join(',')},?,?)`,
    );
    const read = db.prepare(
      `select rowid as place, ${imageOf(from, 't')} as image, ${VERSION_COLUMN} as version, ${HOLD_COLUMN} as hold ` +
        `from ${from.quoted} t where rowid > ? order by rowid limit ${PAGE}`,
    );
    let after = 0;
    for (;;) {
      const page = read.all([after]);
      for (const row of page) {
        const values = JSON.parse(row.image as string) as Values;
        // What cannot be lifted keeps what the two forms have in common; the server brings the rest.
        const lifted = this.#lift(from.name, values)?.values ?? values;
        put.run([
          ...bindRow(to, withDefaults(to, lifted)),
          row.version as number | null,
          row.hold as number | null,
        ]);
      }
      const last = page.at(-1);
      if (!last || page.length < PAGE) return;
      after = last.place as number;
    }
  }

  /** Rows with pending work follow their bases. */
  #rebase(): void {
    const rows = new RowSet();
    const { db, tables } = this.#context;
    for (const local of tables.values()) {
      if (
        !db
          .prepare("select 1 as found from sqlite_schema where type = 'table' and name = ?")
          .get([local.sqlName])
      ) {
        db.exec(createTable(local));
      }
    }
    for (const row of db.prepare("select distinct tbl, key from satchel_changes where tbl <> ''").all()) {
      rows.add(row.tbl as string, row.key as string);
    }
    rebaseRows(this.#context, rows);
  }
}

/** The image after a change: an update says what differs from before, and the history lifts whole rows. */
const wholeAfter = ({ op, new: written, old }: SqlRow): unknown =>
  op === 'update' && typeof written === 'string' && typeof old === 'string'
    ? JSON.stringify({ ...(JSON.parse(old) as Values), ...(JSON.parse(written) as Values) })
    : written;

const withDefaults = (to: LocalTable, values: Values): Values => {
  const whole: Record<string, Json> = { ...values };
  for (const { name, column } of to.columns) {
    if (whole[name] === undefined && column.defaultValue !== undefined) whole[name] = column.defaultValue;
  }
  return whole;
};

const samePrimaryKey = (from: LocalTable, to: LocalTable): boolean =>
  from.keyColumns.length === to.keyColumns.length &&
  from.keyColumns.every(
    ({ column }, index) => affinityOf(column) === affinityOf(to.keyColumns[index]!.column),
  );

/** A table as far as its rows are concerned. */
const bare = (table: KnownTables[string]): Table => {
  invariant(table.primaryKey.length > 0, 'a known table has a key');
  return {
    ...table,
    scopes: [],
    lane: '',
    conflicts: {
      update: { kind: 'server-wins' },
      insert: { kind: 'reject' },
      delete: { kind: 'ask' },
      unique: { kind: 'reject' },
      fields: {},
    },
    access: { operations: { read: [], insert: [], update: [], delete: [] }, columns: {}, channels: {} },
    partial: true,
    coalesce: false,
    audit: false,
    unique: [],
    indexes: [],
    foreignKeys: [],
    triggers: [],
  };
};
