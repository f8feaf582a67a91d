import { SatchelError } from '@satchel/protocol';
import type { Driver, Durability, Parameter, SqlRow, SqlValue, Statement } from '../../database/driver.ts';
import { isList } from '../../database/row-by-row.ts';
import { sqliteFailure } from '../../database/sqlite-failure.ts';
import type { SqliteWasm, WasmExports } from './sqlite-wasm.ts';

/** Statements kept prepared; beyond it the one that was made first goes. */
const MAX_STATEMENTS = 1_000;
/** SQLITE_TRANSIENT: SQLite copies what is bound. */
const COPIED = -1;
/** SQLITE_STATIC: what is bound stays where it is until the step is done. */
const STAYS = 0;
/** Characters that are brought into the memory of the instance at a time, where rows are many. */
const BROUGHT = 65_536;
const OK = 0;
const ROW = 100;
const DONE = 101;
const IOERR = 10;
const PREPARE_PERSISTENT = 1;
const OPEN_READWRITE_CREATE = 6;
const STATUS_REPREPARE = 5;
const SCRATCH_BYTES = 64 * 1_024;
/** UTF-8 bytes of one UTF-16 unit at most. */
const BYTES_PER_UNIT = 3;

export interface OpenWasm {
  readonly file: string;
  /** Name of the VFS; without it SQLite's own memory. */
  readonly vfs?: string;
  readonly durability: Durability;
  /** Statements to begin with: journal, page size, limits. */
  readonly pragmas: string;
  readonly flush?: () => Promise<void>;
  /** Lets go of the storage, after the connection was closed. */
  readonly released?: () => void;
}

/** Opens one database on SQLite's WebAssembly build. Errors: `database_in_use`, `database_corrupt`, `storage_…`. */
export const openWasm = (wasm: SqliteWasm, options: OpenWasm): Driver => {
  const memory = new WasmMemory(wasm);
  const { exports } = wasm;
  const db = memory.withPointer((out) => {
    const opened = memory.withText(options.file, (file) =>
      options.vfs === undefined
        ? exports.sqlite3_open_v2(file, out, OPEN_READWRITE_CREATE, 0)
        : memory.withOtherText(options.vfs, (vfs) =>
            exports.sqlite3_open_v2(file, out, OPEN_READWRITE_CREATE, vfs),
          ),
    );
    const pointer = memory.pointerAt(out);
    if (opened === OK) return pointer;
    const error = failure(exports, memory, pointer, opened, options.file);
    exports.sqlite3_close_v2(pointer);
    throw error;
  });
  exports.sqlite3_extended_result_codes(db, 1);
  const driver = new WasmDriver(exports, memory, db, options);
  try {
    driver.exec(options.pragmas);
  } catch (error) {
    driver.close();
    throw error;
  }
  return driver;
};

/** Texts and pointers in the memory of the WebAssembly instance. */
class WasmMemory {
  readonly #wasm: SqliteWasm['sqlite3']['wasm'];
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();
  /** One block for what is bound at the moment; it grows and is kept. */
  #scratch: number;
  #size = SCRATCH_BYTES;
  readonly #pointer: number;

  constructor({ sqlite3 }: SqliteWasm) {
    this.#wasm = sqlite3.wasm;
    this.#scratch = this.#wasm.alloc(this.#size);
    this.#pointer = this.#wasm.alloc(8);
  }

  get heap(): Uint8Array {
    return this.#wasm.heap8u();
  }

