import { hlcToText } from '@satchel/core';
import { type Json, type Outcome, type PushAnswer, unreachable, type Values } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Transaction } from '../postgres/database.ts';
import { together } from '../postgres/together.ts';
import type { WrittenRow } from './after-write.ts';
import type { Job } from './apply.ts';
import { AUDIT, type AuditRecord, auditInsert, auditParameter, auditRecords } from './audit-records.ts';
import { jsonParameter } from './json-parameter.ts';
import { keepConflicts } from './keep-conflicts.ts';
import type { WaitingBody } from './load-common.ts';
import type { Offering } from './offering.ts';
import { keyOfAddress, type RowAddress, tableOf } from './row-address.ts';
import { TryAgain } from './try-again.ts';
import type { SettledVerdict, Verdict } from './verdict.ts';

/** The rows of a batch after it was written. */
export interface Written {
  readonly rows: ReadonlyMap<RowAddress, WrittenRow>;
  /** Values that the database gave another form. */
  readonly again: ReadonlyMap<RowAddress, Values>;
  /** The version of a row now, also of one that was only read. */
  version(address: RowAddress): number | undefined;
  readonly now: number;
}

/**
 * Keeps what became of a batch, in the transaction of its effects: outcomes (and with
 * them the claim of the ids), mutations that wait, audit, conflicts, new keys, last
 * writers, work for `onApplied`. One statement for each, however many there are.
 */
export const settle = async (
  ctx: ServerContext,
  tx: Transaction,
  job: Job,
  verdicts: readonly Verdict[],
  answers: ReadonlyMap<string, PushAnswer>,
  written: Written,
  offering: Offering | undefined,
): Promise<void> => {
  const kept = verdicts.filter(({ kind }) => kind !== 'needs-earlier');
  const settled = verdicts.filter((verdict): verdict is SettledVerdict => verdict.kind === 'settled');
  const audit = auditRecords(ctx, settled, written, job.source, offering !== undefined);
  await together([
    job.releases
      ? together([releaseMutations(tx, job, kept, answers), keepAudit(tx, job, audit, written)])
      : claimMutations(tx, job, kept, answers, audit, written.now),
    keepHeld(ctx, tx, job, kept),
    keepConflicts(ctx, tx, job, verdicts, written),
    keepRenames(ctx, tx, settled),
    keepWriters(ctx, tx, job, settled, written),
    keepOffered(ctx, tx, settled, offering),
    queueApplied(ctx, tx, job, settled, written),
  ]);
};

/** Of all mutations of a batch but those that tell of themselves otherwise. */
interface Sender {
  readonly clientId: string;
  readonly runId: string;
}

/** A mutation for `claimMutations`: what most of a batch have in common is left out. */
const mutationRecord = (
  verdict: Verdict,
  answers: ReadonlyMap<string, PushAnswer>,
  sender: Sender | undefined,
): MutationRecord => {
  const { mutation, clientId, runId, hash } = verdict.submitted;
  const answer = answers.get(mutation.mutationId);
  const record: MutationRecord = { i: mutation.mutationId, s: mutation.seq, h: hash, l: mutation.hlc };
  if (clientId !== sender?.clientId) record.c = clientId;
  if (runId !== sender?.runId) record.r = runId;
  if (verdict.kind !== 'settled') record.t = verdict.kind;
  if (answer?.kind === 'outcome') record.o = answer.outcome;
  const body = waitingBody(verdict);
  if (body !== undefined) record.b = body;
  return record;
};

interface MutationRecord {
  readonly i: string;
  readonly s: number;
  readonly h: string;
  readonly l: string;
  c?: string;
  r?: string;
  t?: Verdict['kind'];
  o?: Outcome;
  b?: WaitingBody;
}

const waitingBody = (verdict: Verdict): WaitingBody | undefined => {
  const { mutation, changes } = verdict.submitted;
  switch (verdict.kind) {
    case 'settled':
    case 'needs-earlier':
      return undefined;
    case 'held':
      return { mutation, rows: changes.map(({ table, key }) => [table, key]) };
    case 'review':
      return {
        mutation,
        rows: verdict.changes.map(({ table, key }) => [table, key]),
        conflictIds: [
          ...new Set([...verdict.joins, ...verdict.conflicts.map(({ conflictId }) => conflictId)]),
        ],
      };
    default:
      return unreachable(verdict);
  }
};

