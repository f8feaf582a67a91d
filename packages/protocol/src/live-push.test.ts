import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type LivePushSession,
  livePushSchema,
  packAnswers,
  packPush,
  unpackAnswers,
  unpackPush,
} from './live-push.ts';
import type { Mutation } from './mutation.ts';
import type { PushAnswer } from './outcome.ts';
import type { PushRequest } from './push.ts';

const uuid = (n: number): string => `0192f0c1-7a3e-7c11-9a5e-${String(n).padStart(12, '0')}`;
const CLIENT = uuid(1);
const session = (): LivePushSession => ({ clientId: CLIENT, userId: 'ana', schemaVersion: 3 });

const hlc = fc.constantFrom(`1764000000000:0:${CLIENT}`, '1764000000000:7:other', '1:99:n');
const mutation = fc.record<Mutation>({
  mutationId: fc.integer({ min: 0, max: 9 }).map(uuid),
  seq: fc.integer({ min: 1, max: 99 }),
  hlc,
  author: fc.constantFrom('ana', 'ben'),
  schemaVersion: fc.constantFrom(2, 3),
  changes: fc.constant([
    { table: 'tasks', op: 'update' as const, key: 'a', values: { done: true } },
    { table: 'tasks', op: 'insert' as const, key: 'b', values: { id: 'b' } },
  ]),
});
const request = fc.record<PushRequest>({
  protocolVersion: fc.constant(1),
  schemaVersion: fc.constant(3),
  batchId: fc.integer({ min: 0, max: 9 }).map(uuid),
  clientId: fc.constant(CLIENT),
  runId: fc.constantFrom(uuid(11), uuid(12)),
  sentAt: hlc,
  client: fc.constantFrom({ pending: 0 }, { pending: 0, deviceName: 'x' }),
  outstandingFrom: fc.integer({ min: 1, max: 9 }),
  mutations: fc.array(mutation, { minLength: 1, maxLength: 3 }),
});

test('[PROTO-LIVE-01] pushes over a connection are, at the other end, the requests that they were', () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 5 }), (requests) => {
      const [here, there] = [session(), session()];
      for (const one of requests) {
        const packed = packPush(here, one);
        expect(packed).not.toBeNull();
        const unpacked = unpackPush(there, livePushSchema.parse(JSON.parse(JSON.stringify(packed))));
        expect(unpacked).toEqual(one);
        expect(JSON.stringify(unpacked?.mutations)).toBe(JSON.stringify(one.mutations));
      }
    }),
  );
});

test('[PROTO-LIVE-02] what the connection has said is left out; what is of another client, or was never said, is no push', () => {
  const here = session();
  const one = fc.sample(request, { numRuns: 1, seed: 7 })[0]!;
  const plain: PushRequest = {
    ...one,
    mutations: [{ ...one.mutations[0]!, author: 'ana', schemaVersion: 3, hlc: `1:0:${CLIENT}` }],
  };
  expect(packPush(here, plain)).toHaveProperty('runId');
  const again = packPush(here, plain)!;
  expect(JSON.stringify(again)).not.toMatch(/runId|client|author|schemaVersion|protocolVersion/);
  expect(again.mutations[0]!.hlc).toBe('1:0');
  expect(packPush(here, { ...plain, clientId: uuid(2) })).toBeNull();
  expect(packPush(here, { ...plain, schemaVersion: 2 })).toBeNull();
  expect(unpackPush(session(), again)).toBeNull();
});

const answer = ({ mutationId, changes }: Mutation, versions: readonly number[]): PushAnswer => ({
  kind: 'outcome',
  outcome: {
    mutationId,
    outcome: 'applied',
    changes: changes.map(({ table, key }, at) => ({
      table,
      key,
      outcome: 'applied',
      version: versions[at]!,
    })),
  },
});

test('[PROTO-LIVE-03] answers are versions where that is all they say', () => {
  const { mutations } = fc.sample(request, { numRuns: 1, seed: 3 })[0]!;
  const plain = mutations.map((one, at) => answer(one, [at * 2, at * 2 + 1]));
  const versions = packAnswers({ mutations }, { answers: plain });
  expect(versions).toEqual(mutations.map((_, at) => [at * 2, at * 2 + 1]));
  expect(unpackAnswers({ mutations }, versions!)).toEqual(plain);
  const [first, ...rest] = plain;
  const outcome = first!.kind === 'outcome' ? first!.outcome : undefined;
  const others: PushAnswer[] = [
    { kind: 'outcome', outcome: { ...outcome!, repeat: true } },
    { kind: 'outcome', outcome: { ...outcome!, outcome: 'merged' } },
    { kind: 'outcome', outcome: { ...outcome!, changes: outcome!.changes.slice(1) } },
    {
      kind: 'outcome',
      outcome: { ...outcome!, changes: outcome!.changes.map((one) => ({ ...one, row: {} })) },
    },
    {
      kind: 'outcome',
      outcome: { ...outcome!, changes: outcome!.changes.map((one) => ({ ...one, key: 'z' })) },
    },
    {
      kind: 'outcome',
      outcome: { ...outcome!, changes: outcome!.changes.map(({ version: _, ...one }) => one) },
    },
    { kind: 'needs-earlier', mutationId: mutations[0]!.mutationId, seq: 1 },
  ];
  for (const other of others) expect(packAnswers({ mutations }, { answers: [other, ...rest] })).toBeNull();
  expect(packAnswers({ mutations }, { answers: plain, newClient: true })).toBeNull();
  expect(unpackAnswers({ mutations }, [])).toBeNull();
  expect(
    unpackAnswers(
      { mutations },
      mutations.map(() => [1]),
    ),
  ).toBeNull();
});
