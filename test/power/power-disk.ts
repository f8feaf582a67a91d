import type { Random } from '@satchel/core';
import {
  STORAGE_OK,
  type Storage,
  type StorageFile,
} from '../../packages/client/src/platform/browser/storage-vfs.ts';

/** A disk writes so much at once, whole or not at all. */
const SECTOR = 512;
/** What operations of a disk without power answer: SQLITE_IOERR. */
const WITHOUT_POWER = 10;

type Change =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number };

/** A file as the process sees it, and as it would be found if the power went now. */
class PowerFile implements StorageFile {
  readonly #disk: PowerDisk;
  seen = new Uint8Array(0);
  durable = new Uint8Array(0);
  /** Whether its name is on the disk. */
  isNamed = false;
  isDeleted = false;
  unsynced: Change[] = [];

  constructor(disk: PowerDisk) {
    this.#disk = disk;
  }

  get size(): number {
    return this.seen.length;
  }

  read(target: Uint8Array, offset: number): boolean {
    const there = this.seen.subarray(offset, offset + target.length);
    target.set(there);
    target.fill(0, there.length);
    return there.length === target.length;
  }

  write(source: Uint8Array, offset: number): number {
    return this.#change({ kind: 'write', offset, bytes: source.slice() });
  }

  truncate(size: number): number {
    return this.#change({ kind: 'truncate', size });
  }

  #change(change: Change): number {
    if (this.#disk.isOut) return WITHOUT_POWER;
    // The write at which it goes may have got there in part.
    this.unsynced.push(change);
    this.#disk.operate();
    this.seen = changed(this.seen, change);
    return this.#disk.isOut ? WITHOUT_POWER : STORAGE_OK;
  }

  sync(): number {
    this.#disk.operate();
    if (this.#disk.isOut) return WITHOUT_POWER;
    for (const change of this.unsynced.splice(0)) this.durable = changed(this.durable, change);
    if (!this.isNamed) this.#disk.syncFolder();
    return STORAGE_OK;
  }

  /** What would be found of it: `keeps` is the share of unsynced sectors that made it. */
  after(random: Random, keeps: number): Uint8Array<ArrayBuffer> {
    let found = this.durable;
    for (const change of this.unsynced)
      for (const part of change.kind === 'truncate' ? [change] : sectorsOf(change))
        if (random.next() < keeps) found = changed(found, part);
    return found;
  }
}

type Write = Extract<Change, { kind: 'write' }>;

const sectorsOf = ({ offset, bytes }: Write): Write[] => {
  const sectors: Write[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + SECTOR - ((offset + at) % SECTOR));
    sectors.push({ kind: 'write', offset: offset + at, bytes: bytes.subarray(at, end) });
    at = end;
  }
  return sectors;
};

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

/**
 * A disk whose power can be cut at any of its operations. What was written since a file
 * was last synced is then there or not, sector by sector, in any choice: as if the disk
 * had written in an order of its own. What was synced is there.
 */
export class PowerDisk implements Storage {
  readonly sectorBytes = SECTOR;
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

  /** The power is back: what is on the disk now. `keeps`: the share of what was not synced that made it. */
  restart(random: Random, keeps: number): void {
    const files = new Map<string, PowerFile>();
    for (const [name, file] of this.#files) {
      if (!file.isNamed && random.next() >= keeps) continue;
      if (file.isDeleted && random.next() < keeps) continue;
      const found = new PowerFile(this);
      found.durable = file.after(random, keeps);
      found.seen = found.durable.slice();
      found.isNamed = true;
      files.set(name, found);
    }
    this.#files = files;
    this.#left = Number.POSITIVE_INFINITY;
  }

  has(name: string): boolean {
    return this.#files.get(name)?.isDeleted === false;
  }

  open(name: string): StorageFile {
    const known = this.#files.get(name);
    if (known && !known.isDeleted) return known;
    const file = new PowerFile(this);
    this.#files.set(name, file);
    return file;
  }

  remove(name: string, synced: boolean): number {
    if (this.isOut) return WITHOUT_POWER;
    this.operate();
    const file = this.#files.get(name);
    if (file && synced) this.#files.delete(name);
    else if (file) file.isDeleted = true;
    return this.isOut ? WITHOUT_POWER : STORAGE_OK;
  }

  /** With the first sync of a new file SQLite syncs the folder: names that came and went are on the disk. */
  syncFolder(): void {
    for (const [name, file] of this.#files) {
      if (file.isDeleted) this.#files.delete(name);
      file.isNamed = true;
    }
  }

  /** One more operation. */
  operate(): void {
    if (this.isOut) return;
    this.#left -= 1;
    this.operations += 1;
  }
}
