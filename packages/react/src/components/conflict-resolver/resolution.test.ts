import type { Conflict, ConflictKind, Values } from '@satchel/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Choices,
  fieldsOf,
  grouped,
  leftToDecide,
  mergeAnswer,
  mergedChoices,
  requestOf,
} from './resolution.ts';
import { differing } from './value-text.ts';

const conflict = (
  kind: ConflictKind,
  sides: { readonly base?: Values | null; readonly client: Values | null; readonly server: Values | null },
  columns: readonly string[],
): Conflict => ({
  conflictId: '0197a000-0000-7000-8000-000000000001',
  table: 'plots',
  key: 'one',
  kind,
  state: 'open',
  mutationIds: [],
  author: 'ana',
  base: null,
  ...sides,
  columns: [...columns],
  result: null,
  policy: 'review',
  flags: [],
  createdAt: 0,
});
const names = (fields: readonly { readonly name: string }[]): string[] => fields.map(({ name }) => name);

describe('the fields of a conflict', () => {
  const base = { acreage: '2', note: 'a', crop: 'maize', pests: ['x'] };
  const both = conflict(
    'update',
    {
      base,
      client: { ...base, acreage: '3', note: 'b' },
      server: { ...base, acreage: '4', crop: 'rice' },
    },
    ['acreage'],
  );

  it('[REACT-54] fall into those to choose, those that merge by themselves, and those that are alike', () => {
    const fields = fieldsOf(both, undefined);
    const { clashing, merging, unchanged } = grouped(fields);
    expect([names(clashing), names(merging).sort(), names(unchanged)]).toEqual([
      ['acreage'],
      ['crop', 'note'],
      ['pests'],
    ]);
    expect(leftToDecide(fields, {})).toBe(1);
    expect(mergeAnswer(both, fields)).toEqual({ may: false, because: 'same-field', fields: ['acreage'] });
  });

  it('[REACT-54] merge lists by what either side added and neither took away', () => {
    const lists = conflict(
      'update',
      { base: { pests: ['a', 'b'] }, client: { pests: ['b', 'c'] }, server: { pests: ['a', 'b', 'd'] } },
      ['pests'],
    );
    const fields = fieldsOf(lists, undefined);
    expect(mergeAnswer(lists, fields)).toEqual({ may: true, because: 'lists' });
    expect(requestOf(fields, mergedChoices(fields))).toEqual({
      decision: 'merged',
      fields: { pests: { take: 'value', value: ['b', 'c', 'd'] } },
    });
  });

  it('[REACT-54] of a unique value want another value, though both sides have the same', () => {
    const unique = conflict(
      'unique',
      { client: { code: 'T-1', name: 'Hoe' }, server: { code: 'T-1', name: 'Spade' } },
      ['code'],
    );
    const fields = fieldsOf(unique, undefined);
    expect(names(grouped(fields).clashing)).toEqual(['code']);
    expect(leftToDecide(fields, {})).toBe(1);
    expect(requestOf(fields, { code: { take: 'value', value: 'T-2' } })).toEqual({
      decision: 'merged',
      fields: { code: { take: 'value', value: 'T-2' } },
    });
  });

  it('[REACT-54] are asked for exactly as they were chosen, whatever was', () => {
    const value = fc.constantFrom('1', '2', '3');
    const side = fc.record({ a: value, b: value, c: value });
    fc.assert(
      fc.property(
        side,
        side,
        side,
        fc.infiniteStream(fc.constantFrom('client', 'server')),
        (before, client, server, takes) => {
          const one = conflict('update', { base: before, client, server }, []);
          const fields = fieldsOf(one, undefined);
          const { clashing } = grouped(fields);
          fc.pre(clashing.length > 0);
          const choices: Choices = Object.fromEntries(
            clashing.map(({ name }) => [name, { take: takes.next().value as 'client' | 'server' }]),
          );
          expect(leftToDecide(fields, choices)).toBe(0);
          expect(requestOf(fields, choices)).toEqual({ decision: 'merged', fields: choices });
        },
      ),
    );
  });
});

describe('what differs', () => {
  it('[REACT-54] is marked by words, the ends that are alike left out', () => {
    expect(differing('North field by the river', 'North field by the old river')).toEqual({
      start: 'North field by the ',
      mark: 'old ',
      end: 'river',
    });
    expect(differing('2.5', '3.25')).toEqual({ start: '', mark: '3.25', end: '' });
    expect(differing('a b', 'a b')).toEqual({ start: 'a b', mark: '', end: '' });
  });
});
