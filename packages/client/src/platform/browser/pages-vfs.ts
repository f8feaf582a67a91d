import type { SqliteWasm } from './sqlite-wasm.ts';

export const PAGE_BYTES = 4_096;

/** What is used here of SQLite's API for storages; its declarations name the fields otherwise than they are. */
interface VfsApi {
  readonly capi: {
    readonly SQLITE_NOTFOUND: number;
    readonly sqlite3_io_methods: new () => { $iVersion: number; readonly pointer: number };
    readonly sqlite3_file: {
      new (pointer: number): { $pMethods: number; dispose(): void };
      readonly structInfo: { readonly sizeof: number };
    };
    readonly sqlite3_vfs: new (pointer?: number) => Record<VfsField, number>;
    sqlite3_vfs_find(name: null): number;
  };
  readonly vfs: {
    installVfs(install: {
      readonly io?: { readonly struct: object; readonly methods: Methods };
      readonly vfs?: { readonly struct: object; readonly name: string; readonly methods: Methods };
    }): void;
  };
  readonly wasm: SqliteWasm['sqlite3']['wasm'] & {
    poke64(pointer: number, value: bigint): void;
    poke32(pointer: number, value: number): void;
  };
}
type VfsField =
  | '$iVersion'
  | '$szOsFile'
  | '$mxPathname'
  | '$xRandomness'
  | '$xSleep'
  | '$xCurrentTime'
  | '$xCurrentTimeInt64';
type Methods = Readonly<Record<string, (...args: never[]) => number>>;

const VFS = 'satchel-pages';
const OK = 0;
const IOERR_SHORT_READ = 522;
const CANTOPEN = 14;

/** One file in memory that knows which of its pages were written. */
export interface PagesFile {
  /** Name of the VFS under which SQLite opens it. */
  readonly vfs: string;
  /** Its length. */
  readonly bytes: number;
  /** What was kept of it, page by page. */
  load(pages: readonly Uint8Array[], bytes: number): void;
  /** Copies of the pages written since it was last asked, and the length of the file. */
  takeChanged(): { readonly pages: ReadonlyMap<number, Uint8Array>; readonly bytes: number };
  /** Pages that could not be kept count as written again. */
  giveBack(numbers: Iterable<number>): void;
  forget(): void;
}

class MemoryFile implements PagesFile {
  readonly vfs = VFS;
  readonly #pages: Uint8Array[] = [];
  readonly #changed = new Set<number>();
  readonly #forgotten: () => void;
  bytes = 0;

  constructor(forgotten: () => void) {
    this.#forgotten = forgotten;
  }

  load(pages: readonly Uint8Array[], bytes: number): void {
    this.#pages.push(...pages);
    this.bytes = bytes;
  }

  takeChanged(): { readonly pages: ReadonlyMap<number, Uint8Array>; readonly bytes: number } {
    const pages = new Map<number, Uint8Array>();
    for (const number of this.#changed) {
      const page = this.#pages[number];
      if (page) pages.set(number, page.slice());
    }
    this.#changed.clear();
    return { pages, bytes: this.bytes };
  }

  giveBack(numbers: Iterable<number>): void {
    for (const number of numbers) this.#changed.add(number);
  }

  forget(): void {
    this.#forgotten();
  }

