import type { Json } from '@satchel/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, equalJson } from './canonical-json.ts';

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;

/** The same value with the names of every object in another order. */
const reversed = (value: Json): Json => {
  if (Array.isArray(value)) return (value as readonly Json[]).map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reversed(member)]),
  );
};

test('[CORE-VALUE-07] equal values have one text, whatever the order of names', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      expect(equalJson(reversed(value), value)).toBe(true);
      expect(
        equalJson(JSON.parse(canonicalJson(value)) as Json, JSON.parse(JSON.stringify(value)) as Json),
      ).toBe(true);
    }),
  );
});

test('[CORE-VALUE-07] values are equal exactly when their texts are', () => {
  fc.assert(
    fc.property(json, json, (a, b) => {
      expect(equalJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
    }),
  );
});

test('[CORE-VALUE-07] the text', () => {
  expect(canonicalJson({ b: [1, -0, 1e21], a: { ü: null, Z: 'é' }, __proto__: 1 } as unknown as Json)).toBe(
    '{"a":{"Z":"é","ü":null},"b":[1,0,1e+21]}',
  );
  const own = JSON.parse('{"__proto__":{"x":1}}') as Json;
  expect(canonicalJson(own)).toBe('{"__proto__":{"x":1}}');
  expect(equalJson(own, {})).toBe(false);
  // What every object inherits is not a member.
  expect(equalJson(JSON.parse('{"__proto__":{}}') as Json, { x: 1 })).toBe(false);
  expect(equalJson([], {})).toBe(false);
  expect(equalJson({ a: null }, { b: null })).toBe(false);
});
