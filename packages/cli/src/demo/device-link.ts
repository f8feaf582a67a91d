import type { Outcome } from '@satchel/protocol';

/** What the demo asks of a device's process; each is answered once. */
export type DeviceRequest =
  | { readonly ask: 'open'; readonly device: DeviceSettings }
  | { readonly ask: 'network'; readonly online: boolean }
  | { readonly ask: 'first-sync' }
  | { readonly ask: 'edit'; readonly count: number; readonly seed: number; readonly shared: SharedEdits }
  /** Resolves when nothing is left to send but what waits for a person. */
  | { readonly ask: 'drain' }
  | { readonly ask: 'catch-up' }
  | { readonly ask: 'report' }
  | { readonly ask: 'close' };

export interface DeviceSettings {
  readonly name: string;
  readonly directory: string;
  readonly server: string;
  readonly userId: string;
  readonly token: string;
}

/** Rows that several devices edit on purpose. */
export interface SharedEdits {
  /** All devices count on it. */
  readonly counterAirport: string;
  /** Two write a note: a person decides. */
  readonly noteAirport: string | null;
  /** Two write the city: the later wins. */
  readonly cityAirport: string | null;
  /** One deletes it, another edits it. */
  readonly zipCode: { readonly key: string; readonly as: 'delete' | 'edit' } | null;
}

/** A write whose promise resolved: the device told its user that it is saved. */
export interface Told {
  readonly mutationId: string;
  /** By airport, what it added to the counter of visits. */
  readonly visits?: Readonly<Record<string, number>>;
}

export interface DeviceReport {
  readonly rows: number;
  readonly pending: number;
  readonly review: number;
  readonly quarantined: number;
  readonly sent: number;
  readonly received: number;
  readonly outcomes: Readonly<Record<Outcome['outcome'], number>>;
  readonly file: string;
}

export type DeviceMessage =
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'told'; readonly told: readonly Told[] }
  | {
      readonly kind: 'progress';
      readonly rows: number;
      readonly remaining: number | null;
      readonly pending: number;
      readonly phase: string;
      /** Code of what is wrong, when something is. */
      readonly problem: string | null;
    };
