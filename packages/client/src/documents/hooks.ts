import { type Json, type Problem, SatchelError } from '@satchel/protocol';
import type { Platform } from '../platform.ts';
import type { Satchel } from '../satchel.ts';
import type { QueueItem } from './queue-item.ts';

/** Where log lines go; `console` is one. */
export interface Logger {
  debug(text: string): void;
  info(text: string): void;
  error(text: string): void;
}

/** React Native's NetInfo, or anything that tells the same. */
export interface NetInfoSource {
  addEventListener(listener: (state: { readonly isConnected: boolean | null }) => void): () => void;
}

/** React Native's Alert, or anything that asks the same. */
export interface AlertSource {
  alert(
    title: string,
    message: string,
    buttons: readonly { readonly text: string; readonly onPress: () => void }[],
  ): void;
}

/** What the documents' code finds around itself. */
export interface DocumentHooks {
  /** The one that the database was opened with. */
  readonly platform: Pick<Platform, 'clock' | 'random'>;
  readonly logger?: Logger;
  readonly netInfo?: NetInfoSource;
  readonly alert?: AlertSource;
  readonly showToast?: (text: string) => void;
  /** An item was given up after its last attempt, or refused: tell the person, who may try it again. */
  readonly onFailed?: (item: QueueItem, code: string) => void;
  /** By table, columns that the documents' data does not have, such as whose row it is. */
  readonly given?: Readonly<Record<string, Readonly<Record<string, Json>>>>;
}

/** What the documents' functions work on. */
export interface DocumentsContext extends DocumentHooks {
  readonly db: Satchel;
}

export const silentLogger: Logger = { debug: () => {}, info: () => {}, error: () => {} };

/** An item that is not on the server, and why: the code of the catalogue, or of an app's validator. */
export class SyncItemError extends Error {
  readonly code: string;
  readonly params: Readonly<Record<string, Json>>;
  constructor({ code, params }: Problem) {
    super(code);
    this.name = 'SyncItemError';
    this.code = code;
    this.params = params;
  }
}

/** The stable code of what went wrong: a log line holds no values. */
export const codeOf = (error: unknown): string =>
  error instanceof SatchelError || error instanceof SyncItemError
    ? error.code
    : error instanceof Error
      ? error.name
      : 'unknown';
