import type { Column, MergeTable, UpdatePolicy } from '@satchel/core';
import type { Values } from '@satchel/protocol';
import type { EditRule, InsertRule, OracleColumn, OracleTable } from '../oracle/model.ts';
import type { Draw } from './draw.ts';

/** A table as the core takes it, and the same for the oracle, from one draw. */
export interface CoreTable {
  readonly name: string;
  readonly lane: string;
  readonly merge: MergeTable;
  readonly oracle: OracleTable;
  /** The column that refers to another table. */
  readonly refers?: { readonly column: string; readonly to: string };
}

/** From the most urgent to the least. */
export const LANES = ['urgent', 'medium', 'bulk'] as const;
export const SCOPES = ['area:a', 'area:b', 'area:c'] as const;

const scopesOf = (row: Values): readonly string[] =>
  typeof row.area === 'string' ? [`area:${row.area}`] : [];

/** The scope that a row is in, if any. */
export const scopeOf = (row: Values | null): string | undefined => (row ? scopesOf(row)[0] : undefined);

const PLAIN: readonly EditRule[] = [
  { kind: 'server-wins' },
  { kind: 'client-wins' },
  { kind: 'latest-wins' },
  { kind: 'earliest-wins' },
  { kind: 'role-wins', role: 'chief' },
  { kind: 'role-wins', role: 'chief', then: { kind: 'latest-wins' } },
  { kind: 'merge' },
  { kind: 'merge', then: { kind: 'client-wins' } },
];
const RULES: readonly EditRule[] = [
  ...PLAIN,
  { kind: 'review' },
  { kind: 'review', until: 'apply' },
  { kind: 'merge', then: { kind: 'review' } },
];
const INSERTS: readonly InsertRule[] = [
  { kind: 'new-key' },
  { kind: 'reject' },
  { kind: 'merge' },
  { kind: 'merge', then: { kind: 'client-wins' } },
];
/**
 * Rules of the wall clock: under all others no clock may change an outcome. Where a role
 * wins, which of two people who wrote the same value counts as its writer goes by their
 * stamps.
 */
const WITHOUT_CLOCKS = (rule: EditRule): boolean =>
  rule.kind !== 'latest-wins' && rule.kind !== 'earliest-wins' && rule.kind !== 'role-wins';

const OPTIONAL: Readonly<Record<string, Column>> = Object.fromEntries(
  (
    [
      ['area', 'text'],
      ['title', 'text'],
      ['note', 'text'],
      ['count', 'counter'],
      ['tags', 'set'],
      ['data', 'json'],
      ['changedAt', 'modifiedAt'],
    ] as const
  ).map(([name, type]) => [name, { name, type, nullable: true }]),
);
const KEY: Column = { name: 'id', type: 'id', nullable: false };

const KINDS: Readonly<Record<string, OracleColumn>> = {
  area: { kind: 'plain' },
  title: { kind: 'plain' },
  note: { kind: 'plain' },
  count: { kind: 'counter' },
  tags: { kind: 'set' },
  data: { kind: 'plain' },
  changedAt: { kind: 'given' },
};

const drawTable = (
  draw: Draw,
  name: string,
  rules: readonly EditRule[],
  refers: CoreTable['refers'],
): CoreTable => {
  const edits = draw.pick(rules);
  const fields = draw.chance(0.5) ? { note: draw.pick(rules) } : {};
  const inserts = draw.pick(INSERTS);
  const deletes = draw.pick(['ask', 'delete-wins', 'edit-wins'] as const);
  const reference: Record<string, Column> = refers
    ? { [refers.column]: { name: refers.column, type: 'ref', nullable: true, references: refers.to } }
    : {};
  return {
    name,
    lane: draw.pick(LANES),
    ...(refers && { refers }),
    merge: {
      name,
      primaryKey: ['id'],
      columns: { id: KEY, ...OPTIONAL, ...reference },
      conflicts: {
        update: edits as UpdatePolicy,
        fields: fields as Readonly<Record<string, UpdatePolicy>>,
        insert: inserts as MergeTable['conflicts']['insert'],
        delete: { kind: deletes },
        unique: { kind: 'reject' },
      },
    },
    oracle: {
      name,
      key: 'id',
      columns: refers ? { ...KINDS, [refers.column]: { kind: 'plain', needs: refers.to } } : KINDS,
      edits,
      fields,
      inserts,
      deletes,
      scopesOf: (_, row) => (typeof row.area === 'string' ? [`area:${row.area}`] : []),
    },
  };
};

/** The tables of a seed: lanes and policies are drawn. */
export const drawTables = (draw: Draw, clocksDecide: boolean): readonly CoreTable[] => {
  const rules = clocksDecide ? RULES : RULES.filter(WITHOUT_CLOCKS);
  return [
    drawTable(draw, 'places', rules, undefined),
    drawTable(draw, 'visits', rules, { column: 'placeId', to: 'places' }),
  ];
};
