import type { Value } from '@satchel/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columns, factsOf, stamp } from '../test/merge-cases.ts';
import { equalValues } from './equal-values.ts';
import { type FieldVersions, type MergeFacts, mergeField } from './merge-field.ts';
import type { UpdatePolicy } from './policy.ts';
import { setDelta } from './set-merge.ts';

const place = { table: 'products', key: 'p1' };
const merge = (
  column: keyof typeof columns,
  versions: FieldVersions,
  policy: UpdatePolicy = { kind: 'review' },
  facts: MergeFacts = factsOf(),
) => mergeField(columns[column], versions, policy, facts, place);

const value = fc.constantFrom<Value>(null, 'a', 'b', 'c', 'd');
const known = fc.option(value, { nil: undefined });
const versions = fc.record({ base: known, seen: known, became: known, client: value, server: value });

describe('what clashes', () => {
  test('[CORE-MERGE-01] exactly what differs from base, seen, became and the new value', () => {
    fc.assert(
      fc.property(versions, (field) => {
        const from = field.seen === undefined ? field.base : field.seen;
        const isEdit = from === undefined || from !== field.client;
        const known = [field.base, field.seen, field.became, field.client].filter((one) => one !== undefined);
        const result = merge('name', field);
        expect(result.clash).toBe(isEdit && !known.includes(field.server));
        expect(result.result === 'review').toBe(result.clash);
      }),
      { numRuns: 5_000 },
    );
  });

  test('[CORE-MERGE-02] what does not clash is simply applied', () => {
    fc.assert(
      fc.property(versions, (field) => {
        const result = merge('name', field);
        if (result.clash) return;
        const from = field.seen === undefined ? field.base : field.seen;
        const isEdit = from === undefined || from !== field.client;
        expect(result.value).toBe(isEdit ? field.client : field.server);
        expect(result.result).toBe(result.value === field.server ? 'same' : 'client');
      }),
      { numRuns: 5_000 },
    );
  });

  test('[CORE-MERGE-03] two people who write the same value agree', () => {
    expect(merge('price', { base: '1', client: '2.5', server: '2.50' })).toMatchObject({
      result: 'same',
      clash: false,
    });
  });

  test('[CORE-MERGE-04] a chain of own edits never clashes with itself', () => {
    // The first edit (a to b) was applied, was rejected, or was normalised to c by the server.
    const chain = { base: 'a', seen: 'b', client: 'x' };
    expect(merge('name', { ...chain, server: 'b' })).toMatchObject({ result: 'client', clash: false });
    expect(merge('name', { ...chain, server: 'a' })).toMatchObject({ result: 'client', clash: false });
    expect(merge('name', { ...chain, became: 'c', server: 'c' })).toMatchObject({
      result: 'client',
      clash: false,
    });
    expect(merge('name', { ...chain, server: 'c' }).clash).toBe(true);
  });

  test('[CORE-MERGE-05] a column that the edit left as it was is no edit', () => {
    expect(merge('name', { base: 'a', client: 'a', server: 'b' })).toEqual({
      result: 'same',
      value: 'b',
      clash: false,
    });
    expect(merge('stock', { base: 5, client: 5, server: 9 })).toEqual({
      result: 'same',
      value: 9,
      clash: false,
    });
    // Back to the base from a pending value is one.
    expect(merge('name', { base: 'a', seen: 'b', client: 'a', server: 'b' })).toMatchObject({
      result: 'client',
      value: 'a',
    });
  });

  test('[CORE-MERGE-06] columns that the server gives never clash and are not written', () => {
    expect(merge('changedAt', { base: 1, client: 2, server: 3 })).toEqual({
      result: 'same',
      value: 3,
      clash: false,
    });
    expect(merge('number', { base: null, client: null, server: 3 })).toEqual({
      result: 'same',
      value: 3,
      clash: false,
    });
  });

  test('[CORE-MERGE-07] taken in a second time, an edit changes nothing more', () => {
    fc.assert(
      fc.property(
        versions,
        fc.constantFrom<UpdatePolicy['kind']>('server-wins', 'client-wins'),
        (field, kind) => {
          const policy = { kind } as UpdatePolicy;
          const first = merge('name', field, policy);
          const second = merge('name', { ...field, server: first.value }, policy);
          expect(second.value).toBe(first.value);
        },
      ),
    );
  });
});

const POLICIES: readonly UpdatePolicy[] = [
  { kind: 'server-wins' },
  { kind: 'client-wins' },
  { kind: 'latest-wins' },
  { kind: 'earliest-wins' },
  { kind: 'role-wins', role: 'agent' },
  { kind: 'merge' },
  { kind: 'review' },
  { kind: 'custom', name: 'f' },
];

