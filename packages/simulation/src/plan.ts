import type { SchemaVersion } from './app/field-app.ts';
import { faultsOfSeed } from './fault-cover.ts';
import { faultSteps } from './fault-deck.ts';
import type { Fault } from './faults.ts';
import { Draw } from './world/draw.ts';

/** What an app's user does in one go. */
export const EDITS = [
  'add-product',
  'edit-product',
  'count-stock',
  'tag-product',
  'remark-product',
  'delete-product',
  'add-customer',
  'edit-customer',
  'sell',
  'void-sale',
  'book',
  'add-farm',
  'edit-farm',
  'move-farm',
  'delete-farm',
  'visit',
  'edit-visit',
  'raise-alert',
  'acknowledge',
  'write-many',
] as const;
export type Edit = (typeof EDITS)[number];

/** What a program that writes plain SQL does in one transaction. */
export const SQL_EDITS = ['edit', 'count', 'add', 'delete', 'move', 'bulk'] as const;
export type SqlEdit = (typeof SQL_EDITS)[number];

/** One thing to do. `draw` seeds all that is left open in it, so that leaving others out does not change it. */
export type Action =
  | { readonly kind: 'write'; readonly client: number; readonly edit: Edit; readonly draw: number }
  | { readonly kind: 'sync'; readonly client: number }
  | { readonly kind: 'foreground'; readonly client: number }
  | { readonly kind: 'online'; readonly client: number; readonly online: boolean }
  | { readonly kind: 'verify'; readonly client: number }
  | { readonly kind: 'resolve'; readonly client: number; readonly draw: number }
  | {
      readonly kind: 'quarantine';
      readonly client: number;
      readonly how: 'discard' | 'retry';
      readonly draw: number;
    }
  | { readonly kind: 'read'; readonly client: number }
  | {
      readonly kind: 'sql';
      readonly edit: SqlEdit;
      /** Milliseconds between its statements and its commit. */
      readonly openFor: number;
      readonly rollback: boolean;
      readonly draw: number;
    }
  | {
      readonly kind: 'rights';
      readonly user: number;
      readonly change: 'grant' | 'revoke';
      readonly what: 'store' | 'region' | 'farm';
      readonly draw: number;
    }
  | { readonly kind: 'wait'; readonly ms: number }
  | {
      readonly kind: 'fault';
      readonly fault: Fault;
      readonly client: number;
      readonly server: number;
      readonly ms: number;
      readonly draw: number;
    };

export interface Step {
  /** Its number in the plan it was drawn in; a shrunk plan keeps the numbers. */
  readonly number: number;
  readonly action: Action;
  /** Virtual milliseconds that pass after it. */
  readonly gap: number;
}

export interface Plan {
  readonly clients: number;
  readonly servers: number;
  /** Version of the app on the server at the start. */
  readonly serverVersion: SchemaVersion;
  /** Versions of the app on the devices at the start; missing ones have the server's. */
  readonly clientVersions: readonly SchemaVersion[];
  readonly steps: readonly Step[];
}

const CLIENTS = 4;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Steps of a seed of the fixed set: as many as let each of its faults come up once and more. */
export const STEPS_OF_A_SEED = 150;
/** How many of the steps are faults. */
const FAULT_SHARE = 0.3;

/**
 * The plan that a seed draws, with the faults that may come up; by default those of the
 * seed's own families.
 */
export const planOf = (seed: number, steps: number, faults: readonly Fault[] = faultsOfSeed(seed)): Plan => {
  const draw = new Draw(seed, 'plan');
  const faultAt = faultSteps(new Draw(seed, 'faults'), faults, steps, FAULT_SHARE);
  const migrates = faults.includes('F33');
  const serverVersion: SchemaVersion = migrates ? draw.pick([1, 1, 2]) : draw.pick([2, 3, 3]);
  const clients = draw.between(3, CLIENTS);
  const clientVersions = Array.from({ length: clients }, (): SchemaVersion => {
    const oldest = Math.max(1, serverVersion - 2);
    return draw.chance(0.7) ? serverVersion : (draw.between(oldest, serverVersion) as SchemaVersion);
  });
  return {
    clients,
    servers: 2,
    serverVersion,
    clientVersions,
    steps: Array.from({ length: steps }, (_, number) => ({
      number,
      action: actionOf(draw, clients, faultAt.get(number)),
      gap: draw.weighted([
        [5, 0],
        [5, draw.between(1, 100)],
        [2, draw.between(100, 1_000)],
        [0.5, draw.between(1_000, 6_000)],
      ]),
    })),
  };
};

const actionOf = (draw: Draw, clients: number, fault: Fault | undefined): Action => {
  const client = draw.between(0, clients - 1);
  const seed = draw.between(0, 2 ** 31);
  if (fault !== undefined) {
    const ms = draw.weighted([
      [3, draw.between(200, 3_000)],
      [3, draw.between(3_000, 30_000)],
      [1, draw.between(30_000, 5 * MINUTE)],
    ]);
    return { kind: 'fault', fault, client, server: draw.between(0, 1), ms, draw: seed };
  }
  return draw.weighted<Action>([
    [46, { kind: 'write', client, edit: draw.pick(EDITS), draw: seed }],
    [5, { kind: 'sync', client }],
    [2, { kind: 'foreground', client }],
    [6, { kind: 'online', client, online: draw.chance(0.55) }],
    [1, { kind: 'verify', client }],
    [4, { kind: 'resolve', client, draw: seed }],
    [3, { kind: 'quarantine', client, how: draw.chance(0.5) ? 'discard' : 'retry', draw: seed }],
    [4, { kind: 'read', client }],
    [
      13,
      {
        kind: 'sql',
        edit: draw.pick(SQL_EDITS),
        openFor: draw.weighted([
          [4, 0],
          [3, draw.between(1, 500)],
          [1, draw.between(500, 20_000)],
        ]),
        rollback: draw.chance(0.1),
        draw: seed,
      },
    ],
    [
      5,
      {
        kind: 'rights',
        user: draw.between(0, clients - 1),
        change: draw.chance(0.6) ? 'grant' : 'revoke',
        what: draw.pick(['store', 'region', 'farm']),
        draw: seed,
      },
    ],
    [2, { kind: 'wait', ms: draw.pick([MINUTE, 5 * MINUTE, HOUR, DAY / 2]) }],
  ]);
};
