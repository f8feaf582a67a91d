import type { Values } from '@satchel/protocol';
import type { Principal } from './app.ts';

/** HTTP contracts of older clients, each spoken by a thin translator over the native rooms. */
export const DIALECTS = ['tables', 'actions', 'mobile'] as const;
export type Dialect = (typeof DIALECTS)[number];

/** Who a device is where no token says so. */
export interface DeviceUser {
  /** Default: the device's own id. */
  readonly userId?: string;
  /** Default none. */
  readonly roles?: readonly string[];
  /** What `scopesOf` reads. Default none. */
  readonly claims?: Principal['claims'];
}

/** A table's names in dialects: `submission` of one row, `submissions` of many. */
export interface DialectNames {
  readonly one: string;
  readonly many: string;
}

/** From when on a device's `sync_health` is no longer `good`. */
export interface SyncHealthSettings {
  /** Milliseconds since the last sync: `delayed`. Default 24 hours. */
  readonly delayedAfter: number;
  /** Milliseconds since the last sync: `failing`. Default 7 days. */
  readonly failingAfter: number;
  /** Items refused within 24 hours: `failing`; from the first on `attention`. Default 5. */
  readonly failures: number;
}

/** What the server answers over HTTP beside the native protocol. */
export interface HttpSettings {
  /** Default none. */
  readonly dialects: readonly Dialect[];
  /**
   * `bearer`: a token, as everywhere. `private-network`: in dialects a request without a
   * token is from the device that it names. For networks that let nobody else in: the
   * server refuses to start on every address at once, one must be named.
   */
  readonly auth: 'bearer' | 'private-network';
  /** With `private-network`: who a device is. */
  readonly deviceUser: (deviceId: string) => DeviceUser;
  /** The version that the overview of the tables dialect tells. Default `1.0.0`. */
  readonly version: string;
  /** Items of one request of a dialect. Default 1,000. */
  readonly maxItems: number;
  /**
   * Milliseconds by which a time that the server did not give is taken earlier: clocks
   * differ. Default a minute.
   */
  readonly overlap: number;
  /** Of every table. Default: its SQL name, and that without the ending of the plural. */
  readonly names: Readonly<Record<string, DialectNames>>;
  /**
   * Values that the token gives to a row which a dialect creates without them, by table:
   * the documents' requests name neither reporter nor store.
   */
  readonly given: Readonly<Record<string, (principal: Principal) => Values>>;
  readonly health: SyncHealthSettings;
}