  /** Copies what is there from `offset`; false where the file ends before. */
  read(target: Uint8Array, offset: number): boolean {
    for (let done = 0; done < target.length; ) {
      const at = offset + done;
      const within = at % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - within, target.length - done);
      const page = this.#pages[Math.floor(at / PAGE_BYTES)];
      if (page) target.set(page.subarray(within, within + length), done);
      else target.fill(0, done, done + length);
      done += length;
    }
    return offset + target.length <= this.bytes;
  }

  write(source: Uint8Array, offset: number): void {
    for (let done = 0; done < source.length; ) {
      const at = offset + done;
      const number = Math.floor(at / PAGE_BYTES);
      const within = at % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - within, source.length - done);
      this.#page(number).set(source.subarray(done, done + length), within);
      this.#changed.add(number);
      done += length;
    }
    this.bytes = Math.max(this.bytes, offset + source.length);
  }

  truncate(bytes: number): void {
    this.bytes = bytes;
    this.#pages.length = Math.min(this.#pages.length, Math.ceil(bytes / PAGE_BYTES));
    for (const number of this.#changed) if (number >= this.#pages.length) this.#changed.delete(number);
    // The first page says how long the file is: it is kept again, and the rest removed.
    if (this.#pages.length > 0) this.#changed.add(0);
  }

  #page(number: number): Uint8Array {
    while (this.#pages.length <= number) this.#pages.push(new Uint8Array(PAGE_BYTES));
    return this.#pages[number]!;
  }
}

const files = new Map<string, MemoryFile>();
const opened = new Map<number, MemoryFile>();
let installed = false;

/** A file of this name, empty, that SQLite can open through the VFS. */
export const pagesFile = (wasm: SqliteWasm, name: string): PagesFile => {
  install(wasm);
  const file = new MemoryFile(() => files.delete(name));
  files.set(name, file);
  return file;
};

/**
 * Installs the VFS: a file system with nothing in it but the files above. Journals and
 * temporary files are kept in memory by SQLite itself.
 */
const install = ({ sqlite3 }: SqliteWasm): void => {
  if (installed) return;
  installed = true;
  const { capi, vfs: registry, wasm } = sqlite3 as unknown as VfsApi;
  const bytesAt = (pointer: number, length: number): Uint8Array =>
    wasm.heap8u().subarray(pointer, pointer + length);
  const fileOf = (pointer: number): MemoryFile => opened.get(pointer)!;

  const io = new capi.sqlite3_io_methods();
  io.$iVersion = 1;
  registry.installVfs({
    io: {
      struct: io,
      methods: {
        xClose: (file: number) => {
          opened.delete(file);
          return OK;
        },
        xRead: (file: number, target: number, length: number, offset: bigint) =>
          fileOf(file).read(bytesAt(target, length), Number(offset)) ? OK : IOERR_SHORT_READ,
        xWrite: (file: number, source: number, length: number, offset: bigint) => {
          fileOf(file).write(bytesAt(source, length), Number(offset));
          return OK;
        },
        xTruncate: (file: number, bytes: bigint) => {
          fileOf(file).truncate(Number(bytes));
          return OK;
        },
        xSync: () => OK,
        xFileSize: (file: number, out: number) => {
          wasm.poke64(out, BigInt(fileOf(file).bytes));
          return OK;
        },
        xLock: () => OK,
        xUnlock: () => OK,
        xCheckReservedLock: (_file: number, out: number) => {
          wasm.poke32(out, 0);
          return OK;
        },
        xFileControl: () => capi.SQLITE_NOTFOUND,
        xSectorSize: () => PAGE_BYTES,
        xDeviceCharacteristics: () => 0,
      },
    },
  });

  const vfs = new capi.sqlite3_vfs();
  vfs.$iVersion = 2;
  vfs.$szOsFile = capi.sqlite3_file.structInfo.sizeof;
  vfs.$mxPathname = 512;
  const system = new capi.sqlite3_vfs(capi.sqlite3_vfs_find(null));
  vfs.$xRandomness = system.$xRandomness;
  vfs.$xSleep = system.$xSleep;
  vfs.$xCurrentTime = system.$xCurrentTime;
  vfs.$xCurrentTimeInt64 = system.$xCurrentTimeInt64;
  registry.installVfs({
    vfs: {
      struct: vfs,
      name: VFS,
      methods: {
        xOpen: (_vfs: number, name: number, file: number, flags: number, outFlags: number) => {
          const found = name === 0 ? undefined : files.get(wasm.cstrToJs(name) ?? '');
          if (!found) return CANTOPEN;
          opened.set(file, found);
          const struct = new capi.sqlite3_file(file);
          struct.$pMethods = io.pointer;
          struct.dispose();
          wasm.poke32(outFlags, flags);
          return OK;
        },
        xAccess: (_vfs: number, name: number, _flags: number, out: number) => {
          const found = files.get(wasm.cstrToJs(name) ?? '');
          wasm.poke32(out, found && found.bytes > 0 ? 1 : 0);
          return OK;
        },
        xDelete: () => OK,
        xFullPathname: (_vfs: number, name: number, length: number, out: number) =>
          wasm.cstrncpy(out, name, length) < length ? OK : CANTOPEN,
        xGetLastError: () => OK,
      },
    },
  });
};
