import type { ConflictKind, Decision, Values } from '@satchel/protocol';
import type { Columns } from './column.ts';
import type { ConflictPolicies, Expiry, PolicyNotes, UpdatePolicy } from './policy.ts';

/** What a table is to the merge; the schema's `Table` is one. */
export interface MergeTable {
  readonly name: string;
  readonly columns: Columns;
  readonly primaryKey: readonly string[];
  readonly conflicts: ConflictPolicies;
}

/** A conflict as the merge leaves it; the server adds ids, people and times. */
export interface ConflictDraft {
  readonly kind: ConflictKind;
  /** `open`: a person decides. */
  readonly state: 'open' | 'settled';
  /** The columns that clash. */
  readonly columns: readonly string[];
  readonly base: Values | null;
  readonly client: Values | null;
  readonly server: Values | null;
  /** What the row has in these columns after the mutation; null when there is no row. */
  readonly result: Values | null;
  /** Kind of the policy that decided. */
  readonly policy: string;
  readonly reason?: string;
  readonly by: NonNullable<PolicyNotes['by']>;
  readonly notify: NonNullable<PolicyNotes['notify']>;
  /** Absent while open. */
  readonly decision?: Decision;
  /** Milliseconds after which an open one expires; absent: never. */
  readonly expireAfter?: number;
  readonly expireThen?: NonNullable<Expiry['then']>;
}

type Said = Pick<ConflictDraft, 'policy' | 'reason' | 'by' | 'notify' | 'expireAfter' | 'expireThen'>;

interface Notes extends PolicyNotes {
  readonly kind: string;
  readonly expireAfter?: number;
  readonly then?: Expiry['then'] | UpdatePolicy;
}

/**
 * What the policies say besides who wins; the inner one (the `then` that decided)
 * before the outer one.
 */
export const policySays = (outer: Notes, inner: Notes = outer): Said => {
  const reason = inner.reason ?? outer.reason;
  const { expireAfter } = inner;
  return {
    policy: outer.kind,
    by: inner.by ?? outer.by ?? 'administrators',
    notify: inner.notify ?? outer.notify ?? 'none',
    ...(reason !== undefined && { reason }),
    ...(expireAfter !== undefined && {
      expireAfter,
      expireThen: typeof inner.then === 'string' ? inner.then : 'server-wins',
    }),
  };
};
