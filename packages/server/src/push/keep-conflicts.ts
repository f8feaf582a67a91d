import type { ConflictDraft } from '@satchel/core';
import type { Values } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Transaction } from '../postgres/database.ts';
import type { Job } from './apply.ts';
import { jsonParameter } from './json-parameter.ts';
import { rowAddress } from './row-address.ts';
import type { Written } from './settle.ts';
import type { Submitted } from './submitted.ts';
import { TryAgain } from './try-again.ts';
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
  const joins = new Map<string, Join>();
  for (const verdict of verdicts) {
    if (verdict.kind !== 'settled' && verdict.kind !== 'review') continue;
    for (const draft of verdict.conflicts) drafts.push({ verdict, draft });
    for (const conflictId of verdict.joins) join(ctx, joins, conflictId, verdict.submitted);
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
  if (joins.size > 0) {
    const { rowCount } = await tx.query(JOIN, [jsonParameter([...joins.values()])], 'push_join_conflicts');
    // Somebody settled one meanwhile: what would wait for it need not.
    if (rowCount < joins.size) throw new TryAgain([], true);
  }
};

/** Mutations that join a review, and what they write; some of it is of the row in question. */
interface Join {
  readonly c: string;
  readonly m: string[];
  readonly w: { t: number | undefined; k: string; v: Values }[];
}

const join = (
  ctx: ServerContext,
  joins: Map<string, Join>,
  conflictId: string,
  submitted: Submitted,
): void => {
  const known = joins.get(conflictId) ?? { c: conflictId, m: [], w: [] };
  joins.set(conflictId, known);
  known.m.push(submitted.mutation.mutationId);
  for (const { table, key, values } of submitted.changes) {
    if (values) known.w.push({ t: ctx.tableIds.get(table), k: key, v: values });
  }
};

/** What they wrote last in the columns in question is what the client wants now. */
const JOIN = `
  update satchel.conflicts c
     set mutation_ids = c.mutation_ids || array(select m from unnest(j.m) m where m <> all (c.mutation_ids)),
         client = case when wanted.columns is null then c.client
                       else coalesce(c.client, '{}') || wanted.columns end
    from json_to_recordset($1::json) as j(c uuid, m uuid[], w jsonb)
    cross join lateral (
      select jsonb_object_agg(v.key, v.value order by w.place) as columns
        from satchel.conflicts own
        cross join jsonb_array_elements(j.w) with ordinality w(written, place)
        cross join jsonb_each(w.written -> 'v') v
       where own.conflict_id = j.c and own.table_id = (w.written ->> 't')::smallint
         and own.key = w.written ->> 'k' and v.key = any (own.columns)
    ) wanted
   where c.conflict_id = j.c and c.state <> 'settled'`;

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