describe('types that commute', () => {
  const amount = fc.integer({ min: -100, max: 100 });
  const members = fc
    .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 })
    .map((all) => all.sort());
  const policy = fc.constantFrom(...POLICIES);

  test('[CORE-MERGE-08] counters add the increment, whatever the policy, and never clash', () => {
    fc.assert(
      fc.property(
        amount,
        fc.option(amount, { nil: undefined }),
        amount,
        amount,
        policy,
        (base, seen, client, server, rule) => {
          const result = merge('stock', { base, seen, client, server }, rule);
          expect(result).toMatchObject({ value: server + client - (seen ?? base), clash: false });
        },
      ),
    );
  });

  test('[CORE-MERGE-08] two people who add one each have added two', () => {
    expect(merge('stock', { base: 5, client: 6, server: 6 })).toEqual({
      result: 'merged',
      value: 7,
      clash: false,
    });
  });

  test('[CORE-MERGE-08] a counter that would leave its range says so', () => {
    const server = Number.MAX_SAFE_INTEGER;
    expect(merge('stock', { base: 0, client: 1, server })).toEqual({
      result: 'overflow',
      value: server,
      clash: false,
    });
  });

  test('[CORE-MERGE-09] sets take the members added and removed, whatever the policy, and never clash', () => {
    fc.assert(
      fc.property(members, members, members, policy, (base, client, server, rule) => {
        const result = merge('tags', { base, client, server }, rule);
        expect(result.clash).toBe(false);
        const { added, removed } = setDelta(base, client);
        const expected = [...server.filter((one) => !removed.includes(one)), ...added];
        expect(equalValues('set', result.value, expected)).toBe(true);
      }),
    );
  });

  test('[CORE-MERGE-10] documents merge through the app’s library, else as plain text', () => {
    const documents = { merge: (a: string, b: string) => [...new Set(a + b)].sort().join('') };
    const field = { base: 'a', client: 'ab', server: 'ac' };
    expect(merge('story', field, { kind: 'review' }, factsOf({ documents }))).toEqual({
      result: 'merged',
      value: 'abc',
      clash: false,
    });
    expect(merge('story', field).clash).toBe(true);
    const broken = {
      merge: (): string => {
        throw new Error('not an update');
      },
    };
    expect(merge('story', field, { kind: 'server-wins' }, factsOf({ documents: broken }))).toMatchObject({
      result: 'server',
    });
    expect(merge('story', { ...field, client: null }, { kind: 'review' }, factsOf({ documents })).clash).toBe(
      true,
    );
  });

  test('[CORE-MERGE-11] without anything known of what the user saw, a counter is judged as a plain field', () => {
    expect(merge('stock', { client: 5, server: 9 }, { kind: 'server-wins' })).toEqual({
      result: 'server',
      value: 9,
      clash: true,
    });
  });
});

