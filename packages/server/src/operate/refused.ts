import type { PushAnswer, PushRequest } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import { jsonParameter } from '../push/json-parameter.ts';

/** Keeps what was refused in this push, for the people who look after devices; a repeat is there already. */
export const keepRefused = async (
  ctx: ServerContext,
  principal: Principal,
  request: PushRequest,
  answers: readonly PushAnswer[],
): Promise<void> => {
  const refused = answers.flatMap((answer, place) => {
    if (answer.kind !== 'outcome' || answer.outcome.outcome !== 'rejected' || answer.outcome.repeat)
      return [];
    const { mutationId, origin, author } = request.mutations[place]!;
    return [{ m: mutationId, c: origin?.clientId ?? request.clientId, a: author, o: answer.outcome }];
  });
  if (refused.length === 0) return;
  await ctx.db.query(
    `insert into satchel.refused (principal, mutation_id, client_id, author, batch_id, received_at, outcome)
     select $1, r.m, r.c, r.a, $2, $3, r.o
       from json_to_recordset($4::json) as r(m uuid, c uuid, a text, o jsonb)
     on conflict do nothing`,
    [principal.id, request.batchId, ctx.clock.now(), jsonParameter(refused)],
    'operate_keep_refused',
  );
};