/** In the order of the ids: two transactions that claim the same ones wait for each other only one way. */
const byId = (a: Verdict, b: Verdict): number =>
  a.submitted.mutation.mutationId < b.submitted.mutation.mutationId ? -1 : 1;

const claimMutations = async (
  tx: Transaction,
  job: Job,
  verdicts: readonly Verdict[],
  answers: ReadonlyMap<string, PushAnswer>,
  audit: readonly AuditRecord[],
  now: number,
): Promise<void> => {
  if (verdicts.length === 0) return;
  const sender = verdicts[0]?.submitted;
  const records = verdicts.toSorted(byId).map((verdict) => mutationRecord(verdict, answers, sender));
  const { rows } = await tx.query<{ claimed: number }>(
    `with claimed as (
       insert into satchel.mutations
         (principal, mutation_id, client_id, run_id, seq, batch_id, hash, author, hlc, received_at, state, outcome, body)
       select $1, r.i, coalesce(r.c, $8), coalesce(r.r, $9), r.s, $2, decode(r.h, 'hex'), $3, r.l, $4,
              coalesce(r.t, 'settled'), r.o, r.b
         from json_to_recordset($5::json) as r(i uuid, c uuid, r uuid, s bigint, h text, l text, t text, o jsonb, b jsonb)
       on conflict do nothing
       returning 1
     ), audited as (
       ${auditInsert({ at: '$4', user: '$3', channel: '$6', records: '$7', client: '$8::uuid', source: '$10::text' })}
     )
     select count(*)::int as claimed from claimed`,
    [
      job.principal.id,
      job.batchId,
      job.principal.userId,
      now,
      jsonParameter(records),
      job.principal.channel,
      jsonParameter(auditParameter(audit, sender?.clientId, job.source)),
      sender?.clientId,
      sender?.runId,
      job.source,
    ],
    'push_claim',
  );
  if ((rows[0]?.claimed ?? 0) < verdicts.length) throw new TryAgain([], true);
};

/** A mutation that waited has its outcome now, or waits on; pages carry the outcome by the new xid. */
const releaseMutations = async (
  tx: Transaction,
  job: Job,
  verdicts: readonly Verdict[],
  answers: ReadonlyMap<string, PushAnswer>,
): Promise<void> => {
  const records = verdicts.toSorted(byId).map((verdict) => mutationRecord(verdict, answers, undefined));
  await tx.query(
    `update satchel.mutations m
        set state = coalesce(r.t, 'settled'), outcome = r.o, body = r.b, xid = pg_current_xact_id()
       from json_to_recordset($2::json) as r(i uuid, t text, o jsonb, b jsonb)
      where m.principal = $1 and m.mutation_id = r.i`,
    [job.principal.id, jsonParameter(records)],
    'push_release',
  );
  await tx.query(
    'delete from satchel.held where principal = $1 and mutation_id = any($2::uuid[])',
    [job.principal.id, verdicts.map(({ submitted }) => submitted.mutation.mutationId)],
    'push_unheld',
  );
};

const keepHeld = async (
  ctx: ServerContext,
  tx: Transaction,
  job: Job,
  verdicts: readonly Verdict[],
): Promise<void> => {
  const held = verdicts.flatMap((verdict) => (verdict.kind === 'held' ? [verdict] : []));
  if (held.length === 0) return;
  await tx.query(
    `insert into satchel.held (principal, mutation_id, parent_table, parent_key, until)
     select $1, r.i, r.t, r.k, r.u from json_to_recordset($2::json) as r(i uuid, t smallint, k text, u bigint)`,
    [
      job.principal.id,
      JSON.stringify(
        held.map(({ submitted, parent, until }) => ({
          i: submitted.mutation.mutationId,
          t: ctx.tableIds.get(parent.table),
          k: parent.key,
          u: until,
        })),
      ),
    ],
    'push_keep_held',
  );
};

const keepAudit = async (
  tx: Transaction,
  job: Job,
  records: readonly AuditRecord[],
  written: Written,
): Promise<void> => {
  if (records.length === 0) return;
  await tx.query(
    AUDIT,
    [written.now, job.principal.userId, job.principal.channel, JSON.stringify(records)],
    'push_audit',
  );
};

