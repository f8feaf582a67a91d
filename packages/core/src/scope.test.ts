import { SatchelError } from '@satchel/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeScopeValue, fillScope, parseScopeTemplate } from './scope.ts';

test('[CORE-SCOPE-01] a template is literals and columns', () => {
  expect(parseScopeTemplate('store:{storeId}:{day}')).toEqual({
    text: 'store:{storeId}:{day}',
    parts: [{ literal: 'store:' }, { column: 'storeId' }, { literal: ':' }, { column: 'day' }],
  });
  expect(parseScopeTemplate('everyone').parts).toEqual([{ literal: 'everyone' }]);
});

test.each(['', '{', 'a}', '{}', '{Store}', 'a:{b c}', '{a}{b}', '{a}x{b}', '{a}-1-{b}', 'p:{a}%2F{b}'])(
  '[CORE-SCOPE-02] %j is refused: it is no template, or two values could run into each other',
  (text) => {
    expect(() => parseScopeTemplate(text)).toThrow(SatchelError);
  },
);

test('[CORE-SCOPE-03] values are percent-encoded, null means no scope', () => {
  const template = parseScopeTemplate('store:{storeId}');
  expect(fillScope(template, { storeId: '42' })).toBe('store:42');
  expect(fillScope(template, { storeId: 'a:b/ü (1)!' })).toBe('store:a%3Ab%2F%C3%BC%20%281%29%21');
  expect(fillScope(template, { storeId: '~a_b-c.d' })).toBe('store:~a_b-c.d');
  expect(fillScope(template, { storeId: 42 })).toBe('store:42');
  expect(fillScope(template, { storeId: '' })).toBe('store:');
  expect(fillScope(template, { storeId: null })).toBeNull();
  expect(fillScope(template, {})).toBeNull();
  expect(fillScope(template, { storeId: 'x'.repeat(600) })).toBeNull();
});

test('[CORE-SCOPE-03] what a value may be encoded to', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => !value.includes('\0'));
  fc.assert(
    fc.property(text, (value) => {
      const encoded = encodeScopeValue(value);
      expect(encoded).toMatch(/^(?:[0-9A-Za-z_.~-]|%[0-9A-F]{2})*$/);
      expect(decodeURIComponent(encoded!)).toBe(value);
    }),
  );
  expect(encodeScopeValue('\ud800')).toBeNull();
});

test('[CORE-SCOPE-04] two rows share a scope only if all their values are the same', () => {
  const template = parseScopeTemplate('t:{a}:{b}/{c}');
  const value = fc.stringMatching(/^[ab:/%1]{0,4}$/);
  const row = fc.record({ a: value, b: value, c: value });
  fc.assert(
    fc.property(row, row, (left, right) => {
      const same = left.a === right.a && left.b === right.b && left.c === right.c;
      expect(fillScope(template, left) === fillScope(template, right)).toBe(same);
    }),
    { numRuns: 2_000 },
  );
});
