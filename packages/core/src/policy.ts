/**
 * Conflict policies as plain data. What each decides is in `merge.ts` (updates),
 * `delete-policy.ts` and `insert-policy.ts`.
 */

/** Common to every policy: who decides, who is told, why the rule is so. */
export interface PolicyNotes {
  /** Who decides a review: the writer, a role, or the administrators' queue. Default `administrators`. */
  readonly by?: 'author' | 'administrators' | { readonly role: string };
  /** Whom to tell of the clash. Default `none`. */
  readonly notify?: 'none' | 'passive' | 'must-review';
  /** Why the rule is so; stands in every conflict record. */
  readonly reason?: string;
}

/** What settles a review when nobody comes. */
export interface Expiry {
  /** Milliseconds after which the review expires. Default: never. */
  readonly expireAfter?: number;
  /** What then happens. Default `server-wins`. */
  readonly then?: 'server-wins' | 'client-wins' | 'reject';
}

/** Decides a field whose server value is neither the base nor the new one. */
export type UpdatePolicy = PolicyNotes &
  (
    | { readonly kind: 'server-wins' }
    | { readonly kind: 'client-wins' }
    /** The later Hlc, clamped: a clock of 2035 wins nothing. */
    | { readonly kind: 'latest-wins' }
    /** The earlier edit, by the Hlc of the edit of `column`, clamped. */
    | { readonly kind: 'earliest-wins'; readonly column?: string }
    /** Writes by this authenticated role beat writes by others; equals fall to `then`. */
    | { readonly kind: 'role-wins'; readonly role: string; readonly then?: UpdatePolicy }
    /** Disjoint fields merge, counters add, sets unite; the rest falls to `then` (default server-wins). */
    | { readonly kind: 'merge'; readonly then?: UpdatePolicy }
    /** A person decides; the mutation is held until then, or applied and flagged. Default `hold`. */
    | ({ readonly kind: 'review'; readonly until?: 'hold' | 'apply' } & Expiry)
    /** A named function of the app, run on the server. */
    | { readonly kind: 'custom'; readonly name: string }
  );

/** Decides when a new row's key is already that of another row. */
export type InsertPolicy = PolicyNotes &
  (
    | { readonly kind: 'new-key' }
    | { readonly kind: 'merge'; readonly then?: UpdatePolicy }
    | { readonly kind: 'reject' }
  );

/** Decides a delete against an edit, whichever came first. */
export type DeletePolicy = PolicyNotes &
  (({ readonly kind: 'ask' } & Expiry) | { readonly kind: 'delete-wins' } | { readonly kind: 'edit-wins' });

/** Decides when a unique value is already that of another row. */
export type UniquePolicy = PolicyNotes &
  ({ readonly kind: 'reject' } | ({ readonly kind: 'review' } & Expiry) | { readonly kind: 'merge-into' });

/** All policies of one table. `fields` overrides `update` column by column. */
export interface ConflictPolicies {
  readonly update: UpdatePolicy;
  readonly insert: InsertPolicy;
  readonly delete: DeletePolicy;
  readonly unique: UniquePolicy;
  readonly fields: Readonly<Record<string, UpdatePolicy>>;
}

/** The policy that decides clashes of a column: its own, else the table's. */
export const policyOf = ({ fields, update }: ConflictPolicies, column: string): UpdatePolicy =>
  Object.hasOwn(fields, column) ? fields[column]! : update;
