import type { ConflictDraft } from '@satchel/core';
import type { ServerContext } from '../context.ts';
import type { Transaction } from '../postgres/database.ts';
import type { Job } from './apply.ts';
import { jsonParameter } from './json-parameter.ts';
import { rowAddress } from './row-address.ts';
import type { Written } from './settle.ts';
import type { PushConflict, Verdict } from './verdict.ts';

/** Keeps clashes, settled ones and those for a person, and adds mutations to the reviews that they join. */
export const keepConflicts = async (
  ctx: ServerContext,
  tx: Transaction,
  job: Job,
  verdicts: readonly Verdict[],
  written: Written,
): Promise<void> => {
  const drafts: { verdict: Verdict; draft: PushConflict }[] = [];
  const joins: { c: string; m: string }[] = [];
  for (const verdict of verdicts) {
    if (verdict.kind !== 'settled' && verdict.kind !== 'review') continue;
    for (const draft of verdict.conflicts) drafts.push({ verdict, draft });
    for (const conflictId of verdict.joins) {
      joins.push({ c: conflictId, m: verdict.submitted.mutation.mutationId });
    }
  }
  if (drafts.length > 0) {
    await tx.query(
      INSERT,
      [
        job.principal.id,
        job.principal.userId,
        written.now,
        jsonParameter(drafts.map(({ verdict, draft }) => conflictRecord(ctx, verdict, draft, written))),
      ],
      'push_keep_conflicts',
    );
  }
  if (joins.length > 0) {
    await tx.query(
      `update satchel.conflicts c
          set mutation_ids = c.mutation_ids || j.mutations
         from (select r.c, array_agg(r.m) as mutations
                 from json_to_recordset($1::json) as r(c uuid, m uuid) group by r.c) j
        where c.conflict_id = j.c and not c.mutation_ids @> j.mutations`,
      [JSON.stringify(joins)],
      'push_join_conflicts',
    );
  }
};

const INSERT = `
  insert into satchel.conflicts
    (conflict_id, table_id, key, kind, state, columns, holder, base, client, server, result, undo, version, policy,
     reason, notify, decided_who, flags, principal, author, client_id, mutation_ids, decision, decided_by,
     created_at, decided_at, expires_at, expire_then)
  select r.id, r.t, r.k, r.kind, r.state, r.columns, r.holder, r.base, r.client, r.server, r.result, r.undo, r.v,
         r.policy, r.reason, r.notify, r.who, r.flags, $1, $2, r.c, array[r.m], r.decision,
         case when r.decision is not null then 'policy' end, $3,
         case when r.decision is not null then $3::bigint end, r.expires, r.expire_then
    from json_to_recordset($4::json) as r(
      id uuid, t smallint, k text, kind text, state text, columns text[], holder text, base jsonb, client jsonb,
      server jsonb, result jsonb, undo jsonb, v bigint, policy text, reason text, notify text, who jsonb,
      flags text[], c uuid, m uuid, decision text, expires bigint, expire_then text)
  on conflict (conflict_id) do nothing`;

const conflictRecord = (
  ctx: ServerContext,
  { submitted }: Verdict,
  draft: PushConflict,
  written: Written,
): Record<string, unknown> => ({
  id: draft.conflictId,
  t: ctx.tableIds.get(draft.table),
  k: draft.key,
  kind: draft.kind,
  state: draft.state,
  columns: draft.columns,
  holder: draft.holder,
  base: draft.base,
  client: draft.client,
  server: draft.server,
  result: draft.result,
  undo: draft.undo,
  v: written.version(rowAddress(draft.table, draft.key)),
  policy: draft.policy,
  reason: draft.reason,
  notify: draft.notify,
  who: draft.by,
  flags: draft.flags,
  c: submitted.clientId,
  m: submitted.mutation.mutationId,
  decision: draft.decision,
  ...expiryOf(draft, written.now),
});

const expiryOf = (
  { expireAfter, expireThen }: Pick<ConflictDraft, 'expireAfter' | 'expireThen'>,
  now: number,
): { readonly expires?: number; readonly expire_then?: string } =>
  expireAfter === undefined ? {} : { expires: now + expireAfter, expire_then: expireThen ?? 'server-wins' };