  withPointer<T>(work: (pointer: number) => T): T {
    return work(this.#pointer);
  }

  pointerAt(pointer: number): number {
    return new DataView(this.heap.buffer).getUint32(pointer, true);
  }

  /** A text in the scratch block, ended by a NUL. */
  withText<T>(text: string, work: (start: number, bytes: number) => T): T {
    this.#reserve(text.length * BYTES_PER_UNIT + 1);
    const start = this.#scratch;
    const { written } = this.#encoder.encodeInto(text, this.heap.subarray(start, start + this.#size - 1));
    this.heap[start + written] = 0;
    return work(start, written);
  }

  /** A text beside the one in the scratch block. */
  withOtherText<T>(text: string | undefined, work: (start: number) => T): T {
    const start = this.#wasm.allocCString(text ?? '', false);
    try {
      return work(start);
    } finally {
      this.#wasm.dealloc(start);
    }
  }

  withBytes<T>(bytes: Uint8Array, work: (start: number, bytes: number) => T): T {
    // A block of its own: texts of the same statement may lie in the scratch block.
    const start = this.#wasm.alloc(bytes.length + 1);
    try {
      this.heap.set(bytes, start);
      return work(start, bytes.length);
    } finally {
      this.#wasm.dealloc(start);
    }
  }

  /** Many texts at once; gives where the first byte is and, where not all are ASCII, the bytes of each. */
  texts(texts: readonly string[]): { readonly start: number; readonly bytes: readonly number[] | null } {
    const joined = texts.join('');
    this.#reserve(joined.length * BYTES_PER_UNIT);
    const start = this.#scratch;
    const block = this.heap.subarray(start, start + this.#size);
    const { written } = this.#encoder.encodeInto(joined, block);
    if (written === joined.length) return { start, bytes: null };
    // One by one: where two meet, halves of a character must not become one.
    let end = 0;
    const bytes = texts.map((text) => {
      const one = this.#encoder.encodeInto(text, block.subarray(end)).written;
      end += one;
      return one;
    });
    return { start, bytes };
  }

  text(start: number, bytes: number): string {
    return bytes === 0 ? '' : this.#decoder.decode(this.heap.subarray(start, start + bytes));
  }

  textAt(start: number): string {
    if (start === 0) return '';
    return this.text(start, this.heap.indexOf(0, start) - start);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#size) return;
    this.#wasm.dealloc(this.#scratch);
    this.#size = 2 ** Math.ceil(Math.log2(bytes));
    this.#scratch = this.#wasm.alloc(this.#size);
  }
}

class WasmDriver implements Driver {
  readonly durability: Durability;
  readonly #exports: WasmExports;
  readonly #memory: WasmMemory;
  readonly #options: OpenWasm;
  readonly #statements = new Map<string, WasmStatement>();
  #db: number;
  #synchronous: 'full' | 'normal' | undefined;

  constructor(exports: WasmExports, memory: WasmMemory, db: number, options: OpenWasm) {
    this.#exports = exports;
    this.#memory = memory;
    this.#db = db;
    this.#options = options;
    this.durability = options.durability;
  }

  prepare(sql: string): Statement {
    this.#checkOpen();
    const known = this.#statements.get(sql);
    if (known) return known;
    const pointer = this.#memory.withPointer((out) => {
      const rc = this.#memory.withText(sql, (start, bytes) =>
        this.#exports.sqlite3_prepare_v3(this.#db, start, bytes + 1, PREPARE_PERSISTENT, out, 0),
      );
      this.check(rc);
      return this.#memory.pointerAt(out);
    });
    if (pointer === 0)
      throw new SatchelError('sql_failed', { detail: 'no statement', sqlite: 'SQLITE_MISUSE' });
    const statement = new WasmStatement(this, this.#exports, this.#memory, pointer);
    if (this.#statements.size >= MAX_STATEMENTS) {
      for (const [oldest, { pointer: old }] of this.#statements) {
        this.#exports.sqlite3_finalize(old);
        this.#statements.delete(oldest);
        break;
      }
    }
    this.#statements.set(sql, statement);
    return statement;
  }

  exec(sql: string): void {
    this.#checkOpen();
    this.check(
      this.#memory.withText(sql, (start) => this.#exports.sqlite3_exec(this.#db, start, 0, 0, 0)),
      true,
    );
  }

