import type { SqlRow } from '../database/driver.ts';
import type { EnginePort } from '../engine-port.ts';
import { diffRows, type RowDiff } from './row-diff.ts';

export interface LiveQuery {
  /** Stops it; no call follows. */
  stop(): void;
  /** Resolves when the first result was told. */
  readonly ready: Promise<void>;
}

interface Watched {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly identity: readonly string[];
  readonly tell: (diff: RowDiff) => void;
  readonly failed: (error: unknown) => void;
  tables: ReadonlySet<string>;
  rows: readonly SqlRow[] | null;
  stopped: boolean;
  running: boolean;
  stale: boolean;
}

/**
 * Live queries: each re-runs when a table that it reads has changed, and tells only
 * what differs. Changes that come while one runs are taken together in one more run.
 */
export class LiveQueries {
  readonly #port: EnginePort;
  readonly #watched = new Set<Watched>();

  constructor(port: EnginePort) {
    this.#port = port;
  }

  watch(
    query: {
      readonly sql: string;
      readonly parameters?: readonly unknown[];
      readonly identity?: readonly string[];
    },
    tell: (diff: RowDiff) => void,
    failed: (error: unknown) => void,
  ): LiveQuery {
    const watched: Watched = {
      sql: query.sql,
      parameters: query.parameters ?? [],
      identity: query.identity ?? [],
      tell,
      failed,
      tables: new Set(),
      rows: null,
      stopped: false,
      running: false,
      stale: false,
    };
    this.#watched.add(watched);
    const ready = this.#port.call('tablesRead', watched.sql).then((tables) => {
      watched.tables = new Set(tables);
      return this.#run(watched);
    });
    ready.catch((error) => {
      if (!watched.stopped) failed(error);
    });
    return {
      ready,
      stop: () => {
        watched.stopped = true;
        this.#watched.delete(watched);
      },
    };
  }

  /** Called after each local transaction and each page with the tables that they touched. */
  touched(tables: readonly string[]): void {
    if (tables.length === 0) return;
    for (const watched of this.#watched) {
      if (watched.rows === null && !watched.running) continue;
      if (!tables.some((table) => watched.tables.has(table))) continue;
      if (watched.running) watched.stale = true;
      else
        this.#run(watched).catch((error) => {
          if (!watched.stopped) watched.failed(error);
        });
    }
  }

  stopAll(): void {
    for (const watched of this.#watched) watched.stopped = true;
    this.#watched.clear();
  }

  async #run(watched: Watched): Promise<void> {
    watched.running = true;
    try {
      do {
        watched.stale = false;
        const rows = await this.#port.call('all', watched.sql, watched.parameters);
        if (watched.stopped) return;
        const diff =
          watched.rows === null
            ? { rows, added: rows, removed: [], changed: [] }
            : diffRows(watched.rows, rows, watched.identity);
        if (diff) {
          watched.rows = diff.rows;
          watched.tell(diff);
        }
      } while (watched.stale && !watched.stopped);
    } finally {
      watched.running = false;
    }
  }
}
