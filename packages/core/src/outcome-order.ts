import { OUTCOMES, type OutcomeKind } from '@satchel/protocol';

/** The gravest of the outcomes of a mutation's changes (rule 23); `applied` for none. */
export const gravest = (outcomes: Iterable<OutcomeKind>): OutcomeKind => {
  let gravity = 0;
  for (const outcome of outcomes) gravity = Math.max(gravity, OUTCOMES.indexOf(outcome));
  return OUTCOMES[gravity]!;
};
