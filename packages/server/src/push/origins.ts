import { SatchelError } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Submitted } from './submitted.ts';

/** Mutations that say that another client made them: it must be the principal's as well. */
export const checkOrigins = async (
  ctx: ServerContext,
  principal: Principal,
  submitted: readonly Submitted[],
): Promise<readonly Submitted[]> => {
  const origins = new Set(submitted.flatMap(({ mutation, clientId }) => (mutation.origin ? [clientId] : [])));
  if (origins.size === 0) return submitted;
  const { rows } = await ctx.db.query<{ client_id: string }>(
    'select client_id from satchel.clients where client_id = any($1::uuid[]) and principal <> $2',
    [[...origins], principal.id],
    'push_foreign_origins',
  );
  const foreign = new Set(rows.map(({ client_id }) => client_id));
  return submitted.map((one) =>
    foreign.has(one.clientId)
      ? {
          ...one,
          changes: [],
          refused: new SatchelError('client_of_other_user', { clientId: one.clientId }).toProblem(),
        }
      : one,
  );
};
