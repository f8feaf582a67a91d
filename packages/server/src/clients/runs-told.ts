import type { RunReport } from '@satchel/protocol';
import type { Queryable } from '../postgres/database.ts';

/** The trigger of a sync that was seen by its request alone: neither its length nor its bytes are known. */
export const VISIT = 'request';

/** Keeps runs of a device's sync loop as it reports them; one that comes twice counts once. */
export const recordRuns = async (
  tx: Queryable,
  clientId: string,
  runs: readonly RunReport[],
  now: number,
): Promise<void> => {
  await tx.query(
    `insert into satchel.syncs
       (client_id, started_at, ended_at, told_at, trigger, problem, sent_bytes, received_bytes, mutations_up, rows_down)
     select $1, r.started, r.ended, $2, r.trigger, r.problem, r.sent, r.received, r.up, r.down
       from json_to_recordset($3::json) as r(
         started bigint, ended bigint, trigger text, problem text, sent bigint, received bigint, up integer, down integer)
     on conflict do nothing`,
    [
      clientId,
      now,
      JSON.stringify(
        runs.map((run) => ({
          started: run.startedAt,
          ended: Math.max(run.startedAt, run.endedAt),
          trigger: run.trigger,
          problem: run.problem,
          sent: run.sent,
          received: run.received,
          up: run.mutationsUp,
          down: run.rowsDown,
        })),
      ),
    ],
    'clients_runs_told',
  );
};
