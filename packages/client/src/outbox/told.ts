import type { SeqRanges } from '@satchel/protocol';
import type { Driver } from '../database/driver.ts';
import { readMeta, writeMeta } from '../database/meta.ts';

/** Run, first and last seq. */
export type ToldRange = readonly [string, number, number];

/** The mutations of a `ToldRange`, as parameters. */
export const TOLD = 'run_id = ? and seq between ? and ? and settled_at is not null and acked = 0';

/**
 * Settled seqs that the server was told of, until a page that was read after them is in:
 * see `dropUnheld`. Noted as ranges: a mark on each mutation, and its index, cost as much
 * as its outcome.
 */
export const toldRanges = (db: Driver): readonly ToldRange[] =>
  (readMeta(db, 'told') as readonly ToldRange[] | undefined) ?? [];

export const noteTold = (db: Driver, told: readonly SeqRanges[]): void =>
  writeMeta(db, 'told', [
    ...toldRanges(db).map((range) => [...range]),
    ...told.flatMap(({ runId, ranges }) => ranges.map(([first, last]) => [runId, first, last])),
  ]);

/** They are done with, or are to be told again. */
export const forgetTold = (db: Driver): void => writeMeta(db, 'told', null);
