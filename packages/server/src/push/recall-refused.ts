import type { Outcome, PushAnswer } from '@satchel/protocol';
import type { Queryable } from '../postgres/database.ts';

/**
 * Of collected outcomes it is known only that they are settled, and that is answered as
 * applied. What was refused must not be: its device would call done what is not on the
 * server. The record of a refusal stays, so it is told again as it was, however old.
 */
export const recallRefused = async (
  tx: Queryable,
  principalId: string,
  answers: ReadonlyMap<string, PushAnswer>,
): Promise<ReadonlyMap<string, PushAnswer>> => {
  const forgotten = [...answers.values()].flatMap((answer) =>
    answer.kind === 'outcome' && answer.outcome.forgotten ? [answer.outcome.mutationId] : [],
  );
  if (forgotten.length === 0) return answers;
  // An id that another mutation had was refused to the second one alone.
  const { rows } = await tx.query<{ readonly mutation_id: string; readonly outcome: Outcome }>(
    `select mutation_id, outcome from satchel.refused
      where principal = $1 and mutation_id = any($2::uuid[])
        and outcome -> 'problem' ->> 'code' is distinct from 'id_reused'`,
    [principalId, forgotten],
    'push_recall_refused',
  );
  const recalled = rows.map(({ mutation_id, outcome }): [string, PushAnswer] => [
    mutation_id,
    { kind: 'outcome', outcome: { ...outcome, repeat: true } },
  ]);
  return new Map([...answers, ...recalled]);
};
