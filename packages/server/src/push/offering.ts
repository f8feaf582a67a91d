import type { Mutation } from '@satchel/protocol';
import type { Queryable } from '../postgres/database.ts';

/** The history that begins after an incident, to which clients offer again what they had settled. */
export interface Offering {
  /** The name under which `satchel.offers` keeps it. */
  readonly space: string;
  /** UTC milliseconds of its beginning. */
  readonly openedAt: number;
  readonly epoch: string;
}

/**
 * The present history, if offers mean something in it: it follows another one, or it is
 * another one than theirs. Else they are mutations like all others.
 */
export const readOffering = async (
  tx: Queryable,
  mutations: readonly Mutation[],
): Promise<Offering | undefined> => {
  const offers = mutations.flatMap(({ offer }) => (offer ? [offer] : []));
  if (offers.length === 0) return undefined;
  const { rows } = await tx.query<{ generation: number; epoch: string; opened_at: number; follows: boolean }>(
    `select g.generation, g.epoch, g.opened_at,
            exists (select from satchel.generations b where b.generation < g.generation) as follows
       from satchel.generations g order by g.generation desc limit 1`,
    [],
    'push_offering',
  );
  const now = rows[0];
  if (now === undefined || !(now.follows || offers.some(({ epoch }) => epoch !== now.epoch)))
    return undefined;
  return { space: `${now.epoch}:${now.generation}`, openedAt: now.opened_at, epoch: now.epoch };
};
