import type { Hlc } from '@satchel/core';
import type { Change, Mutation, Offer, Problem } from '@satchel/protocol';

/** A mutation on its way through the server: checked for what needs no database, lifted to the server's schema. */
export interface Submitted {
  /** As it was sent. */
  readonly mutation: Mutation;
  /** Where it was made: the sender's client and run, or the mutation's own origin. */
  readonly clientId: string;
  readonly runId: string;
  readonly hlc: Hlc;
  /** SHA-256 of its content, in hex. */
  readonly hash: string;
  /** Its changes in the server's schema, values in canonical form. */
  readonly changes: readonly Change[];
  /** Places of changes of which the schema's history left nothing. */
  readonly dropped: readonly number[];
  /** `changes` are to the letter what the client wrote: no lift, no default, no other form. */
  readonly asSent: boolean;
  /** Settled in a history that is lost, and offered again: in the server's schema, change by change. */
  readonly offer?: Offer;
  /** It has waited on the server already: until when it may, UTC milliseconds. */
  readonly until?: number;
  /** Why it cannot be applied, whatever the rows are. */
  readonly refused?: Problem;
}
