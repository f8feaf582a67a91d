import type { Sqlite3Static } from '@sqlite.org/sqlite-wasm';

/**
 * The functions of the SQLite binary that the driver calls, as WebAssembly has them:
 * pointers are numbers, 64-bit integers are bigints. The wrappers beside them convert
 * more than the driver needs, and end texts at their first NUL.
 */
export interface WasmExports {
  sqlite3_open_v2(name: number, out: number, flags: number, vfs: number): number;
  sqlite3_close_v2(db: number): number;
  sqlite3_extended_result_codes(db: number, on: number): number;
  sqlite3_extended_errcode(db: number): number;
  sqlite3_errmsg(db: number): number;
  sqlite3_exec(db: number, sql: number, callback: number, argument: number, message: number): number;
  sqlite3_prepare_v3(
    db: number,
    sql: number,
    bytes: number,
    flags: number,
    out: number,
    tail: number,
  ): number;
  sqlite3_finalize(statement: number): number;
  sqlite3_step(statement: number): number;
  sqlite3_reset(statement: number): number;
  sqlite3_stmt_readonly(statement: number): number;
  sqlite3_stmt_status(statement: number, what: number, reset: number): number;
  sqlite3_bind_parameter_count(statement: number): number;
  sqlite3_clear_bindings(statement: number): number;
  sqlite3_bind_null(statement: number, index: number): number;
  sqlite3_bind_int(statement: number, index: number, value: number): number;
  sqlite3_bind_int64(statement: number, index: number, value: bigint): number;
  sqlite3_bind_double(statement: number, index: number, value: number): number;
  sqlite3_bind_text(statement: number, index: number, text: number, bytes: number, free: number): number;
  sqlite3_bind_blob(statement: number, index: number, data: number, bytes: number, free: number): number;
  sqlite3_column_count(statement: number): number;
  sqlite3_column_name(statement: number, index: number): number;
  sqlite3_column_type(statement: number, index: number): number;
  sqlite3_column_double(statement: number, index: number): number;
  sqlite3_column_text(statement: number, index: number): number;
  sqlite3_column_blob(statement: number, index: number): number;
  sqlite3_column_bytes(statement: number, index: number): number;
  sqlite3_changes(db: number): number;
  sqlite3_total_changes(db: number): number;
}

export interface SqliteWasm {
  readonly sqlite3: Sqlite3Static;
  readonly exports: WasmExports;
}

let loading: Promise<SqliteWasm> | undefined;

/** Loads the official SQLite build once in this worker. Of its storages only the SAH pool is used. */
export const loadSqlite = (): Promise<SqliteWasm> => {
  loading ??= (async () => {
    Reflect.set(globalThis, 'sqlite3ApiConfig', {
      disable: { vfs: { opfs: true, 'opfs-vfs': true, 'opfs-wl': true, kvvfs: true } },
    });
    const { default: init } = await import('@sqlite.org/sqlite-wasm');
    const sqlite3 = await init();
    return { sqlite3, exports: sqlite3.wasm.exports as WasmExports };
  })();
  return loading;
};
