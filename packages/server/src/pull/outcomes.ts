import { parseSnapshot } from '@satchel/core';
import type { Outcome } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { outcomesInSight } from './outcomes-in-sight.ts';
import type { ReaderView } from './reader-view.ts';
import { shownOutcome } from './shown-outcome.ts';
import { beganAfter, ofRunning } from './unseen.ts';

export interface ClientOutcome {
  readonly clientId: string;
  readonly outcome: Outcome;
}

const armOf = (condition: string): string =>
  `select m.client_id, m.run_id, m.seq, m.outcome, m.xid from satchel.mutations m
   where m.client_id = c.client_id and ${condition} and m.outcome is not null`;

/**
 * Text of `outcomesSince`, by the names of its parameters: clients, the first transaction
 * after the snapshot, those that were running then.
 */
export const outcomesText = (clients: string, after: string, running: string): string =>
  `select m.client_id as "clientId", m.outcome
     from unnest(${clients}::uuid[]) as c(client_id)
     cross join lateral (
       ${armOf(beganAfter('m.xid', after))}
       union all
       ${ofRunning('m.xid', running, after, armOf)}
     ) m
     left join satchel.runs r on r.client_id = m.client_id and r.run_id = m.run_id
     where not coalesce(r.acked @> m.seq, false)
     order by m.client_id, m.xid, m.seq`;

/**
 * Outcomes of some clients' own mutations that `since` does not see and this snapshot
 * does (rule 56), but for those that a client said it has. As they are stored: see
 * `shownOutcome` for what a reader may see of them.
 */
export const outcomesSince = async (
  tx: Queryable,
  clientIds: readonly string[],
  since: string,
): Promise<readonly ClientOutcome[]> => {
  const { xmax, xip } = parseSnapshot(since);
  const { rows } = await tx.query<ClientOutcome>(
    outcomesText('$1', '$2', '$3'),
    [clientIds, String(xmax), xip.map(String)],
    'outcomes_since',
  );
  return rows;
};

/** The outcomes of one client, as it may see them. */
export const outcomesFor = async (
  ctx: Pick<ServerContext, 'tableIds'>,
  tx: Queryable,
  clientId: string,
  since: string,
  scopes: readonly string[],
  view: ReaderView,
): Promise<readonly Outcome[]> => {
  const found = await outcomesSince(tx, [clientId], since);
  const outcomes = await outcomesInSight(
    ctx,
    tx,
    scopes,
    found.map(({ outcome }) => outcome),
  );
  return outcomes.map((outcome) => shownOutcome(outcome, view));
};
