import type { Conflict, ConflictKind, Decision, ResolveRequest, Values } from '@satchel/protocol';
import type { Queryable } from '../postgres/database.ts';

/** Who may decide, as the policy says. */
export type Decider = 'author' | 'administrators' | { readonly role: string };

/** A record of `satchel.conflicts`. */
export interface ConflictRow {
  readonly conflict_id: string;
  readonly table_name: string;
  readonly key: string;
  readonly kind: ConflictKind;
  readonly state: Conflict['state'];
  readonly columns: string[];
  readonly holder: string | null;
  readonly base: Values | null;
  readonly client: Values | null;
  readonly server: Values | null;
  readonly result: Values | null;
  readonly undo: Values | null;
  readonly version: number | null;
  readonly policy: string;
  readonly reason: string | null;
  readonly decided_who: Decider;
  readonly flags: string[];
  readonly principal: string;
  readonly author: string;
  readonly client_id: string | null;
  readonly device_name: string | null;
  /** Stamp of the last mutation that waits for it. */
  readonly edited_hlc: string | null;
  readonly server_by: string | null;
  readonly server_at: number | null;
  readonly server_device: string | null;
  /** Kind `delete`: the row as it was when it was deleted, as far as the audit knows it. */
  readonly last: Values | null;
  readonly mutation_ids: string[];
  readonly decision: Decision | null;
  readonly fields: ResolveRequest['fields'] | null;
  readonly decided_by: string | null;
  readonly note: string | null;
  readonly created_at: number;
  readonly decided_at: number | null;
  readonly expires_at: number | null;
  readonly expire_then: 'server-wins' | 'client-wins' | 'reject' | null;
}

export const CONFLICT_COLUMNS = `c.conflict_id, t.name as table_name, c.key, c.kind, c.state, c.columns, c.holder,
  c.base, c.client, c.server, c.result, c.undo, c.version, c.policy, c.reason, c.decided_who, c.flags, c.principal,
  c.author, c.client_id, d.device_name, c.mutation_ids, m.hlc as edited_hlc, s.user_id as server_by,
  s.at as server_at, s.device_name as server_device, l.before as last, c.decision, c.fields, c.decided_by, c.note, c.created_at,
  c.decided_at, c.expires_at, c.expire_then`;

export const CONFLICT_SOURCE = `satchel.conflicts c
  join satchel.tables t on t.table_id = c.table_id
  left join satchel.clients d on d.client_id = c.client_id
  left join satchel.mutations m
    on m.principal = c.principal and m.mutation_id = c.mutation_ids[cardinality(c.mutation_ids)]
  left join lateral (
    select a.user_id, a.at, w.device_name
      from satchel.audit a
      left join satchel.clients w on w.client_id = a.client_id
     where a.table_id = c.table_id and a.key = coalesce(c.holder, c.key) and a.at <= c.created_at
       and (a.mutation_id is null or a.mutation_id <> all(c.mutation_ids))
     order by a.audit_id desc limit 1) s on true
  left join lateral (
    select a.before
      from satchel.audit a
     where c.kind = 'delete' and c.server is null and a.table_id = c.table_id and a.key = c.key
       and a.op = 'delete' and a.before is not null
     order by a.audit_id desc limit 1) l on true`;

/** The record, locked where the transaction is to change it. */
export const readConflict = async (
  tx: Queryable,
  conflictId: string,
  lock: boolean,
): Promise<ConflictRow | undefined> => {
  const { rows } = await tx.query<ConflictRow>(
    `select ${CONFLICT_COLUMNS} from ${CONFLICT_SOURCE} where c.conflict_id = $1${lock ? ' for update of c' : ''}`,
    [conflictId],
    lock ? 'conflicts_lock' : 'conflicts_read',
  );
  return rows[0];
};