  setDurability(durability: 'full' | 'normal'): void {
    if (durability === this.#synchronous) return;
    this.exec(`pragma synchronous = ${durability}`);
    this.#synchronous = durability;
  }

  flush(): Promise<void> {
    return this.#options.flush?.() ?? Promise.resolve();
  }

  close(): void {
    if (this.#db === 0) return;
    for (const { pointer } of this.#statements.values()) this.#exports.sqlite3_finalize(pointer);
    this.#statements.clear();
    this.#exports.sqlite3_close_v2(this.#db);
    this.#db = 0;
    this.#options.released?.();
  }

  /** The connection, for counts. */
  get connection(): number {
    this.#checkOpen();
    return this.#db;
  }

  /** `writes`: the step was to change the file, so that an error of its storage is a lack of room. */
  check(rc: number, writes = false): void {
    if (rc === OK) return;
    const error = failure(this.#exports, this.#memory, this.#db, rc, this.#options.file);
    const isStorage = error.code === 'storage_unavailable' && (rc & 0xff) === IOERR;
    throw writes && isStorage ? new SatchelError('storage_full', {}, { cause: error }) : error;
  }

  #checkOpen(): void {
    if (this.#db === 0) throw new SatchelError('database_closed');
  }
}

class WasmStatement implements Statement {
  readonly pointer: number;
  readonly readonly: boolean;
  readonly reader: boolean;
  readonly #driver: WasmDriver;
  readonly #exports: WasmExports;
  readonly #memory: WasmMemory;
  readonly #parameters: number;
  #names: string[] | undefined;
  #prepared = 0;

  constructor(driver: WasmDriver, exports: WasmExports, memory: WasmMemory, pointer: number) {
    this.pointer = pointer;
    this.#driver = driver;
    this.#exports = exports;
    this.#memory = memory;
    this.readonly = exports.sqlite3_stmt_readonly(pointer) !== 0;
    this.reader = exports.sqlite3_column_count(pointer) > 0;
    this.#parameters = exports.sqlite3_bind_parameter_count(pointer);
  }

  run(parameters?: readonly SqlValue[]): number {
    if (this.reader) return this.all(parameters).length;
    const db = this.#driver.connection;
    const before = this.#exports.sqlite3_total_changes(db);
    this.#each(parameters, () => false);
    return this.#exports.sqlite3_total_changes(db) === before ? 0 : this.#exports.sqlite3_changes(db);
  }

  /**
   * Texts of many rows go over in one piece and are bound where they lie: a text at a
   * time costs more than SQLite's own work on the row.
   */
  runEach(rows: number, parameters: readonly Parameter[], expected = 1): number[] {
    const db = this.#driver.connection;
    this.#checkCount(parameters.length);
    const exports = this.#exports;
    const { pointer } = this;
    const unchanged: number[] = [];
    const lists: { readonly index: number; readonly values: readonly SqlValue[] }[] = [];
    for (const [at, parameter] of parameters.entries()) {
      if (isList(parameter)) lists.push({ index: at + 1, values: parameter });
      else this.#bind(at + 1, parameter);
    }
    try {
      for (let from = 0; from < rows; ) {
        const texts: string[] = [];
        let characters = 0;
        let to = from;
        for (; to < rows && characters < BROUGHT; to++) {
          for (let list = 0; list < lists.length; list++) {
            const value = lists[list]!.values[to];
            if (typeof value !== 'string') continue;
            texts.push(value);
            characters += value.length;
          }
        }
        const { start, bytes } = this.#memory.texts(texts);
        let text = 0;
        let at = start;
        for (let row = from; row < to; row++) {
          for (let list = 0; list < lists.length; list++) {
            const { index, values } = lists[list]!;
            const value = values[row] ?? null;
            if (typeof value !== 'string') {
              this.#bind(index, value);
              continue;
            }
            const length = bytes === null ? value.length : bytes[text]!;
            text += 1;
            const rc = exports.sqlite3_bind_text(pointer, index, at, length, STAYS);
            if (rc !== OK) this.#driver.check(rc);
            at += length;
          }
          const rc = exports.sqlite3_step(pointer);
          if (rc !== DONE) this.#driver.check(rc, true);
          if (exports.sqlite3_changes(db) < expected) unchanged.push(row);
          exports.sqlite3_reset(pointer);
        }
        from = to;
      }
    } finally {
      exports.sqlite3_reset(pointer);
      exports.sqlite3_clear_bindings(pointer);
    }
    return unchanged;
  }

  all(parameters?: readonly SqlValue[]): SqlRow[] {
    const rows: SqlRow[] = [];
    this.#each(parameters, () => {
      rows.push(this.#row());
      return true;
    });
    return rows;
  }

  get(parameters?: readonly SqlValue[]): SqlRow | undefined {
    let first: SqlRow | undefined;
    this.#each(parameters, () => {
      first = this.#row();
      return false;
    });
    return first;
  }

  /** Binds, and steps until `row` says no. The statement is reset whatever happens. */
  #each(parameters: readonly SqlValue[] = [], row: () => boolean): void {
    void this.#driver.connection;
    const { pointer } = this;
    this.#checkCount(parameters.length);
    for (let index = 0; index < parameters.length; index++) this.#bind(index + 1, parameters[index] ?? null);
    let rc = ROW;
    try {
      do rc = this.#exports.sqlite3_step(pointer);
      while (rc === ROW && row());
      if (rc !== DONE && rc !== ROW) this.#driver.check(rc, !(this.reader && this.readonly));
    } finally {
      this.#exports.sqlite3_reset(pointer);
    }
  }

