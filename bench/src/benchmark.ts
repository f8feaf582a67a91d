import type { Usage } from './measure/usage.ts';
import type { World } from './world.ts';

export type Unit = 'rows/s' | 'writes/s' | 'ms' | 'µs' | 's' | 'bytes' | 'MiB' | 'times' | 'requests';

/** What must be reached, on the figure itself or on its ratio to the machine's limit. */
export type Target =
  | { readonly of: 'figure' | 'ratio'; readonly atMost: number }
  | { readonly of: 'figure' | 'ratio'; readonly atLeast: number };

/** One line of the table. */
export interface Line {
  readonly name: string;
  readonly what: string;
  readonly unit: Unit;
  /** What the limit is, where there is one: the least that the machine needs for the same work. */
  readonly limit?: string;
  readonly target?: Target;
}

export type Side = 'server' | 'postgres' | 'client';

/** What one round found, by the names of lines. Figure and limit of a line are in its unit. */
export interface Measured {
  readonly figures: Readonly<Record<string, number>>;
  readonly limits?: Readonly<Record<string, number>>;
  readonly usage?: Readonly<Partial<Record<Side, Usage>>>;
}

export interface Benchmark {
  /** As its file. */
  readonly name: string;
  readonly title: string;
  readonly lines: readonly Line[];
  /** Rounds are cut to this many where one takes long or counts bytes that are always the same. */
  readonly maxRounds?: number;
  /** Rounds before those that count: a server that has just started is not yet compiled. */
  readonly warmUps?: number;
  /** Left out unless the run is over this many rows. */
  readonly fromRows?: number;
  /** Sets the stage, and returns what measures one round on it. */
  open(world: World): Promise<() => Promise<Measured>>;
}
