import type { Json } from '@satchel/protocol';

/**
 * Small settings that must be there at the first frame, before any database is open: who
 * was signed in, the language, the last screen. Read and written at once. Rows stay in
 * SQLite.
 */
export interface SmallSettings {
  /** `undefined` where nothing was set, or what is there cannot be read. */
  get(name: string): Json | undefined;
  set(name: string, value: Json): void;
  remove(name: string): void;
  /** Names that are set, in order. */
  names(): readonly string[];
}

/** A store of texts by name: what MMKV and `localStorage` have in common. */
interface Texts {
  read(name: string): string | undefined;
  write(name: string, text: string): void;
  remove(name: string): void;
  names(): readonly string[];
}

const settingsOver = (texts: Texts): SmallSettings => ({
  get: (name) => {
    const text = texts.read(name);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as Json;
    } catch {
      // Written by somebody else: as good as not there.
      return undefined;
    }
  },
  set: (name, value) => texts.write(name, JSON.stringify(value)),
  remove: (name) => texts.remove(name),
  names: () => [...texts.names()].sort(),
});

/** What is used of `react-native-mmkv` (version 4); an instance has this shape. */
export interface Mmkv {
  getString(key: string): string | undefined;
  set(key: string, value: string): void;
  remove(key: string): boolean;
  getAllKeys(): string[];
}

/** @example `const settings = mmkvSettings(createMMKV());` */
export const mmkvSettings = (mmkv: Mmkv): SmallSettings =>
  settingsOver({
    read: (name) => mmkv.getString(name),
    write: (name, text) => mmkv.set(name, text),
    remove: (name) => void mmkv.remove(name),
    names: () => mmkv.getAllKeys(),
  });

/** What is used of a page's `localStorage`. */
export interface TextStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const PREFIX = 'satchel.';

/** @example `const settings = localSettings(localStorage);` */
export const localSettings = (storage: TextStorage): SmallSettings =>
  settingsOver({
    read: (name) => storage.getItem(PREFIX + name) ?? undefined,
    write: (name, text) => storage.setItem(PREFIX + name, text),
    remove: (name) => storage.removeItem(PREFIX + name),
    names: () =>
      Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '')
        .filter((key) => key.startsWith(PREFIX))
        .map((key) => key.slice(PREFIX.length)),
  });
