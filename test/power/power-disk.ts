import type { Random } from '@satchel/core';
import type { SqliteWasm } from '../../packages/client/src/platform/browser/sqlite-wasm.ts';

/** A disk writes so much at once, whole or not at all. */
const SECTOR = 512;

type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number };

/** A file as the process sees it, and as it would be found if the power went now. */
class PowerFile {
  seen = new Uint8Array(0);
  durable = new Uint8Array(0);
  /** Whether its name is on the disk. */
  named = false;
  deleted = false;
  unsynced: Change[] = [];
}

const changed = (file: Uint8Array<ArrayBuffer>, change: Change): Uint8Array<ArrayBuffer> => {
  const size = change.kind === 'truncate' ? change.size : change.offset + change.bytes.length;
  let result = file;
  if (change.kind === 'truncate' ? size !== file.length : size > file.length) {
    result = new Uint8Array(size);
    result.set(file.subarray(0, size));
  }
  if (change.kind === 'write') result.set(change.bytes, change.offset);
  return result;
};

/** What operations of a disk without power answer: SQLITE_IOERR. */
const WITHOUT_POWER = 10;

/**
 * A disk whose power can be cut at any of its operations. What was written since a file
 * was last synced is then there or not, sector by sector, in any choice: as if the disk
 * had written in an order of its own. What was synced is there.
 */
export class PowerDisk {
  #files = new Map<string, PowerFile>();
  #left = Number.POSITIVE_INFINITY;
  /** Writes, syncs, truncations and removals so far. */
  operations = 0;

  get isOut(): boolean {
    return this.#left <= 0;
  }

  /** The power goes at the n-th operation from here. */
  cutAt(operation: number): void {
    this.#left = operation;
  }

  /** The power is back: what is on the disk now. `keeps`: the share of unsynced sectors that made it. */
  restart(random: Random, keeps: number): void {
    const files = new Map<string, PowerFile>();
    for (const [name, file] of this.#files) {
      if (!file.named && random.next() >= keeps) continue;
      if (file.deleted && random.next() < keeps) continue;
      let found = file.durable;
      for (const change of file.unsynced) {
        if (change.kind === 'truncate') {
          if (random.next() < keeps) found = changed(found, change);
          continue;
        }
        for (let at = 0; at < change.bytes.length; ) {
          const end = Math.min(change.bytes.length, at + SECTOR - ((change.offset + at) % SECTOR));
          if (random.next() < keeps)
            found = changed(found, {
              kind: 'write',
              offset: change.offset + at,
              bytes: change.bytes.subarray(at, end),
            });
          at = end;
        }
      }
      const kept = new PowerFile();
      kept.durable = found;
      kept.seen = found.slice();
      kept.named = true;
      files.set(name, kept);
    }
    this.#files = files;
    this.#left = Number.POSITIVE_INFINITY;
  }

  has(name: string): boolean {
    const file = this.#files.get(name);
    return file !== undefined && !file.deleted;
  }

  open(name: string): PowerFile {
    const known = this.#files.get(name);
    if (known && !known.deleted) return known;
    const file = new PowerFile();
    this.#files.set(name, file);
    return file;
  }

