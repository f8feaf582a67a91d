import type { Column } from '@satchel/core';
import { invariant } from '@satchel/protocol';
import type { App, Table } from '@satchel/schema';
import { quote } from '../postgres/quote.ts';
import { namedRelation, type Relation, type RelationFacts, relationOf } from './relation.ts';
import { canonicalText, templateExpression } from './scope-expression.ts';
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

/** One part of a key of several columns: JSON of the canonical value. */
const keyPart = (column: Column, reference: string): string => {
  const text = canonicalText(column, reference);
  switch (column.type) {
    case 'integer':
    case 'counter':
    case 'serverId':
    case 'boolean':
    case 'real':
    case 'timestamp':
    case 'modifiedAt':
      return text;
    default:
      return `to_json(${text})::text`;
  }
};

const keyText = (columns: readonly Column[], references: readonly string[]): string => {
  const [first] = columns;
  const [reference] = references;
  invariant(first !== undefined && reference !== undefined, 'a key has columns');
  if (columns.length === 1) return `(${canonicalText(first, reference)} collate "C")`;
  const parts = columns.map((column, at) => keyPart(column, references[at] ?? reference));
  return `('[' || ${parts.join(` || ',' || `)} || ']' collate "C")`;
};

/** The key of the row that `alias` stands for, as the wire has it: the same as `keyOf` of core. */
export const keyExpression = ({ table, relation }: CapturedTable, alias: string): string =>
  keyText(
    table.primaryKey.map((name) => columnOf(table, name)),
    table.primaryKey.map((name) => relation.column(alias, name)),
  );

/** The key of the parent that a child's row refers to. */
export const parentKeyExpression = ({ relation }: CapturedTable, link: ViaLink, alias: string): string =>
  keyText(
    link.parent.primaryKey.map((name) => columnOf(link.parent, name)),
    link.columns.map((name) => relation.column(alias, name)),
  );

const fromText = (column: Column, text: string, type: string): string => {
  switch (column.type) {
    case 'timestamp':
    case 'modifiedAt':
      return `to_timestamp((${text})::numeric / 1000)::${type}`;
    default:
      return `(${text})::${type}`;
  }
};

/** Condition that the row of `alias` has the key that the SQL text `key` holds; an index of the key serves it. */
export const hasKey = ({ table, relation, facts }: CapturedTable, alias: string, key: string): string => {
  const single = table.primaryKey.length === 1;
  return table.primaryKey
    .map((name, at) => {
      const text = single ? key : `((${key})::json ->> ${at})`;
      const type = facts.types.get(relation.columnName(name)) ?? 'text';
      return `${relation.column(alias, name)} = ${fromText(columnOf(table, name), text, type)}`;
    })
    .join(' and ');
};

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
        where e.table_id = ${captured.idOf(link.parent.name)} and e.key = ${parentKeyExpression(captured, link, alias)} and e.present`;

/** text[] of the scopes that the row of `alias` is in as the tables are now: each once, in order. */
export const scopesExpression = (captured: CapturedTable, alias: string): string => {
  const { table, relation, graph } = captured;
  const templates = table.scopes.flatMap((rule) =>
    rule.kind === 'template'
      ? [
          `(${templateExpression(
            rule.template,
            (name) => columnOf(table, name),
            (name) => relation.column(alias, name),
          )})`,
        ]
      : [],
  );
  const sources = [
    ...(templates.length === 0 ? [] : [`select s.scope from (values ${templates.join(', ')}) s(scope)`]),
    ...graph.parents.map((link) => viaSource(captured, link, alias)),
    ...graph.memberships.map((link) => membershipSource(captured, link, alias)),
  ];
  if (sources.length === 0) return `'{}'::text[]`;
  const [source] = sources;
  if (sources.length === 1 && templates.length === 1) {
    return `array(select s.scope collate "C" from (${source}) s where s.scope is not null)`;
  }
  return `array(select distinct s.scope collate "C" from (${sources.join('\n        union all\n        ')}) s where s.scope is not null order by 1)`;
};

/** Name of a generated function or trigger of the table. */
export const captureName = (id: number, part: string): string => quote(`${part}_${id}`);

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
