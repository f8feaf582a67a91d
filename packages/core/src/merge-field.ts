import type { Value } from '@satchel/protocol';
import { type Column, isServerGiven } from './column.ts';
import { applyDelta, counterDelta } from './counter.ts';
import type { DocumentMerging } from './document-merge.ts';
import { equalValues } from './equal-values.ts';
import type { UpdatePolicy } from './policy.ts';
import { applySetDelta, setDelta } from './set-merge.ts';
import { judgeClash, type PolicyFacts, type ReviewPolicy } from './update-policy.ts';

/** One column of a change against the server's row (rule 57). `undefined`: not known. */
export interface FieldVersions {
  /** The server-confirmed value when the user edited. */
  readonly base?: Value | undefined;
  /** The pending value that the user saw instead, if there was one. */
  readonly seen?: Value | undefined;
  /** What the outcome of the mutation that wrote `seen` says the column became. */
  readonly became?: Value | undefined;
  /** What the user wrote. */
  readonly client: Value;
  /** What the server has now. */
  readonly server: Value;
}

export interface FieldPlace {
  readonly table: string;
  readonly key: string;
}

export interface MergeFacts extends PolicyFacts {
  /** Merges text documents; without it they are judged as plain text. */
  readonly documents?: DocumentMerging;
}

/**
 * What becomes of a field.
 * - `same`: nothing to write. The server has the value already, or the edit left it as it was.
 * - `client`: the user's value is written.
 * - `server`: the server's value stays; the user's is kept in a conflict.
 * - `merged`: `value` is a mix of both.
 * - `review`: a person decides; with `until: 'apply'` the user's value stands until then.
 * - `overflow`: a counter would leave its range.
 *
 * `clash` says whether a policy had to decide: then there is a conflict to keep.
 */
export type FieldResult =
  | {
      readonly result: 'same' | 'client' | 'server' | 'merged';
      readonly value: Value;
      readonly clash: boolean;
    }
  | {
      readonly result: 'review';
      readonly value: Value;
      readonly clash: true;
      readonly until: 'hold' | 'apply';
      readonly policy: ReviewPolicy;
    }
  | { readonly result: 'overflow'; readonly value: Value; readonly clash: false };

const unclashed = (column: Column, { client, server }: FieldVersions, value: Value): FieldResult => {
  if (equalValues(column, value, server)) return { result: 'same', value: server, clash: false };
  return { result: equalValues(column, value, client) ? 'client' : 'merged', value, clash: false };
};

/** The result by the column's type, where that knows how to take in two edits of one value. */
const commuted = (
  column: Column,
  versions: FieldVersions,
  from: Value | undefined,
  documents: DocumentMerging | undefined,
): FieldResult | undefined => {
  const { client, server } = versions;
  switch (column.type) {
    case 'counter': {
      if (from === undefined) return undefined;
      const sum = applyDelta(server, counterDelta(from, client));
      return sum === undefined
        ? { result: 'overflow', value: server, clash: false }
        : unclashed(column, versions, sum);
    }
    case 'set':
      return from === undefined
        ? undefined
        : unclashed(column, versions, applySetDelta(server, setDelta(from, client)));
    case 'document': {
      if (!documents || typeof client !== 'string' || typeof server !== 'string') return undefined;
      let merged: string;
      try {
        merged = documents.merge(server, client);
      } catch {
        // Not an update that the app's library reads: judged as plain text.
        return undefined;
      }
      return unclashed(column, versions, merged);
    }
    default:
      return undefined;
  }
};

/**
 * Merges one field. It clashes only if the server's value is none of: the base, what
 * the user saw, what that became, the new value. Counters add, sets unite member by
 * member and documents merge whatever the policy says: they never clash. Nor do columns that the
 * server gives.
 */
export const mergeField = (
  column: Column,
  versions: FieldVersions,
  policy: UpdatePolicy,
  facts: MergeFacts,
  place: FieldPlace,
): FieldResult => {
  const { base, seen, became, client, server } = versions;
  const is = (value: Value | undefined): boolean => value !== undefined && equalValues(column, server, value);
  const from = seen === undefined ? base : seen;
  const same: FieldResult = { result: 'same', value: server, clash: false };
  const plain: FieldResult = { result: 'client', value: client, clash: false };
  if (isServerGiven(column)) return same;
  // A column that the edit left as it was is no edit.
  if (from !== undefined && equalValues(column, from, client)) return same;
  if (is(from)) return plain;
  const mixed = commuted(column, versions, from, facts.documents);
  if (mixed) return mixed;
  if (is(client)) return same;
  if (is(became) || is(base)) return plain;

  const verdict = judgeClash(policy, { ...place, column, base: from, client, server }, facts);
  switch (verdict.take) {
    case 'client':
      return { result: 'client', value: client, clash: true };
    case 'server':
      return { result: 'server', value: server, clash: true };
    case 'value':
      if (equalValues(column, verdict.value, client)) return { result: 'client', value: client, clash: true };
      if (equalValues(column, verdict.value, server)) return { result: 'server', value: server, clash: true };
      return { result: 'merged', value: verdict.value, clash: true };
    case 'review':
      return {
        result: 'review',
        value: verdict.until === 'apply' ? client : server,
        clash: true,
        until: verdict.until,
        policy: verdict.policy,
      };
  }
};