const keepRenames = async (
  ctx: ServerContext,
  tx: Transaction,
  settled: readonly SettledVerdict[],
): Promise<void> => {
  const records = settled.flatMap(({ submitted, renamed }) =>
    renamed.map(({ table, oldKey, newKey }) => ({
      c: submitted.clientId,
      t: ctx.tableIds.get(table),
      o: oldKey,
      n: newKey,
      r: submitted.runId,
      s: submitted.mutation.seq,
      m: submitted.mutation.mutationId,
    })),
  );
  if (records.length === 0) return;
  await tx.query(
    `insert into satchel.renames (client_id, table_id, old_key, new_key, run_id, seq, mutation_id)
     select r.c, r.t, r.o, r.n, r.r, r.s, r.m
       from json_to_recordset($1::json) as r(c uuid, t smallint, o text, n text, r uuid, s bigint, m uuid)
     on conflict (client_id, table_id, old_key) do update
       set new_key = excluded.new_key, run_id = excluded.run_id, seq = excluded.seq,
           mutation_id = excluded.mutation_id, renamed_run = null, renamed_from = null`,
    [JSON.stringify(records)],
    'push_keep_renames',
  );
};

const keepWriters = async (
  ctx: ServerContext,
  tx: Transaction,
  job: Job,
  settled: readonly SettledVerdict[],
  written: Written,
): Promise<void> => {
  const stamps = new Map<string, Record<string, Json | undefined>>();
  for (const { submitted, stamps: own } of settled) {
    for (const { address, column, hlc } of own) {
      stamps.set(`${address}\n${column}`, {
        t: ctx.tableIds.get(tableOf(address)),
        k: keyOfAddress(address),
        c: column,
        h: hlcToText(hlc),
        m: submitted.mutation.mutationId,
        v: written.version(address),
      });
    }
  }
  if (stamps.size === 0) return;
  await tx.query(
    `insert into satchel.writers (table_id, key, column_name, hlc, roles, mutation_id, version)
     select r.t, r.k, r.c, r.h, $1, r.m, r.v
       from json_to_recordset($2::json) as r(t smallint, k text, c text, h text, m uuid, v bigint)
      order by r.t, r.k collate "C", r.c
     on conflict (table_id, key, column_name) do update
       set hlc = excluded.hlc, roles = excluded.roles, mutation_id = excluded.mutation_id, version = excluded.version`,
    [[...job.principal.roles], JSON.stringify([...stamps.values()])],
    'push_keep_writers',
  );
};

const keepOffered = async (
  ctx: ServerContext,
  tx: Transaction,
  settled: readonly SettledVerdict[],
  offering: Offering | undefined,
): Promise<void> => {
  if (offering === undefined) return;
  const highest = new Map<string, { t: number | undefined; k: string; c: string; v: number }>();
  for (const { offered } of settled) {
    for (const { address, column, version } of offered) {
      const place = `${address}\n${column}`;
      if ((highest.get(place)?.v ?? -1) >= version) continue;
      highest.set(place, {
        t: ctx.tableIds.get(tableOf(address)),
        k: keyOfAddress(address),
        c: column,
        v: version,
      });
    }
  }
  if (highest.size === 0) return;
  await tx.query(
    `insert into satchel.offers as o (epoch, table_id, key, column_name, version)
     select $1, r.t, r.k, r.c, r.v
       from json_to_recordset($2::json) as r(t smallint, k text, c text, v bigint)
      order by r.t, r.k collate "C", r.c
     on conflict (epoch, table_id, key, column_name) do update set version = greatest(o.version, excluded.version)`,
    [offering.space, jsonParameter([...highest.values()])],
    'push_keep_offers',
  );
};

/** Work for the app's functions after commit (rule 29), in the transaction of its cause: at least once. */
const queueApplied = async (
  ctx: ServerContext,
  tx: Transaction,
  job: Job,
  settled: readonly SettledVerdict[],
  written: Written,
): Promise<void> => {
  if (Object.keys(ctx.app.onApplied).length === 0) return;
  const wanted = settled.map((verdict) => ({
    ...verdict,
    effects: verdict.effects.filter(({ table }) => (ctx.app.onApplied[table]?.length ?? 0) > 0),
  }));
  const records = auditRecords(ctx, wanted, written, job.source, false);
  if (records.length === 0) return;
  await tx.query(
    `insert into satchel.applied (mutation_id, user_id, table_id, op, key, before, after, next_at)
     select r.m, $1, r.t, r.o, r.k, r.b, r.a, $2
       from json_to_recordset($3::json) as r(t smallint, k text, o text, b jsonb, a jsonb, m uuid)`,
    [job.principal.userId, written.now, JSON.stringify(records)],
    'push_queue_applied',
  );
};
