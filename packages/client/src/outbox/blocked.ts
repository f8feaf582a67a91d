import type { EngineContext } from '../engine-context.ts';
import { entriesWhere, moveEntry } from './entry.ts';

/** What waited for the mutation may go. */
export const freeBlocked = (context: EngineContext, mutationId: string): void =>
  freeBlockedBy(context, new Set([mutationId]));

/** What waited for any of the mutations may go. Mostly nothing waits. */
export const freeBlockedBy = (context: EngineContext, mutationIds: ReadonlySet<string>): void => {
  const free = context.db.prepare('update satchel_outbox set blocked_by = null where position = ?');
  for (const entry of entriesWhere(context, "state = 'blocked' and state <> 'settled'")) {
    if (entry.blockedBy === null || !mutationIds.has(entry.blockedBy)) continue;
    moveEntry(context, entry, 'dependency-freed');
    free.run([entry.position]);
  }
};
