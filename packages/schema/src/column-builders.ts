import type { ColumnType, KeyType } from '@satchel/core';
import type { Json } from '@satchel/protocol';

/** Whether an insert must, may or cannot give the column; a `key` must be given and never changes. */
export type InsertMode = 'key' | 'required' | 'optional' | 'never';

declare const columnTypes: unique symbol;

/**
 * A column as an app writes it, before `defineApp` has checked it. `Value` is the
 * canonical value that rows hold; see `Value` in `@satchel/protocol`.
 */
export interface ColumnBuilder<Value, Mode extends InsertMode> {
  readonly type: ColumnType;
  readonly options: ColumnOptions<unknown>;
  /** Of types only; never there at run time. */
  readonly [columnTypes]?: { readonly value: Value; readonly mode: Mode };
}

export type ValueOf<Builder> = Builder extends ColumnBuilder<infer Value, InsertMode> ? Value : never;
export type ModeOf<Builder> = Builder extends ColumnBuilder<unknown, infer Mode> ? Mode : never;

/** What every column may be given. */
export interface ColumnOptions<Value> {
  /** The column may hold null; an insert that leaves it out writes null. Default false. */
  readonly nullable?: boolean;
  /** Constant that an insert writes when it leaves the column out. */
  readonly default?: Value;
  /** Names of the app's `validators`, run at the local write and again on the server. */
  readonly validators?: readonly string[];
  /** Largest value in UTF-8 bytes; default `limits.maxTextBytes` (1 MiB). Text, json, set and document columns only. */
  readonly maxBytes?: number;
  /** How the key is stored in PostgreSQL. `id` columns only. Default `text`. */
  readonly type?: KeyType;
  /** Of a `ref`: the table it points to. */
  readonly table?: string;
  /** Of a `ref`: what becomes of this row when that one is deleted. Default `restrict`. */
  readonly onDelete?: 'restrict' | 'cascade' | 'set-null';
}

type Common<Value> = Pick<ColumnOptions<Value>, 'nullable' | 'default' | 'validators'>;
type Sized<Value> = Common<Value> & Pick<ColumnOptions<Value>, 'maxBytes'>;
type Nothing = Record<never, never>;
type NullOf<Options> = Options extends { readonly nullable: true } ? null : never;
type ModeBy<Options> = Options extends { readonly nullable: true }
  ? 'optional'
  : Options extends { readonly default: unknown }
    ? 'optional'
    : 'required';
type Built<Value, Options> = ColumnBuilder<Value | NullOf<Options>, ModeBy<Options>>;

const column = <Value, Mode extends InsertMode>(
  type: ColumnType,
  options: ColumnOptions<unknown> = {},
): ColumnBuilder<Value, Mode> => ({ type, options });

/**
 * The key of a row: text on the device and on the wire, usually a UUIDv7 from
 * `newId()`. `type` says how PostgreSQL stores it: `text` (default), `uuid`,
 * `integer` or `bigint`.
 *
 * @example
 * ```ts
 * table({ id: id({ type: 'uuid' }), name: text() }, { scope: 'all' });
 * ```
 */
export const id = (options: Pick<ColumnOptions<string>, 'type'> = {}): ColumnBuilder<string, 'key'> =>
  column('id', options);

/**
 * The key of a row of another table (or of this one). A foreign key in PostgreSQL;
 * `onDelete` is `restrict` (default), `cascade` or `set-null`.
 *
 * @example
 * ```ts
 * table({ id: id(), customerId: ref('customers', { onDelete: 'cascade' }) }, { scope: via('customerId') });
 * ```
 */
export const ref = <const Options extends Common<string> & Pick<ColumnOptions<string>, 'onDelete'> = Nothing>(
  table: string,
  options?: Options,
): Built<string, Options> => column('ref', { ...options, table });

/** Text. NUL and lone surrogates are refused; NFC and NFD stay as they are. */
export const text = <const Options extends Sized<string> = Nothing>(
  options?: Options,
): Built<string, Options> => column('text', options);

/** A whole number within 2^53-1 either way. */
export const integer = <const Options extends Common<number> = Nothing>(
  options?: Options,
): Built<number, Options> => column('integer', options);

/** A whole number of 64 bits, as text: `'9007199254740993'`. */
export const bigint = <const Options extends Common<string> = Nothing>(
  options?: Options,
): Built<string, Options> => column('bigint', options);

/** A finite floating point number. For money use `decimal()`. */
export const real = <const Options extends Common<number> = Nothing>(
  options?: Options,
): Built<number, Options> => column('real', options);

/** An exact number, as text: `'12.5'`. */
export const decimal = <const Options extends Common<string> = Nothing>(
  options?: Options,
): Built<string, Options> => column('decimal', options);

/** True or false; 0 or 1 in the SQL of SQLite. */
export const boolean = <const Options extends Common<boolean> = Nothing>(
  options?: Options,
): Built<boolean, Options> => column('boolean', options);

/** A day without time and zone: `'2026-02-28'`, years 0001 to 9999. */
export const date = <const Options extends Common<string> = Nothing>(
  options?: Options,
): Built<string, Options> => column('date', options);

/** A moment, UTC milliseconds. */
export const timestamp = <const Options extends Common<number> = Nothing>(
  options?: Options,
): Built<number, Options> => column('timestamp', options);

/**
 * Any JSON, compared by value.
 *
 * @example
 * ```ts
 * table({ id: id(), answers: json<{ yes: boolean }[]>({ nullable: true }) }, { scope: 'all' });
 * ```
 */
export function json<T = Json>(
  options: Sized<T> & { readonly nullable: true },
): ColumnBuilder<NoInfer<T> | null, 'optional'>;
export function json<T = Json>(
  options: Sized<T> & { readonly default: T },
): ColumnBuilder<NoInfer<T>, 'optional'>;
export function json<T = Json>(options?: Sized<T>): ColumnBuilder<NoInfer<T>, 'required'>;
export function json(options?: Sized<unknown>): ColumnBuilder<unknown, InsertMode> {
  return column('json', options);
}

/** A whole number that the server gives; null on the device until it is known. */
export const serverId = (): ColumnBuilder<number | null, 'never'> => column('serverId', { nullable: true });

/** UTC milliseconds of the row's last change, kept by Satchel; never written by the app. */
export const modifiedAt = (): ColumnBuilder<number | null, 'never'> =>
  column('modifiedAt', { nullable: true });

/** A whole number to which edits add: what several people add while offline sums up. Starts at 0. */
export const counter = <const Options extends Pick<Common<number>, 'default' | 'validators'> = Nothing>(
  options?: Options,
): ColumnBuilder<number, 'optional'> => column('counter', options);

/** A set of texts, merged member by member. Starts empty. */
export const set = <const Options extends Omit<Sized<readonly string[]>, 'nullable'> = Nothing>(
  options?: Options,
): ColumnBuilder<readonly string[], 'optional'> => column('set', options);

/** What a media column holds; the bytes travel apart. */
export interface Media {
  readonly id: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly type: string;
}

/** A photo, a recording, any file. */
export const media = <const Options extends Pick<Common<Media>, 'nullable' | 'validators'> = Nothing>(
  options?: Options,
): Built<Media, Options> => column('media', options);

/**
 * Text that two people may edit at once: a Yjs document, as base64 of its update.
 * Needs the app's `documents` merger.
 */
export const textDocument = <
  const Options extends Pick<Sized<string>, 'nullable' | 'validators' | 'maxBytes'> = Nothing,
>(
  options?: Options,
): Built<string, Options> => column('document', options);
