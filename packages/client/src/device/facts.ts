import { readMeta, readMetaText } from '../database/meta.ts';
import { unprovenTables } from '../database/missed-writes.ts';
import type { EngineFacts } from '../engine.ts';
import type { EngineContext } from '../engine-context.ts';

/** States of what the server has not settled yet. */
const PENDING = "('queued','in-flight','blocked','review','failed')";

/** What the database says of itself, for the status. */
export const readFacts = (context: EngineContext): EngineFacts => {
  const { app, db, now, userId } = context;
  const byState = new Map(
    db
      .prepare("select state, count(*) as n from satchel_outbox where state <> 'settled' group by state")
      .all()
      .map((row) => [row.state as string, row.n as number]),
  );
  const count = (state: string): number => byState.get(state) ?? 0;
  const pending = ['queued', 'in-flight', 'blocked', 'review', 'failed'].reduce(
    (sum, state) => sum + count(state),
    0,
  );
  const one = (sql: string): number | null =>
    (db.prepare(sql).get()?.value as number | null | undefined) ?? null;
  return {
    clientId: now.clientId,
    runId: now.runId,
    userId,
    schemaVersion: app.schemaVersion,
    epoch: readMetaText(db, 'epoch'),
    pending,
    ...(pending > 0 ? pendingByName(context) : { pendingByLane: {}, pendingByTable: {} }),
    oldestPendingAt: one(
      `select min(created_at) as value from satchel_outbox where state in ${PENDING} and state <> 'settled'`,
    ),
    inFlight: count('in-flight'),
    blocked: count('blocked'),
    failed: count('failed'),
    review: count('review'),
    held:
      one(
        "select count(*) as value from satchel_outbox where state = 'queued' and state <> 'settled' and held_until is not null",
      ) ?? 0,
    quarantined: count('quarantined'),
    openConflicts: one("select count(*) as value from satchel_conflicts where state <> 'settled'") ?? 0,
    nextRetryAt: one(
      "select min(next_at) as value from satchel_outbox where state = 'queued' and state <> 'settled' and next_at is not null and held_until is null",
    ),
    complete: readMeta(db, 'complete') === true,
    checkpointAt: (readMeta(db, 'checkpoint-at') as number | undefined) ?? null,
    scopes: db
      .prepare('select distinct scope from satchel_scopes order by scope')
      .all()
      .map(({ scope }) => scope as string),
    storage: { kind: 'sqlite', durability: db.durability === 'full' ? context.durability : db.durability },
    cloned: readMeta(db, 'cloned') === true,
    unproven: unprovenTables(context),
    rewound: readMeta(db, 'rewound') === true,
  };
};

const pendingByName = ({ db }: EngineContext): Pick<EngineFacts, 'pendingByLane' | 'pendingByTable'> => {
  const pendingByLane: Record<string, number> = {};
  const pendingByTable: Record<string, number> = {};
  const rows = db
    .prepare(
      `select lane, tables, count(*) as n from satchel_outbox where state in ${PENDING} and state <> 'settled' group by lane, tables`,
    )
    .all();
  for (const row of rows) {
    const lane = row.lane as string;
    pendingByLane[lane] = (pendingByLane[lane] ?? 0) + (row.n as number);
    for (const table of (row.tables as string).split(',')) {
      pendingByTable[table] = (pendingByTable[table] ?? 0) + (row.n as number);
    }
  }
  return { pendingByLane, pendingByTable };
};