describe('policies', () => {
  const clash = { base: 'a', client: 'mine', server: 'theirs' };
  const judged = (policy: UpdatePolicy, facts: Parameters<typeof factsOf>[0] = {}) =>
    merge('name', clash, policy, factsOf(facts));
  const written = (millis: number, roles: readonly string[] = [], nodeId = 'other', mutationId?: string) => ({
    writers: { name: { hlc: stamp(millis, nodeId), roles, ...(mutationId !== undefined && { mutationId }) } },
  });

  test('[CORE-POLICY-01] server-wins and client-wins', () => {
    expect(judged({ kind: 'server-wins' })).toEqual({ result: 'server', value: 'theirs', clash: true });
    expect(judged({ kind: 'client-wins' })).toEqual({ result: 'client', value: 'mine', clash: true });
  });

  test('[CORE-POLICY-02] latest-wins: the later stamp; ties by node, then by mutation', () => {
    const latest: UpdatePolicy = { kind: 'latest-wins' };
    expect(judged(latest, { hlc: stamp(500), ...written(400) }).result).toBe('client');
    expect(judged(latest, { hlc: stamp(500), ...written(600) }).result).toBe('server');
    expect(judged(latest, { hlc: stamp(500, 'b'), ...written(500, [], 'a') }).result).toBe('client');
    expect(judged(latest, { hlc: stamp(500, 'a'), ...written(500, [], 'b') }).result).toBe('server');
    const mutationId = 'm5';
    expect(judged(latest, { mutationId, hlc: stamp(500, 'a'), ...written(500, [], 'a', 'm4') }).result).toBe(
      'client',
    );
    expect(judged(latest, { mutationId, hlc: stamp(500, 'a'), ...written(500, [], 'a', 'm6') }).result).toBe(
      'server',
    );
    expect(judged(latest).result).toBe('server');
  });

  test('[CORE-POLICY-03] earliest-wins: the earlier edit, of the column that it names', () => {
    const earliest: UpdatePolicy = { kind: 'earliest-wins' };
    expect(judged(earliest, { hlc: stamp(500), ...written(600) }).result).toBe('client');
    expect(judged(earliest, { hlc: stamp(500), ...written(400) }).result).toBe('server');
    const byAck: UpdatePolicy = { kind: 'earliest-wins', column: 'ackAt' };
    const writers = { name: { hlc: stamp(100), roles: [] }, ackAt: { hlc: stamp(900), roles: [] } };
    expect(judged(byAck, { writers }).result).toBe('client');
  });

  test.each<[UpdatePolicy['kind'], number]>([
    ['latest-wins', 2_051_222_400_000],
    ['latest-wins', -1e12],
    ['earliest-wins', 2_051_222_400_000],
    ['earliest-wins', -1e12],
  ])('[CORE-POLICY-04] under %s a clock at %d wins nothing', (kind, millis) => {
    const policy = { kind } as UpdatePolicy;
    expect(judged(policy, { hlc: stamp(millis), ...written(500) }).result).toBe('server');
  });

  test('[CORE-POLICY-05] role-wins goes by authenticated roles; equals fall to the second policy', () => {
    const rule: UpdatePolicy = { kind: 'role-wins', role: 'agronomist', then: { kind: 'client-wins' } };
    const expert = ['farmer', 'agronomist'];
    expect(judged(rule, { roles: expert, ...written(1) }).result).toBe('client');
    expect(judged(rule, { roles: ['farmer'], ...written(1, expert) }).result).toBe('server');
    expect(judged(rule, { roles: expert, ...written(1, expert) }).result).toBe('client');
    expect(judged({ kind: 'role-wins', role: 'agronomist' }, { roles: [], ...written(1) }).result).toBe(
      'server',
    );
    expect(judged(rule, { roles: expert }).result).toBe('client');
  });

  test('[CORE-POLICY-06] merge falls to its second policy where the same field was edited twice', () => {
    expect(judged({ kind: 'merge' }).result).toBe('server');
    expect(judged({ kind: 'merge', then: { kind: 'client-wins' } }).result).toBe('client');
  });

  test('[CORE-POLICY-07] review holds the server’s value, or applies the user’s and stays open', () => {
    expect(judged({ kind: 'review' })).toMatchObject({ result: 'review', value: 'theirs', until: 'hold' });
    expect(judged({ kind: 'review', until: 'apply' })).toMatchObject({
      result: 'review',
      value: 'mine',
      until: 'apply',
    });
  });

  test('[CORE-POLICY-08] custom asks the app, and a person when the app has no answer', () => {
    const rule: UpdatePolicy = { kind: 'custom', name: 'longest' };
    const asked: unknown[] = [];
    const mixed = judged(rule, {
      resolve: (name, input) => {
        asked.push(name, input);
        return { take: 'value', value: 'mixed' };
      },
    });
    expect(mixed).toEqual({ result: 'merged', value: 'mixed', clash: true });
    expect(asked).toEqual([
      'longest',
      { ...place, column: 'name', base: 'a', client: 'mine', server: 'theirs', roles: [] },
    ]);
    expect(judged(rule, { resolve: () => ({ take: 'client' }) }).result).toBe('client');
    expect(judged(rule, { resolve: () => ({ take: 'server' }) }).result).toBe('server');
    expect(judged(rule, { resolve: () => ({ take: 'value', value: 'mine' }) }).result).toBe('client');
    expect(judged(rule, { resolve: () => ({ take: 'value', value: 'theirs' }) }).result).toBe('server');
    expect(judged(rule, { resolve: () => ({ take: 'review' }) }).result).toBe('review');
    expect(judged(rule, { resolve: () => ({ take: 'value', value: 5 }) }).result).toBe('review');
    expect(
      judged(rule, {
        resolve: () => {
          throw new Error('bug of the app');
        },
      }).result,
    ).toBe('review');
    expect(judged(rule).result).toBe('review');
  });

  test('[CORE-POLICY-09] clocks decide nothing but latest-wins and earliest-wins', () => {
    const timeless = POLICIES.filter(({ kind }) => kind !== 'latest-wins' && kind !== 'earliest-wins');
    const time = fc.integer({ min: -1e12, max: 1e13 });
    fc.assert(
      fc.property(fc.constantFrom(...timeless), time, time, time, (policy, a, b, server) => {
        const at = (millis: number) => judged(policy, { hlc: stamp(millis), ...written(server) });
        expect(at(a)).toEqual(at(b));
      }),
    );
  });
});
