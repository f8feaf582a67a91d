import type { Column } from '@satchel/core';
import { invariant } from '@satchel/protocol';
import type { App, Table } from '@satchel/schema';
import { keyExpression, keyMatch } from '../postgres/key-columns.ts';
import { namedRelation, type Relation, type RelationFacts, relationOf } from './relation.ts';
import { isScope, templateExpression } from './scope-expression.ts';
import type { MembershipLink, ScopeGraph, ViaLink } from './scope-graph.ts';

/** A synced table, with all that the texts of its triggers are made of. */
export interface CapturedTable {
  readonly app: App;
  readonly id: number;
  readonly table: Table;
  readonly relation: Relation;
  readonly facts: RelationFacts;
  readonly graph: ScopeGraph;
  readonly idOf: (table: string) => number;
}

export const columnOf = (table: Table, name: string): Column => {
  const column = table.columns[name];
  invariant(column !== undefined, `${table.name} has no column ${name}`);
  return column;
};

/** The key of the row that `alias` stands for, as the wire has it; compares by code unit. */
export const rowKey = ({ table, relation }: CapturedTable, alias: string): string =>
  `(${keyExpression(table, (name) => relation.column(alias, name))} collate "C")`;

/** The key of the parent that a child's row refers to. */
export const parentKey = ({ relation }: CapturedTable, { parent, columns }: ViaLink, alias: string): string =>
  `(${keyExpression(parent, (name) => {
    const column = columns[parent.primaryKey.indexOf(name)];
    invariant(column !== undefined, `${parent.name} has a key of other columns`);
    return relation.column(alias, column);
  })} collate "C")`;

/**
 * Condition that the row of `alias` has the key that the SQL text `key` holds. `key`
 * must be of no collation of its own (an unnested parameter), or the index of the
 * primary key would not serve.
 */
export const hasKey = ({ table, relation }: CapturedTable, alias: string, key: string): string =>
  keyMatch(table, (name) => relation.column(alias, name), key);

const membershipSource = (
  { app, table, relation }: CapturedTable,
  { rule }: MembershipLink,
  alias: string,
): string => {
  const members = namedRelation(app, rule.table);
  const columns = rule.plain ? undefined : app.tables[rule.table]?.columns;
  const scope = templateExpression(
    rule.template,
    (name) => columns?.[name],
    (name) => members.column('m', name),
  );
  const [keyColumn] = table.primaryKey;
  invariant(keyColumn !== undefined && table.primaryKey.length === 1, 'members name a key of one column');
  return `select ${scope} as scope from ${members.sql} m where ${members.column('m', rule.column)} = ${relation.column(alias, keyColumn)}`;
};

const viaSource = (captured: CapturedTable, link: ViaLink, alias: string): string =>
  `select e.scope from satchel.entries e
        where e.table_id = ${captured.idOf(link.parent.name)} and e.key = ${parentKey(captured, link, alias)} and e.present`;

/**
 * text[] of the scopes that the row of `alias` is in as the tables are now: each once,
 * in order. OFFSET 0 keeps names from being made once to look at and once to keep.
 */
export const scopesExpression = (captured: CapturedTable, alias: string): string => {
  const { table, relation, graph } = captured;
  const names = table.scopes.flatMap((rule) =>
    rule.kind === 'template'
      ? [
          templateExpression(
            rule.template,
            (name) => columnOf(table, name),
            (name) => relation.column(alias, name),
          ),
        ]
      : [],
  );
  const [name] = names;
  const [parent] = graph.parents;
  const others = graph.parents.length + graph.memberships.length;
  if (name !== undefined && names.length === 1 && others === 0) {
    return `array(select s.scope collate "C" from (select ${name} as scope offset 0) s where ${isScope('s.scope')})`;
  }
  if (parent !== undefined && names.length === 0 && others === 1) {
    return `array(${viaSource(captured, parent, alias)} order by e.scope)`;
  }
  const sources = [
    ...names.map((one) => `(select ${one} as scope offset 0)`),
    ...graph.parents.map((link) => viaSource(captured, link, alias)),
    ...graph.memberships.map((link) => membershipSource(captured, link, alias)),
  ];
  if (sources.length === 0) return `'{}'::text[]`;
  return `array(select distinct s.scope collate "C" from (${sources.join('\n        union all\n        ')}) s where ${isScope('s.scope')} order by 1)`;
};

export const capturedTable = (
  app: App,
  graph: ScopeGraph,
  facts: RelationFacts,
  tableIds: ReadonlyMap<string, number>,
): CapturedTable => {
  const idOf = (name: string): number => {
    const id = tableIds.get(name);
    invariant(id !== undefined, `${name} has no number in satchel.tables`);
    return id;
  };
  return {
    app,
    id: idOf(graph.table.name),
    table: graph.table,
    relation: relationOf(graph.table),
    facts,
    graph,
    idOf,
  };
};