  #checkCount(given: number): void {
    if (given === this.#parameters) return;
    throw new SatchelError('sql_failed', {
      detail: `${this.#parameters} parameters are needed, ${given} were given`,
      sqlite: 'SQLITE_MISUSE',
    });
  }

  #bind(index: number, value: SqlValue): void {
    const { pointer } = this;
    const exports = this.#exports;
    let rc: number;
    switch (typeof value) {
      case 'string':
        rc = this.#memory.withText(value, (start, bytes) =>
          exports.sqlite3_bind_text(pointer, index, start, bytes, COPIED),
        );
        break;
      case 'number':
        if ((value | 0) === value) rc = exports.sqlite3_bind_int(pointer, index, value);
        else if (Number.isSafeInteger(value)) rc = exports.sqlite3_bind_int64(pointer, index, BigInt(value));
        else rc = exports.sqlite3_bind_double(pointer, index, value);
        break;
      case 'bigint':
        rc = exports.sqlite3_bind_int64(pointer, index, value);
        break;
      case 'object':
        rc =
          value === null
            ? exports.sqlite3_bind_null(pointer, index)
            : this.#memory.withBytes(value, (start, bytes) =>
                exports.sqlite3_bind_blob(pointer, index, start, bytes, COPIED),
              );
        break;
      default:
        throw new SatchelError('sql_failed', {
          detail: `a ${typeof value} cannot be bound`,
          sqlite: 'SQLITE_MISUSE',
        });
    }
    this.#driver.check(rc);
  }

  #row(): SqlRow {
    const row: SqlRow = {};
    const names = this.#columns();
    for (let index = 0; index < names.length; index++) row[names[index]!] = this.#value(index);
    return row;
  }

  /** Names are read again after SQLite has prepared the statement anew, for a schema that changed. */
  #columns(): readonly string[] {
    const exports = this.#exports;
    const prepared = exports.sqlite3_stmt_status(this.pointer, STATUS_REPREPARE, 0);
    if (this.#names && prepared === this.#prepared) return this.#names;
    this.#prepared = prepared;
    this.#names = Array.from({ length: exports.sqlite3_column_count(this.pointer) }, (_, index) =>
      this.#memory.textAt(exports.sqlite3_column_name(this.pointer, index)),
    );
    return this.#names;
  }

  #value(index: number): SqlValue {
    const { pointer } = this;
    const exports = this.#exports;
    switch (exports.sqlite3_column_type(pointer, index)) {
      case 1:
      case 2:
        return exports.sqlite3_column_double(pointer, index);
      case 3: {
        const start = exports.sqlite3_column_text(pointer, index);
        return this.#memory.text(start, exports.sqlite3_column_bytes(pointer, index));
      }
      case 4: {
        const start = exports.sqlite3_column_blob(pointer, index);
        return this.#memory.heap.slice(start, start + exports.sqlite3_column_bytes(pointer, index));
      }
      default:
        return null;
    }
  }
}

/** SQLite's errors by their codes, in the words of the catalogue. */
const failure = (
  exports: WasmExports,
  memory: WasmMemory,
  db: number,
  rc: number,
  path: string,
): SatchelError => {
  const extended = db === 0 ? rc : exports.sqlite3_extended_errcode(db) || rc;
  const detail = db === 0 ? `code ${rc}` : memory.textAt(exports.sqlite3_errmsg(db));
  return sqliteFailure(extended, detail, path);
};
