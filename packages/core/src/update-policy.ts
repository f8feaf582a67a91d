import { unreachable, type Value } from '@satchel/protocol';
import { canonicalize } from './canonical.ts';
import type { ClockBounds } from './clamp.ts';
import type { Column } from './column.ts';
import type { Hlc } from './hlc.ts';
import type { UpdatePolicy } from './policy.ts';
import { believedStamp, comesBefore, type FieldWriter, type Wanted } from './writer.ts';

/** What a named function of the app is asked. */
export interface ResolveInput {
  readonly table: string;
  readonly key: string;
  readonly column: string;
  readonly base: Value | undefined;
  readonly client: Value;
  readonly server: Value;
  readonly roles: readonly string[];
}
export type Resolved =
  | { readonly take: 'client' | 'server' | 'review' }
  | { readonly take: 'value'; readonly value: Value };

/** What the policies judge by, besides the values. */
export interface PolicyFacts {
  readonly mutationId: string;
  /** The stamp of the edit as the client sent it. */
  readonly hlc: Hlc;
  /** Authenticated roles of the author, from the token at receipt. */
  readonly roles: readonly string[];
  readonly clock: ClockBounds;
  /** Last writer of a column on the server; `undefined` when nobody is known. */
  serverWriter(column: string): FieldWriter | undefined;
  /** Runs the app's function of that name. If it throws, or gives what the column cannot hold, a person decides. */
  resolve?(name: string, input: ResolveInput): Resolved;
}

export interface Clash {
  readonly table: string;
  readonly key: string;
  readonly column: Column;
  readonly base: Value | undefined;
  readonly client: Value;
  readonly server: Value;
}

export type ReviewPolicy = Extract<UpdatePolicy, { readonly kind: 'review' }>;

export type Verdict =
  | { readonly take: 'client' | 'server' }
  | { readonly take: 'value'; readonly value: Value }
  /** A person decides; `apply`: the client's value stands until then. */
  | { readonly take: 'review'; readonly until: 'hold' | 'apply'; readonly policy: ReviewPolicy };

const CLIENT: Verdict = { take: 'client' };
const SERVER: Verdict = { take: 'server' };
const HELD_REVIEW: ReviewPolicy = { kind: 'review', until: 'hold' };

const byTime = (wanted: Wanted, column: string, facts: PolicyFacts): Verdict => {
  const writer = facts.serverWriter(column);
  // Nothing is known of when the server's value was written: it stays.
  if (!writer) return SERVER;
  const mine = { hlc: believedStamp(facts.hlc, facts.clock, wanted), mutationId: facts.mutationId };
  return comesBefore(wanted, mine, writer) ? CLIENT : SERVER;
};

const byFunction = (name: string, clash: Clash, facts: PolicyFacts): Verdict => {
  const { table, key, column, base, client, server } = clash;
  let resolved: Resolved;
  try {
    resolved = facts.resolve?.(name, {
      table,
      key,
      column: column.name,
      base,
      client,
      server,
      roles: facts.roles,
    }) ?? {
      take: 'review',
    };
  } catch {
    resolved = { take: 'review' };
  }
  const review: Verdict = { take: 'review', until: 'hold', policy: HELD_REVIEW };
  if (resolved.take === 'review') return review;
  if (resolved.take !== 'value') return resolved.take === 'client' ? CLIENT : SERVER;
  const canonical = canonicalize(column, resolved.value);
  return canonical.ok ? { take: 'value', value: canonical.value } : review;
};

/** What a policy says of a field whose server value is neither what the user saw nor what the user wrote. */
export const judgeClash = (policy: UpdatePolicy, clash: Clash, facts: PolicyFacts): Verdict => {
  switch (policy.kind) {
    case 'server-wins':
      return SERVER;
    case 'client-wins':
      return CLIENT;
    case 'latest-wins':
      return byTime('later', clash.column.name, facts);
    case 'earliest-wins':
      return byTime('earlier', policy.column ?? clash.column.name, facts);
    case 'role-wins': {
      const client = facts.roles.includes(policy.role);
      const server = facts.serverWriter(clash.column.name)?.roles.includes(policy.role) ?? false;
      if (client !== server) return client ? CLIENT : SERVER;
      return policy.then ? judgeClash(policy.then, clash, facts) : SERVER;
    }
    case 'merge':
      return policy.then ? judgeClash(policy.then, clash, facts) : SERVER;
    case 'review':
      return { take: 'review', until: policy.until ?? 'hold', policy };
    case 'custom':
      return byFunction(policy.name, clash, facts);
    default:
      return unreachable(policy);
  }
};
