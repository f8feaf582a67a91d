import type { Json, Problem } from '@satchel/protocol';
import type { EnginePort } from '../engine-port.ts';

/**
 * A write that a tab saved while another tab held the database and did not answer, and
 * that the database then did not take.
 */
export interface RefusedWrite {
  readonly id: string;
  /** When it was saved, UTC milliseconds. */
  readonly at: number;
  /** `write`: statements and a name. `run`: a function of the app's and what it was given. */
  readonly method: 'write' | 'run';
  readonly args: readonly Json[];
  readonly problem: Problem;
}

/** What tabs saved beside a database that another one held; only a browser has any. */
export interface Journal {
  /** Those that the database does not take, the oldest first; their number is `status.tab.refused`. */
  refused(): Promise<readonly RefusedWrite[]>;
  /** Lays it before the database once more. */
  retry(id: string): Promise<void>;
  /** Those that were refused, as text. */
  export(ids?: readonly string[]): Promise<string>;
  discard(id: string): Promise<void>;
}

/** What a platform with a journal gives. */
export type JournalPort = Omit<Journal, 'export'>;

const EMPTY: JournalPort = {
  refused: async () => [],
  retry: async () => {},
  discard: async () => {},
};

export const journalOf = ({ journal = EMPTY }: EnginePort): Journal => ({
  refused: () => journal.refused(),
  retry: (id) => journal.retry(id),
  discard: (id) => journal.discard(id),
  async export(ids) {
    const entries = await journal.refused();
    return JSON.stringify(
      entries.filter(({ id }) => ids?.includes(id) ?? true),
      null,
      2,
    );
  },
});
