import type {
  DeletePolicy,
  Expiry,
  InsertPolicy,
  PolicyNotes,
  UniquePolicy,
  UpdatePolicy,
} from '@satchel/core';

/** A policy as its bare word, or in full through one of the functions below. */
export type UpdatePolicyInput =
  | 'server-wins'
  | 'client-wins'
  | 'latest-wins'
  | 'earliest-wins'
  | 'merge'
  | 'review'
  | UpdatePolicy;
export type InsertPolicyInput = 'new-key' | 'merge' | 'reject' | InsertPolicy;
export type DeletePolicyInput = 'ask' | 'delete-wins' | 'edit-wins' | DeletePolicy;
export type UniquePolicyInput = 'reject' | 'review' | 'merge-into' | UniquePolicy;

/** The policies of a table. What is left out has the default of `defineApp`. */
export interface ConflictsInput<Name extends string = string> extends PolicyNotes {
  readonly update?: UpdatePolicyInput;
  readonly insert?: InsertPolicyInput;
  readonly delete?: DeletePolicyInput;
  readonly unique?: UniquePolicyInput;
  /** Overrides `update` for single columns. */
  readonly fields?: { readonly [column in Name]?: UpdatePolicyInput };
}

const asPolicy = (policy: UpdatePolicyInput): UpdatePolicy =>
  typeof policy === 'string' ? { kind: policy } : policy;
type Then = { readonly then?: UpdatePolicyInput };
const withThen = ({ then, ...notes }: PolicyNotes & Then): PolicyNotes & { readonly then?: UpdatePolicy } =>
  then === undefined ? notes : { ...notes, then: asPolicy(then) };

/** The server's value stays; the client's is kept in the conflict record. */
export const serverWins = (notes: PolicyNotes = {}): UpdatePolicy => ({ ...notes, kind: 'server-wins' });

/** The client's value replaces the server's, which is kept in the conflict record. */
export const clientWins = (notes: PolicyNotes = {}): UpdatePolicy => ({ ...notes, kind: 'client-wins' });

/** The later edit wins; a clock that is wrong wins nothing. */
export const latestWins = (notes: PolicyNotes = {}): UpdatePolicy => ({ ...notes, kind: 'latest-wins' });

/** The earlier edit wins, for example the first acknowledgement of an alert; by the edit of `column` if it is given. */
export const earliestWins = (column?: string, notes: PolicyNotes = {}): UpdatePolicy =>
  column === undefined ? { ...notes, kind: 'earliest-wins' } : { ...notes, kind: 'earliest-wins', column };

/** Writes by this role, as the token says, beat writes by others; between equals `then` decides (default server-wins). */
export const roleWins = (role: string, options: PolicyNotes & Then = {}): UpdatePolicy => ({
  ...withThen(options),
  kind: 'role-wins',
  role,
});

/** Counters add, sets unite; what cannot be merged falls to `then` (default server-wins). */
export const merge = (options: PolicyNotes & Then = {}): UpdatePolicy & InsertPolicy => ({
  ...withThen(options),
  kind: 'merge',
});

/**
 * A person decides. Until then nothing of the mutation takes effect (`until: 'hold'`,
 * the default), or all of it does and the field is flagged (`until: 'apply'`).
 *
 * @example
 * ```ts
 * review({ by: { role: 'agent' }, expireAfter: days(7), then: 'server-wins', reason: 'Two visits differ' });
 * ```
 */
export const review = (
  options: PolicyNotes & Expiry & { readonly until?: 'hold' | 'apply' } = {},
): UpdatePolicy & { readonly kind: 'review' } => ({ ...options, kind: 'review' });

/** A function of the app's `resolvers` decides, on the server. */
export const custom = (name: string, notes: PolicyNotes = {}): UpdatePolicy => ({
  ...notes,
  kind: 'custom',
  name,
});

/** A deletion against an edit: a person decides. */
export const ask = (options: PolicyNotes & Expiry = {}): DeletePolicy => ({ ...options, kind: 'ask' });
