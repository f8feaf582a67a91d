import { type ResolveManyRequest, type ResolveManyResponse, SatchelError } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { resolveConflict } from './resolve.ts';

/**
 * One decision for several conflicts, in the order given, each in a transaction of its
 * own: one that cannot be settled stays open, with its reason, and holds up no other.
 */
export const resolveMany = async (
  ctx: ServerContext,
  principal: Principal,
  { conflictIds, decision, note }: ResolveManyRequest,
): Promise<ResolveManyResponse> => {
  const results: ResolveManyResponse['results'] = [];
  for (const conflictId of new Set(conflictIds)) {
    try {
      const request = { decision, ...(note === undefined ? {} : { note }) };
      results.push({ conflictId, conflict: await resolveConflict(ctx, principal, conflictId, request) });
    } catch (error) {
      // What concerns the server rather than this conflict fails the whole: the rest may be sent again.
      if (!(error instanceof SatchelError) || error.status >= 500) throw error;
      results.push({ conflictId, problem: error.toProblem() });
    }
  }
  return { results };
};
