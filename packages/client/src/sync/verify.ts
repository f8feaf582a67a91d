import { SatchelError, type Subscription } from '@satchel/protocol';
import type { EnginePort } from '../engine-port.ts';
import type { Transport } from './transport.ts';

export interface VerifyReport {
  /** True when, at the end, every scope agreed. */
  readonly equal: boolean;
  readonly depth: 'quick' | 'deep';
  readonly checkedRows: number;
  readonly repairedRows: number;
  /** What differed before any repair. */
  readonly differences: readonly { readonly scope: string; readonly table: string; readonly rows: number }[];
}

export interface VerifyGiven {
  readonly port: EnginePort;
  readonly transport: Transport;
  readonly clientId: string;
  /** As in pulls: names, columns and filters of what is compared must be the same. */
  readonly sight: { readonly schemaVersion: number; readonly subscription?: Subscription };
  /** Pulls until caught up: digests are compared at one and the same moment. */
  readonly catchUp: () => Promise<void>;
  readonly touched: (tables: readonly string[]) => void;
}

/** Rows that one request for rows may name. */
const ROWS_AT_ONCE = 1_000;
/** Times that a scope may have moved on under the comparison before it is given up. */
const MAX_ROUNDS = 5;

/**
 * Compares what this device holds with the server, by digest per scope and table;
 * with `repair`, differing rows are found by their versions (`deep`: by their values)
 * and fetched alone. Pending work stays laid over.
 */
export const verify = async (
  given: VerifyGiven,
  options: { readonly depth: 'quick' | 'deep'; readonly repair: boolean },
  signal: AbortSignal,
): Promise<VerifyReport> => {
  const differences: { scope: string; table: string; rows: number }[] = [];
  let checkedRows = 0;
  let repairedRows = 0;
  let scopes: readonly string[] | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    await given.catchUp();
    const { token } = await given.port.call('cursor');
    if (token === null) throw new SatchelError('network_unreachable');
    const [held, known] = [
      await given.port.call('digests', options.depth, scopes),
      await given.transport.digests(
        {
          clientId: given.clientId,
          cursor: token,
          depth: options.depth,
          ...given.sight,
          ...(scopes ? { scopes: [...scopes] } : {}),
        },
        signal,
      ),
    ];
    const behind: string[] = [];
    for (const [scope, answer] of Object.entries(known.scopes)) {
      if (answer.state !== 'known') {
        behind.push(scope);
        continue;
      }
      const here = held.scopes[scope] ?? {};
      for (const table of new Set([...Object.keys(answer.tables), ...Object.keys(here)])) {
        const there = answer.tables[table] ?? { rows: 0, digest: '' };
        const mine = here[table] ?? { rows: 0, digest: '' };
        checkedRows += there.rows;
        if (there.rows === mine.rows && (there.digest === mine.digest || there.rows === 0)) continue;
        const rows = await mend(given, scope, table, options, signal);
        differences.push({ scope, table, rows });
        if (options.repair) repairedRows += rows;
      }
    }
    if (behind.length === 0) {
      const equal = differences.length === 0 || options.repair;
      return { equal, depth: options.depth, checkedRows, repairedRows, differences };
    }
    scopes = behind;
  }
  return { equal: false, depth: options.depth, checkedRows, repairedRows, differences };
};

/** Finds the rows of one table of one scope that differ, and repairs them if asked; returns how many. */
const mend = async (
  given: VerifyGiven,
  scope: string,
  table: string,
  options: { readonly depth: 'quick' | 'deep'; readonly repair: boolean },
  signal: AbortSignal,
): Promise<number> => {
  const { port, transport, clientId } = given;
  let afterKey: string | null = null;
  let found = 0;
  for (;;) {
    const page = await transport.versions(
      {
        clientId,
        scope,
        table,
        depth: options.depth,
        ...given.sight,
        ...(afterKey === null ? {} : { afterKey }),
      },
      signal,
    );
    const { fetch, surplus } = await port.call('compareVersions', scope, table, afterKey, page);
    found += fetch.length + surplus.length;
    if (options.repair && (fetch.length > 0 || surplus.length > 0)) {
      for (let from = 0; from < Math.max(fetch.length, 1); from += ROWS_AT_ONCE) {
        const keys = fetch.slice(from, from + ROWS_AT_ONCE);
        const rows =
          keys.length > 0
            ? await transport.rows({ clientId, scope, table, keys, ...given.sight }, signal)
            : { keys: [], versions: [], columns: {} };
        await port.call('repair', scope, table, rows, from === 0 ? surplus : []);
      }
      given.touched([table]);
    }
    afterKey = page.keys.at(-1) ?? null;
    if (!page.more || afterKey === null) return found;
  }
};
