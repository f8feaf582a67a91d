import type { Json, Problem, Values } from '@satchel/protocol';
import type { Table } from '@satchel/schema';

/** What a device wants done to one row, whatever the dialect it said it in. */
export interface Item {
  /** In the request, for the answer. */
  readonly place: number;
  /** `actions.0`, for errors. */
  readonly path: string;
  /** With the version, what a repeat is known by. */
  readonly name: string;
  readonly version: string;
  /** What a repeat must be equal to. */
  readonly content: Json;
  readonly table: Table;
  /** `save`: a dialect that does not say whether the row is new. */
  readonly op: 'create' | 'update' | 'delete' | 'save';
  readonly key: string;
  readonly values: Values;
  /** When it was done, by the device's clock, UTC milliseconds. */
  readonly stamp: number | undefined;
  /** The version of the row that the device had, where it says so. */
  readonly baseVersion: number | undefined;
}

/** An item that cannot be understood; the others are taken all the same. */
export interface BadItem {
  readonly place: number;
  readonly problem: Problem;
}

export const isBad = (item: Item | BadItem): item is BadItem => 'problem' in item;

export const isItem = (item: Item | BadItem): item is Item => !isBad(item);
