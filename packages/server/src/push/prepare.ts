import { equalJson, hlcFromText } from '@satchel/core';
import {
  type Change,
  type Mutation,
  type Problem,
  type PushRequest,
  SatchelError,
  type Values,
} from '@satchel/protocol';
import { type App, liftColumns, liftMutation, type Principal } from '@satchel/schema';
import { hashContent, mutationContent } from './mutation-hash.ts';
import type { Submitted } from './submitted.ts';
import { isProblem, validateChange } from './validate.ts';

/**
 * A mutation made ready: lifted to the server's schema and checked for all that needs
 * no database. What is wrong with it stands in `refused`; the mutation goes on, so that
 * it gets its outcome in its turn.
 *
 * @throws `schema_ahead`: the client knows more than the server, and keeps its queue
 */
export const prepare = (
  app: App,
  principal: Principal,
  sender: Pick<PushRequest, 'clientId' | 'runId'>,
  mutation: Mutation,
): Submitted => {
  const { clientId, runId } = mutation.origin ?? sender;
  const content = mutationContent(mutation);
  const made = { mutation, clientId, runId, hlc: hlcFromText(mutation.hlc), hash: hashContent(content) };
  const refused = (problem: Problem): Submitted => ({
    ...made,
    changes: [],
    dropped: [],
    asSent: false,
    refused: problem,
  });
  if (mutation.author !== principal.userId) return refused(new SatchelError('author_mismatch').toProblem());
  const tooLarge = sizeProblem(app, mutation, content);
  if (tooLarge) return refused(tooLarge);
  const lifted = lift(app, mutation);
  if (isProblem(lifted)) return refused(lifted);
  const lost = lifted.mutation === null && !mutation.offer ? lostChange(app, mutation) : undefined;
  if (lost) {
    const { table, key } = lost;
    return refused(
      new SatchelError('lift_failed', { table, key, schemaVersion: app.schemaVersion }).toProblem(),
    );
  }
  const changes: Change[] = [];
  let asSent = lifted.mutation === mutation;
  for (const change of lifted.mutation?.changes ?? []) {
    const valid = validateChange(app, principal, change);
    if (isProblem(valid)) return refused(valid);
    asSent &&= isAsSent(change.values, valid.values);
    changes.push(valid);
  }
  const offer = lifted.mutation?.offer;
  return { ...made, changes, dropped: lifted.dropped, asSent, ...(offer ? { offer } : {}) };
};

/**
 * A change whose table, or every column that it wrote, is gone: of what the user typed
 * nothing can be kept here, and to call it applied would be a lie. One that a split
 * lifts to no difference is what the row has already.
 */
const lostChange = (app: App, { schemaVersion, changes }: Mutation): Change | undefined =>
  changes.find(
    ({ table, values }) => liftColumns(app, schemaVersion, table, Object.keys(values ?? {})).length === 0,
  );

const isAsSent = (sent: Values = {}, valid: Values = {}): boolean => {
  for (const name of Object.keys(valid)) {
    const value = sent[name];
    if (value === undefined || !equalJson(value, valid[name] ?? null)) return false;
  }
  return true;
};

const lift = (app: App, mutation: Mutation): ReturnType<typeof liftMutation> | Problem => {
  try {
    return liftMutation(app, mutation);
  } catch (error) {
    if (!(error instanceof SatchelError) || error.code === 'schema_ahead') throw error;
    return error.toProblem();
  }
};

const sizeProblem = (app: App, mutation: Mutation, content: string): Problem | undefined => {
  const { maxChanges, maxMutationBytes } = app.limits;
  const changes = mutation.changes.length;
  // A character is three bytes at most: few texts need be counted.
  const bytes = content.length * 3 > maxMutationBytes ? Buffer.byteLength(content) : content.length;
  return changes > maxChanges || bytes > maxMutationBytes
    ? new SatchelError('mutation_too_large', {
        changes,
        bytes,
        maxChanges,
        maxBytes: maxMutationBytes,
      }).toProblem()
    : undefined;
};
