import { type OutboxEvent, type OutboxState, transitionOutbox } from '@satchel/core';
import type { Offer, Outcome, Problem } from '@satchel/protocol';
import type { SqlRow, SqlValue } from '../database/driver.ts';
import type { EngineContext } from '../engine-context.ts';
import type { ChangeRange } from './pending.ts';

/** A mutation in the outbox. */
export interface Entry {
  readonly position: number;
  readonly mutationId: string;
  readonly clientId: string;
  readonly runId: string;
  readonly seq: number;
  readonly hlc: string;
  readonly author: string;
  readonly schemaVersion: number;
  readonly name: string | null;
  readonly state: OutboxState;
  readonly lane: string;
  readonly bytes: number;
  readonly createdAt: number;
  /** Where its changes are, while it is not settled. */
  readonly range: ChangeRange | null;
  readonly attempts: number;
  readonly nextAt: number | null;
  readonly everSent: boolean;
  readonly batchId: string | null;
  readonly blockedBy: string | null;
  readonly heldUntil: number | null;
  /** What is sent, fixed at the first sending. */
  readonly body: string | null;
  readonly outcome: Outcome | null;
  readonly problem: Problem | null;
  readonly offer: Offer | null;
  readonly settledAt: number | null;
  readonly tables: readonly string[];
}

const ENTRY_COLUMNS =
  'position,mutation_id,client_id,run_id,seq,hlc,author,schema_version,name,state,lane,bytes,created_at,' +
  'first_change,last_change,attempts,next_at,ever_sent,batch_id,blocked_by,held_until,body,outcome,problem,' +
  'offer,settled_at,tables';

const parsed = <T>(text: SqlValue | undefined): T | null =>
  typeof text === 'string' ? (JSON.parse(text) as T) : null;

const rangeOf = (row: SqlRow): ChangeRange | null =>
  row.first_change === null ? null : { first: row.first_change as number, last: row.last_change as number };

const entryFromRow = (row: SqlRow): Entry => ({
  position: row.position as number,
  mutationId: row.mutation_id as string,
  clientId: row.client_id as string,
  runId: row.run_id as string,
  seq: row.seq as number,
  hlc: row.hlc as string,
  author: row.author as string,
  schemaVersion: row.schema_version as number,
  name: row.name as string | null,
  state: row.state as OutboxState,
  lane: row.lane as string,
  bytes: row.bytes as number,
  createdAt: row.created_at as number,
  range: rangeOf(row),
  attempts: row.attempts as number,
  nextAt: row.next_at as number | null,
  everSent: row.ever_sent === 1,
  batchId: row.batch_id as string | null,
  blockedBy: row.blocked_by as string | null,
  heldUntil: row.held_until as number | null,
  body: row.body as string | null,
  outcome: parsed<Outcome>(row.outcome),
  problem: parsed<Problem>(row.problem),
  offer: parsed<Offer>(row.offer),
  settledAt: row.settled_at as number | null,
  tables: (row.tables as string).split(','),
});

/**
 * Entries by a condition on the outbox's own columns. One on `state` also says
 * `state <> 'settled'`: by these very words SQLite finds the index that leaves the
 * settled ones out, of which there may be a month's worth.
 */
export const entriesWhere = (
  { db }: EngineContext,
  condition: string,
  parameters: readonly SqlValue[] = [],
): Entry[] =>
  db
    .prepare(`select ${ENTRY_COLUMNS} from satchel_outbox where ${condition}`)
    .all(parameters)
    .map(entryFromRow);

/** As much of a mutation as it takes to send it; a batch reads thousands. */
export type Sendable = Pick<
  Entry,
  | 'position'
  | 'mutationId'
  | 'clientId'
  | 'runId'
  | 'seq'
  | 'hlc'
  | 'author'
  | 'schemaVersion'
  | 'name'
  | 'state'
  | 'lane'
  | 'bytes'
  | 'range'
  | 'nextAt'
  | 'body'
  | 'offer'
>;

const SENDABLE_COLUMNS =
  'position,mutation_id,client_id,run_id,seq,hlc,author,schema_version,name,state,lane,bytes,' +
  'first_change,last_change,next_at,body,offer';

/** As `entriesWhere`. */
export const sendablesWhere = (
  { db }: EngineContext,
  condition: string,
  parameters: readonly SqlValue[],
): Sendable[] =>
  db
    .prepare(`select ${SENDABLE_COLUMNS} from satchel_outbox where ${condition}`)
    .all(parameters)
    .map((row) => ({
      position: row.position as number,
      mutationId: row.mutation_id as string,
      clientId: row.client_id as string,
      runId: row.run_id as string,
      seq: row.seq as number,
      hlc: row.hlc as string,
      author: row.author as string,
      schemaVersion: row.schema_version as number,
      name: row.name as string | null,
      state: row.state as OutboxState,
      lane: row.lane as string,
      bytes: row.bytes as number,
      range: rangeOf(row),
      nextAt: row.next_at as number | null,
      body: row.body as string | null,
      offer: parsed<Offer>(row.offer),
    }));

export const entryById = (context: EngineContext, mutationId: string): Entry | undefined =>
  entriesWhere(context, 'mutation_id = ?', [mutationId])[0];

/** As much of a mutation as its answer needs: a whole entry costs ten times that to read. */
export interface Standing extends Pick<Entry, 'position' | 'mutationId' | 'state' | 'range'> {
  /** It was settled in a history that is lost, and is offered again. */
  readonly isOffer: boolean;
}

export const standingOf = ({ db }: EngineContext, mutationId: string): Standing | undefined => {
  const row = db
    .prepare(
      'select position,state,first_change,last_change,offer is not null as offered from satchel_outbox ' +
        'where mutation_id = ?',
    )
    .get([mutationId]);
  return (
    row && {
      position: row.position as number,
      mutationId,
      state: row.state as OutboxState,
      range: rangeOf(row),
      isOffer: row.offered === 1,
    }
  );
};

/** Those of a batch that is under way, by mutation id; offers are not among them. */
export const standingsOfBatch = ({ db }: EngineContext, batchId: string): ReadonlyMap<string, Standing> => {
  const rows = db
    .prepare(
      'select position,mutation_id,first_change,last_change from satchel_outbox ' +
        "where batch_id = ? and state = 'in-flight' and state <> 'settled' and offer is null",
    )
    .all([batchId]);
  return new Map(
    rows.map((row): [string, Standing] => {
      const mutationId = row.mutation_id as string;
      return [
        mutationId,
        {
          position: row.position as number,
          mutationId,
          state: 'in-flight',
          range: rangeOf(row),
          isOffer: false,
        },
      ];
    }),
  );
};

/** The mutation that a pending change belongs to. */
export const entryOfChange = (context: EngineContext, changeId: number): Entry | undefined =>
  entriesWhere(context, 'first_change <= ? order by first_change desc limit 1', [changeId])[0];

/** Moves an entry by the table of states in core; returns whether the event said anything new. */
export const moveEntry = (
  { db }: EngineContext,
  entry: Pick<Entry, 'position' | 'state'>,
  event: OutboxEvent,
): OutboxState | undefined => {
  const state = transitionOutbox(entry.state, event);
  if (state !== undefined) {
    db.prepare('update satchel_outbox set state = ? where position = ?').run([state, entry.position]);
  }
  return state;
};