  /** One more operation; false where the power goes at it. */
  #operate(): boolean {
    if (this.isOut) return false;
    this.#left -= 1;
    this.operations += 1;
    return true;
  }

  change(file: PowerFile, change: Change): number {
    if (this.isOut) return WITHOUT_POWER;
    // The write at which it goes may have got there in part.
    file.unsynced.push(change);
    if (!this.#operate()) return WITHOUT_POWER;
    file.seen = changed(file.seen, change);
    return this.isOut ? WITHOUT_POWER : 0;
  }

  sync(file: PowerFile): number {
    if (!this.#operate() || this.isOut) return WITHOUT_POWER;
    for (const change of file.unsynced.splice(0)) file.durable = changed(file.durable, change);
    if (!file.named) this.#syncFolder();
    return 0;
  }

  /** With the first sync of a new file SQLite syncs the folder: names that came and went are on the disk. */
  #syncFolder(): void {
    for (const [name, file] of this.#files) {
      if (file.deleted) this.#files.delete(name);
      file.named = true;
    }
  }

  remove(name: string, isSynced: boolean): number {
    if (!this.#operate()) return WITHOUT_POWER;
    const file = this.#files.get(name);
    if (file && isSynced) this.#files.delete(name);
    else if (file) file.deleted = true;
    return this.isOut ? WITHOUT_POWER : 0;
  }
}

/** What is used here of SQLite's API for storages; its declarations name the fields otherwise than they are. */
interface VfsApi {
  readonly capi: {
    readonly SQLITE_NOTFOUND: number;
    readonly sqlite3_io_methods: new () => { $iVersion: number; readonly pointer: number };
    readonly sqlite3_file: {
      new (pointer: number): { $pMethods: number; dispose(): void };
      readonly structInfo: { readonly sizeof: number };
    };
    readonly sqlite3_vfs: new (pointer?: number) => Record<string, number>;
    sqlite3_vfs_find(name: null): number;
  };
  readonly vfs: { installVfs(install: object): void };
  readonly wasm: SqliteWasm['sqlite3']['wasm'] & {
    poke64(pointer: number, value: bigint): void;
    poke32(pointer: number, value: number): void;
  };
}

export const POWER_VFS = 'satchel-power';
const OK = 0;
const CANTOPEN = 14;
const SHORT_READ = 522;

/** Installs the disk as a storage of SQLite, once in a process; `disk` gives the one that is in the machine now. */
export const installPowerDisk = ({ sqlite3 }: SqliteWasm, disk: () => PowerDisk): void => {
  const { capi, vfs: registry, wasm } = sqlite3 as unknown as VfsApi;
  const opened = new Map<number, PowerFile>();
  const fileOf = (pointer: number): PowerFile => opened.get(pointer)!;
  const bytesAt = (pointer: number, length: number): Uint8Array =>
    wasm.heap8u().subarray(pointer, pointer + length);
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
        xRead: (file: number, target: number, length: number, offset: bigint) => {
          const { seen } = fileOf(file);
          const there = seen.subarray(Number(offset), Number(offset) + length);
          const into = bytesAt(target, length);
          into.set(there);
          into.fill(0, there.length);
          return there.length === length ? OK : SHORT_READ;
        },
        xWrite: (file: number, source: number, length: number, offset: bigint) =>
          disk().change(fileOf(file), {
            kind: 'write',
            offset: Number(offset),
            bytes: bytesAt(source, length).slice(),
          }),
        xTruncate: (file: number, size: bigint) =>
          disk().change(fileOf(file), { kind: 'truncate', size: Number(size) }),
        xSync: (file: number) => disk().sync(fileOf(file)),
        xFileSize: (file: number, out: number) => {
          wasm.poke64(out, BigInt(fileOf(file).seen.length));
          return OK;
        },
        xLock: () => OK,
        xUnlock: () => OK,
        xCheckReservedLock: (_file: number, out: number) => {
          wasm.poke32(out, 0);
          return OK;
        },
        xFileControl: () => capi.SQLITE_NOTFOUND,
        xSectorSize: () => SECTOR,
        xDeviceCharacteristics: () => 0,
      },
    },
  });
  const vfs = new capi.sqlite3_vfs();
  vfs.$iVersion = 2;
  vfs.$szOsFile = capi.sqlite3_file.structInfo.sizeof;
  vfs.$mxPathname = 512;
  const system = new capi.sqlite3_vfs(capi.sqlite3_vfs_find(null));
  for (const name of ['$xRandomness', '$xSleep', '$xCurrentTime', '$xCurrentTimeInt64'])
    vfs[name] = system[name]!;
  registry.installVfs({
    vfs: {
      struct: vfs,
      name: POWER_VFS,
      methods: {
        xOpen: (_vfs: number, name: number, file: number, flags: number, outFlags: number) => {
          if (name === 0) return CANTOPEN;
          opened.set(file, disk().open(wasm.cstrToJs(name) ?? ''));
          const struct = new capi.sqlite3_file(file);
          struct.$pMethods = io.pointer;
          struct.dispose();
          wasm.poke32(outFlags, flags);
          return OK;
        },
        xAccess: (_vfs: number, name: number, _flags: number, out: number) => {
          wasm.poke32(out, disk().has(wasm.cstrToJs(name) ?? '') ? 1 : 0);
          return OK;
        },
        xDelete: (_vfs: number, name: number, isSynced: number) =>
          disk().remove(wasm.cstrToJs(name) ?? '', isSynced !== 0),
        xFullPathname: (_vfs: number, name: number, length: number, out: number) =>
          wasm.cstrncpy(out, name, length) < length ? OK : CANTOPEN,
        xGetLastError: () => OK,
      },
    },
  });
};
