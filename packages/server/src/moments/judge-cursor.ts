import type { Queryable } from '../postgres/database.ts';
import { GENERATION_COLUMNS, type GenerationRow, generationOf, type Position } from './generation.ts';

/** What a cursor says of the history that it was minted in. */
export interface CursorOrigin {
  readonly epoch: string;
  readonly generation: number;
  /** WAL bytes up to which all that its snapshots call finished is on disk. */
  readonly lsn: bigint;
}

/**
 * - `valid`: all that the cursor calls seen is in this database, and means the same.
 * - `rewind`: work after `to` may have been lost. Take each of the cursor's snapshots
 *   back to what `to` has too (`intersectSnapshots`), compare digests, have the client
 *   offer its settled work again.
 * - `new-epoch`: nothing that the cursor says holds here: reset, and offer again.
 */
export type CursorJudgement =
  | { readonly kind: 'valid' }
  | { readonly kind: 'rewind'; readonly to: string }
  | { readonly kind: 'new-epoch' };

const NEW_EPOCH: CursorJudgement = { kind: 'new-epoch' };
const VALID: CursorJudgement = { kind: 'valid' };

/** The cursor's own generation, and the one after it. */
const GENERATIONS = `
select ${GENERATION_COLUMNS}
from satchel.generations g
where g.epoch = $1 and g.generation >= $2
order by g.generation limit 2`;

/** Whether a cursor holds at `position` of this database (rule 44). `tx` is the position's own. */
export const judgeCursor = async (
  tx: Queryable,
  position: Position,
  cursor: CursorOrigin,
): Promise<CursorJudgement> => {
  const { generation: current } = position;
  if (cursor.epoch !== current.epoch) return NEW_EPOCH;
  if (cursor.generation === current.generation) {
    // A standby that lags behind its primary may meet a cursor of its own future.
    return cursor.lsn <= position.lsn || position.standby ? VALID : NEW_EPOCH;
  }
  const { rows } = await tx.query<GenerationRow>(
    GENERATIONS,
    [cursor.epoch, cursor.generation],
    'moments_generations',
  );
  const [own, next] = rows.map(generationOf);
  // Not known here: it was opened in a history that this database does not have.
  if (own?.generation !== cursor.generation || next === undefined) return NEW_EPOCH;
  const { survivedLsn, survivedSnapshot } = next;
  if (survivedLsn === null || survivedSnapshot === null) return NEW_EPOCH;
  return cursor.lsn <= survivedLsn ? VALID : { kind: 'rewind', to: survivedSnapshot };
};
