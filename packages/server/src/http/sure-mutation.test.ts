import { mutationSchema, pushRequestSchema } from '@satchel/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePush } from './parse-request.ts';
import { isSurelyMutation } from './sure-mutation.ts';

const ID = '0192f0c2-11aa-7b22-8c33-445566778899';
const change = {
  table: 'tasks',
  op: 'update',
  key: 'a',
  values: { title: 'x' },
  confirmed: { version: 3, values: {} },
};
const mutation = {
  mutationId: ID,
  seq: 1,
  hlc: '1763999990000:0:device1',
  author: 'ana',
  schemaVersion: 1,
  changes: [change],
};

/** Values that stand where others should. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    -1,
    0,
    1.5,
    2 ** 53,
    true,
    [],
    {},
    [change],
    ID,
    ID.toUpperCase(),
    'insert',
    '1:2:a',
  ),
  fc.constantFrom<unknown>('x'.repeat(64), 'x'.repeat(257), 'x'.repeat(1_025), { ['c'.repeat(129)]: 1 }),
  fc.jsonValue(),
);
const names = fc.constantFrom(
  ...[
    'mutationId',
    'seq',
    'hlc',
    'author',
    'schemaVersion',
    'name',
    'changes',
    'offer',
    'origin',
    'other',
    '__proto__',
  ],
);
const changeNames = fc.constantFrom(
  'table',
  'op',
  'key',
  'values',
  'confirmed',
  'seen',
  'after',
  'more',
  'version',
);

/** A good mutation with some fields left out, replaced or added, as JSON brings it. */
const nearly = fc
  .tuple(
    fc.array(fc.tuple(names, fc.option(odd)), { maxLength: 2 }),
    fc.array(fc.tuple(changeNames, fc.option(odd)), { maxLength: 2 }),
    fc.array(fc.tuple(changeNames, fc.option(odd)), { maxLength: 1 }),
  )
  .map(([own, ofChange, ofConfirmed]) => {
    const edited = (data: object, edits: readonly (readonly [string, unknown])[]): object => {
      const entries = new Map<string, unknown>(Object.entries(data));
      for (const [name, value] of edits)
        if (value === null) entries.delete(name);
        else entries.set(name, value);
      const text = [...entries].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
      return JSON.parse(`{${text.join(',')}}`) as object;
    };
    const confirmed = edited(change.confirmed, ofConfirmed);
    return edited({ ...mutation, changes: [edited({ ...change, confirmed }, ofChange)] }, own);
  });

describe('mutations of a push', () => {
  test('[HTTP-07] what is taken as good at a look is what the schema takes, to the letter', () => {
    let sure = 0;
    fc.assert(
      fc.property(nearly, (data) => {
        const parsed = mutationSchema.safeParse(data);
        if (!isSurelyMutation(data)) return;
        sure += 1;
        expect(parsed.success).toBe(true);
        expect(parsed.data).toEqual(data);
      }),
      { numRuns: 3_000 },
    );
    expect(sure).toBeGreaterThan(100);
    expect(isSurelyMutation(mutation)).toBe(true);
  });

  test('[HTTP-07] a push is taken and refused as by its schema, with the same path', () => {
    const push = (...mutations: unknown[]) => ({
      protocolVersion: 1,
      schemaVersion: 1,
      batchId: ID,
      clientId: ID,
      runId: ID,
      sentAt: '1:0:a',
      mutations,
    });
    const good = push(mutation, { ...mutation, seq: 2 });
    expect(parsePush(good)).toEqual(pushRequestSchema.parse(good));
    for (const [data, path] of [
      [push(), 'mutations'],
      [{ ...good, batchId: 'x' }, 'batchId'],
      [{ ...good, more: 1 }, ''],
      [push(mutation, { ...mutation, seq: 0 }), 'mutations.1.seq'],
      [push(mutation, { ...mutation, changes: [{ ...change, op: 'upsert' }] }), 'mutations.1.changes.0.op'],
    ] as const)
      expect(() => parsePush(data)).toThrow(
        expect.objectContaining({ code: 'request_invalid', params: expect.objectContaining({ path }) }),
      );
  });
});
