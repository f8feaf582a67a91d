import type { SqliteWasm } from './sqlite-wasm.ts';

/** A file as SQLite uses it. What changes it gives SQLite's result code. */
export interface StorageFile {
  readonly size: number;
  /** Copies what is there from `offset`, zeros beyond; false where the file ends before. */
  read(target: Uint8Array, offset: number): boolean;
  write(source: Uint8Array, offset: number): number;
  truncate(size: number): number;
  sync(): number;
}

/** A file system in JavaScript. */
export interface Storage {
  /** The file of this name, made where it may be; `undefined` where it cannot be opened. */
  open(name: string): StorageFile | undefined;
  has(name: string): boolean;
  /** `synced`: it must be gone when the power goes. */
  remove(name: string, synced: boolean): number;
  readonly sectorBytes: number;
}

export const STORAGE_OK = 0;
const IOERR_SHORT_READ = 522;
const CANTOPEN = 14;

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

/**
 * Installs a storage under which SQLite opens databases, held by one connection at a
 * time: locks are granted as asked for. Once for a name in a worker.
 */
export const installStorage = ({ sqlite3 }: SqliteWasm, vfsName: string, storage: Storage): void => {
  const { capi, vfs: registry, wasm } = sqlite3 as unknown as VfsApi;
  const opened = new Map<number, StorageFile>();
  const bytesAt = (pointer: number, length: number): Uint8Array =>
    wasm.heap8u().subarray(pointer, pointer + length);
  const fileOf = (pointer: number): StorageFile => opened.get(pointer)!;

  const io = new capi.sqlite3_io_methods();
  io.$iVersion = 1;
  registry.installVfs({
    io: {
      struct: io,
      methods: {
        xClose: (file: number) => {
          opened.delete(file);
          return STORAGE_OK;
        },
        xRead: (file: number, target: number, length: number, offset: bigint) =>
          fileOf(file).read(bytesAt(target, length), Number(offset)) ? STORAGE_OK : IOERR_SHORT_READ,
        xWrite: (file: number, source: number, length: number, offset: bigint) =>
          fileOf(file).write(bytesAt(source, length), Number(offset)),
        xTruncate: (file: number, size: bigint) => fileOf(file).truncate(Number(size)),
        xSync: (file: number) => fileOf(file).sync(),
        xFileSize: (file: number, out: number) => {
          wasm.poke64(out, BigInt(fileOf(file).size));
          return STORAGE_OK;
        },
        xLock: () => STORAGE_OK,
        xUnlock: () => STORAGE_OK,
        xCheckReservedLock: (_file: number, out: number) => {
          wasm.poke32(out, 0);
          return STORAGE_OK;
        },
        xFileControl: () => capi.SQLITE_NOTFOUND,
        xSectorSize: () => storage.sectorBytes,
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
      name: vfsName,
      methods: {
        xOpen: (_vfs: number, name: number, file: number, flags: number, outFlags: number) => {
          const found = name === 0 ? undefined : storage.open(wasm.cstrToJs(name) ?? '');
          if (!found) return CANTOPEN;
          opened.set(file, found);
          const struct = new capi.sqlite3_file(file);
          struct.$pMethods = io.pointer;
          struct.dispose();
          wasm.poke32(outFlags, flags);
          return STORAGE_OK;
        },
        xAccess: (_vfs: number, name: number, _flags: number, out: number) => {
          wasm.poke32(out, storage.has(wasm.cstrToJs(name) ?? '') ? 1 : 0);
          return STORAGE_OK;
        },
        xDelete: (_vfs: number, name: number, synced: number) =>
          storage.remove(wasm.cstrToJs(name) ?? '', synced !== 0),
        xFullPathname: (_vfs: number, name: number, length: number, out: number) =>
          wasm.cstrncpy(out, name, length) < length ? STORAGE_OK : CANTOPEN,
        xGetLastError: () => STORAGE_OK,
      },
    },
  });
};
