import type { Json } from '@satchel/protocol';
import type { TableName } from './dialect-app.ts';

/** A row as a device shows it: columns in camelCase, without key and without what the server gives. */
export type Fields = Readonly<Record<string, Json>>;

/** A row's key and what is on the screen. */
export interface ShownRow {
  readonly table: TableName;
  readonly key: string;
  readonly fields: Fields;
}

/** What a person does on a device. Several edits of one call are one save. */
export type Edit =
  | { readonly kind: 'create'; readonly table: TableName; readonly key: string; readonly fields: Fields }
  | { readonly kind: 'update'; readonly table: TableName; readonly key: string; readonly fields: Fields }
  | { readonly kind: 'delete'; readonly table: TableName; readonly key: string };

/** What the network does to one exchange. */
export type Weather = 'fair' | 'request-lost' | 'answer-lost' | 'twice';

/** A device of any kind, native or of a dialect. */
export interface FieldDevice {
  readonly name: string;
  save(edits: readonly Edit[]): Promise<void>;
  /** Sends what is waiting. */
  push(weather: Weather): Promise<void>;
  pull(weather: Weather): Promise<void>;
  rows(): Promise<readonly ShownRow[]>;
  /** Edits that are not answered. */
  waiting(): Promise<number>;
  /** Texts of edits that the server refused, as it told. */
  refused(): readonly string[];
  close(): Promise<void>;
}
