import type { Json, Problem, Subscription } from '@satchel/protocol';
import type { SyncSettings } from '@satchel/schema';
import type { StorageFacts } from '../../engine.ts';
import type { EngineAnswer } from '../../engine-message.ts';
import type { NetworkState } from '../../sync/network.ts';
import type { SyncFacts } from '../../sync/sync-port.ts';
import type { DeviceName } from '../../sync/syncing.ts';

/**
 * What crosses between the tabs of one origin and the worker of the one that leads.
 *
 * ```
 *   face (a tab) ──calls──> leader (a worker)          one hop, by its own worker or by broadcast
 *   face        <─answers── leader
 *   all faces   <─told───── leader                     tables touched, facts of the loop
 *   follower    ──journal─> IndexedDB ──> leader       while the leader is silent
 * ```
 */

/** What a tab tells its own worker, whether it leads or waits for the lock. */
export type ToWorker =
  | OpenWorker
  | { readonly kind: 'network'; readonly state: NetworkState }
  | { readonly kind: 'persisted'; readonly persisted: boolean }
  | { readonly kind: 'token'; readonly id: number; readonly token: string | null }
  /** Lets go of the database; `now`: the page is going, nothing is waited for. */
  | { readonly kind: 'close'; readonly now: boolean }
  | ToLeader;

export interface OpenWorker {
  readonly kind: 'open';
  readonly name: string;
  readonly userId: string;
  readonly durability: 'full' | 'normal';
  readonly server: string;
  readonly sync: Partial<SyncSettings> | undefined;
  readonly device: DeviceName | undefined;
  readonly subscription: Subscription | undefined;
  readonly network: NetworkState;
  readonly persisted: boolean;
  /** Storages that may be used, best first; default all. */
  readonly storages: readonly StorageFacts['kind'][];
}

/** A call of an engine's method, or of the sync loop's. */
export interface FaceCall {
  readonly id: number;
  readonly target: 'engine' | 'sync';
  readonly method: string;
  readonly args: readonly unknown[];
  /** Of calls that write: the same id whoever is asked, and however often. */
  readonly once: string | null;
  /** Another leader may have run it. */
  readonly again: boolean;
}

/** What faces say to the leader; `face` is the name of the channel on which they are answered. */
export type ToLeader =
  | { readonly kind: 'calls'; readonly face: string; readonly calls: readonly FaceCall[] }
  | { readonly kind: 'ping'; readonly face: string };

/** What faces say to the whole room. */
export type FromFace =
  | { readonly kind: 'who' }
  /** Entries were appended to the journal. */
  | { readonly kind: 'journal' };

export type FromLeader =
  | { readonly kind: 'leading'; readonly leader: string }
  | {
      readonly kind: 'answers';
      readonly leader: string;
      readonly answers: readonly EngineAnswer[];
      readonly facts: SyncFacts;
    }
  | {
      readonly kind: 'told';
      readonly leader: string;
      readonly tables: readonly string[];
      readonly facts: SyncFacts;
      /** The face whose write it was: it knows. */
      readonly by: string | null;
    }
  | { readonly kind: 'pong'; readonly leader: string }
  /** Entries of the journal that are in the database now, and how many could not be laid down. */
  | {
      readonly kind: 'taken';
      readonly leader: string;
      readonly ids: readonly string[];
      readonly refused: number;
    };

/** What a worker tells its own tab alone. */
export type FromWorker =
  | FromLeader
  | { readonly kind: 'ask-token'; readonly id: number }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'crash'; readonly message: string; readonly stack: string }
  | { readonly kind: 'closed' };

/** An entry of the journal: a write of a tab whose leader was silent. */
export interface JournalEntry {
  readonly database: string;
  readonly id: string;
  readonly method: 'write' | 'run';
  readonly args: readonly Json[];
  readonly at: number;
  /** Why it could not be laid down. */
  readonly problem?: Problem;
}

/** Names of the channels of one database. */
export const roomOf = (name: string): string => `satchel:${name}`;
export const channelOf = (name: string, member: string): string => `satchel:${name}:${member}`;
/** Name of the Web Lock that the leader holds. */
export const lockOf = (name: string): string => `satchel:${name}`;
