import { pushResponseSchema } from '@satchel/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pushResponse } from './push-answer.ts';

const ID = '0192f0c2-11aa-7b22-8c33-445566778899';
const change = { table: 'tasks', key: 'a', outcome: 'applied', version: 3 };
const outcome = { mutationId: ID, outcome: 'applied', changes: [change] };
const answer = { kind: 'outcome', outcome };
const response = { batchId: ID, serverTime: 5, epoch: 'e', answers: [answer] };

/** Values that stand where others should. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, '', -1, -0, 1.5, 2 ** 53, true, [], {}, ID, ID.toUpperCase()),
  fc.constantFrom<unknown>('applied', 'merged', 'held', [change], [{}], 'x'.repeat(65), 'x'.repeat(1_025)),
  fc.jsonValue(),
);
const laid = (onto: object, names: readonly string[]) =>
  fc
    .dictionary(fc.constantFrom(...names, 'other', '__proto__'), odd, { maxKeys: 2 })
    .map((over): unknown => ({ ...onto, ...over }));
const oddChange = laid(change, ['table', 'key', 'outcome', 'version', 'row', 'newKey', 'columns', 'problem']);
const oddOutcome = fc.oneof(
  laid(outcome, ['mutationId', 'outcome', 'changes', 'repeat', 'forgotten', 'problem']),
  fc.array(oddChange, { maxLength: 2 }).map((changes): unknown => ({ ...outcome, changes })),
);
const oddAnswer = fc.oneof(
  laid(answer, ['kind', 'outcome', 'until', 'seq', 'mutationId']),
  oddOutcome.map((one): unknown => ({ kind: 'outcome', outcome: one })),
  fc.constantFrom<unknown>(
    answer,
    { kind: 'needs-earlier', mutationId: ID, seq: 4 },
    { kind: 'held', mutationId: ID, parent: { table: 't', key: 'k' }, until: 7 },
    null,
  ),
);
const oddResponse = fc.oneof(
  laid(response, ['batchId', 'serverTime', 'epoch', 'newClient', 'answers']),
  fc.array(oddAnswer, { maxLength: 3 }).map((answers): unknown => ({ ...response, answers })),
  odd,
);

test('[SYNC-12] the answer to a push is read as its schema reads it', () => {
  const read = ({ success, data }: { success: boolean; data?: unknown }) => ({ success, data });
  expect(read(pushResponse.safeParse(response))).toEqual({ success: true, data: response });
  fc.assert(
    fc.property(oddResponse, (value) => {
      expect(read(pushResponse.safeParse(value))).toEqual(read(pushResponseSchema.safeParse(value)));
    }),
    { numRuns: 3_000 },
  );
});
