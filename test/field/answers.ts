import type { Outcome, PushRequest, PushResponse } from '@satchel/protocol';
import type { Exchange } from './field.ts';

const PUSH = '/v1/push';

/** How many mutations each push held, in order. */
export const batchSizes = (exchanges: readonly Exchange[]): readonly number[] =>
  exchanges
    .filter(({ path }) => path === PUSH)
    .map(({ sent }) => (JSON.parse(sent) as PushRequest).mutations.length);

/** The first outcome of a mutation. */
export const outcomeOf = (exchanges: readonly Exchange[], mutationId: string | null): Outcome => {
  for (const { path, status, answer } of exchanges) {
    if (path !== PUSH || status !== 200) continue;
    for (const one of (JSON.parse(answer) as PushResponse).answers)
      if (one.kind === 'outcome' && one.outcome.mutationId === mutationId) return one.outcome;
  }
  throw new Error(`no outcome of ${mutationId}`);
};

/** Every mutation that was sent with its outcomes; one that was sent twice has two. */
export const outcomes = (exchanges: readonly Exchange[]): readonly Outcome[] =>
  exchanges
    .filter(({ path, status }) => path === PUSH && status === 200)
    .flatMap(({ answer }) => (JSON.parse(answer) as PushResponse).answers)
    .flatMap((one) => (one.kind === 'outcome' ? [one.outcome] : []));
