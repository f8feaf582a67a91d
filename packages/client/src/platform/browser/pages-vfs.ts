import type { SqliteWasm } from './sqlite-wasm.ts';
import { installStorage, STORAGE_OK, type StorageFile } from './storage-vfs.ts';

export const PAGE_BYTES = 4_096;

const VFS = 'satchel-pages';

/** One file in memory that knows which of its pages were written. */
export interface PagesFile {
  /** Name of the VFS under which SQLite opens it. */
  readonly vfs: string;
  /** Its length in bytes. */
  readonly size: number;
  /** What was kept of it, page by page. */
  load(pages: readonly Uint8Array[], size: number): void;
  /** Copies of the pages written since it was last asked, and the length of the file. */
  takeChanged(): { readonly pages: ReadonlyMap<number, Uint8Array>; readonly size: number };
  /** Pages that could not be kept count as written again. */
  giveBack(numbers: Iterable<number>): void;
  forget(): void;
}

class MemoryFile implements PagesFile, StorageFile {
  readonly vfs = VFS;
  readonly #pages: Uint8Array[] = [];
  readonly #changed = new Set<number>();
  readonly #forgotten: () => void;
  size = 0;

  constructor(forgotten: () => void) {
    this.#forgotten = forgotten;
  }

  load(pages: readonly Uint8Array[], size: number): void {
    this.#pages.push(...pages);
    this.size = size;
  }

  takeChanged(): { readonly pages: ReadonlyMap<number, Uint8Array>; readonly size: number } {
    const pages = new Map<number, Uint8Array>();
    for (const number of this.#changed) {
      const page = this.#pages[number];
      if (page) pages.set(number, page.slice());
    }
    this.#changed.clear();
    return { pages, size: this.size };
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
    return offset + target.length <= this.size;
  }

  write(source: Uint8Array, offset: number): number {
    for (let done = 0; done < source.length; ) {
      const at = offset + done;
      const number = Math.floor(at / PAGE_BYTES);
      const within = at % PAGE_BYTES;
      const length = Math.min(PAGE_BYTES - within, source.length - done);
      this.#page(number).set(source.subarray(done, done + length), within);
      this.#changed.add(number);
      done += length;
    }
    this.size = Math.max(this.size, offset + source.length);
    return STORAGE_OK;
  }

  truncate(size: number): number {
    this.size = size;
    this.#pages.length = Math.min(this.#pages.length, Math.ceil(size / PAGE_BYTES));
    for (const number of this.#changed) if (number >= this.#pages.length) this.#changed.delete(number);
    // The first page says how long the file is: it is kept again, and the rest removed.
    if (this.#pages.length > 0) this.#changed.add(0);
    return STORAGE_OK;
  }

  sync(): number {
    return STORAGE_OK;
  }

  #page(number: number): Uint8Array {
    while (this.#pages.length <= number) this.#pages.push(new Uint8Array(PAGE_BYTES));
    return this.#pages[number]!;
  }
}

const files = new Map<string, MemoryFile>();
let installed = false;

/**
 * A file of this name, empty, that SQLite can open through the VFS: a file system with
 * nothing in it but such files. Journals and temporary files are kept in memory by
 * SQLite itself.
 */
export const pagesFile = (wasm: SqliteWasm, name: string): PagesFile => {
  if (!installed)
    installStorage(wasm, VFS, {
      open: (file) => files.get(file),
      has: (file) => (files.get(file)?.size ?? 0) > 0,
      remove: () => STORAGE_OK,
      sectorBytes: PAGE_BYTES,
    });
  installed = true;
  const file = new MemoryFile(() => files.delete(name));
  files.set(name, file);
  return file;
};
