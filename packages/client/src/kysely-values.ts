import { type Column, canonicalJson, columnToSql } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import type { App, Table } from '@satchel/schema';
import {
  ColumnNode,
  type ColumnUpdateNode,
  DefaultInsertValueNode,
  IdentifierNode,
  type InsertQueryNode,
  type KyselyPlugin,
  type OperationNode,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type PrimitiveValueListNode,
  type QueryId,
  type QueryResult,
  ReferenceNode,
  type RootOperationNode,
  TableNode,
  type UnknownRow,
  type ValueListNode,
  ValueNode,
  ValuesNode,
} from 'kysely';

/**
 * Converts between canonical values, which is what the app's types say, and what
 * SQLite stores: booleans are 0 and 1 there, json, sets and media text.
 *
 * It stands before `CamelCasePlugin`: queries come to it in camelCase, rows in snake_case.
 * A result column is known by its name among the tables of the query, or by what it
 * is an alias of; a computed column stays as SQLite gives it.
 */
export class CanonicalValuesPlugin implements KyselyPlugin {
  readonly #app: App;
  readonly #readers = new WeakMap<QueryId, ReadonlyMap<string, Reader>>();

  constructor(app: App) {
    this.#app = app;
  }

  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    const found = new Found(this.#app);
    found.visit(node);
    this.#readers.set(queryId, found.readers());
    return new Writer(this.#app).transformNode(node);
  }

  async transformResult({ result, queryId }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    const readers = this.#readers.get(queryId);
    if (!readers || readers.size === 0) return result;
    return {
      ...result,
      rows: result.rows.map((row) => {
        const read: UnknownRow = { ...row };
        for (const [name, reader] of readers) if (name in read) read[name] = reader(read[name]);
        return read;
      }),
    };
  }
}

type Reader = (value: unknown) => unknown;

const readerOf = ({ type }: Column): Reader | undefined => {
  switch (type) {
    case 'boolean':
      return (value) => (value === 0 || value === 1 ? value === 1 : value);
    case 'json':
    case 'set':
    case 'media':
      return (value) => (typeof value === 'string' ? JSON.parse(value) : value);
    default:
      return undefined;
  }
};

const toSqlite = (column: Column | undefined, value: unknown): unknown => {
  if (value === null || value === undefined) return value;
  if (column && ['json', 'set', 'media'].includes(column.type)) return canonicalJson(value as Json);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value;
};

/** The tables and aliases that a query names. */
class Found {
  readonly #app: App;
  readonly #tables = new Set<Table>();
  readonly #aliases = new Map<string, string>();

  constructor(app: App) {
    this.#app = app;
  }

  visit(node: unknown): void {
    if (Array.isArray(node)) {
      for (const one of node) this.visit(one);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    if ('kind' in node) {
      const known = node as OperationNode;
      if (TableNode.is(known)) {
        const table = this.#app.tables[known.table.identifier.name];
        if (table) this.#tables.add(table);
      }
      if (known.kind === 'AliasNode')
        this.#alias(known as OperationNode & { node: OperationNode; alias: OperationNode });
    }
    for (const part of Object.values(node)) this.visit(part);
  }

  readers(): ReadonlyMap<string, Reader> {
    const readers = new Map<string, Reader>();
    for (const table of this.#tables)
      for (const column of Object.values(table.columns)) {
        const reader = readerOf(column);
        if (reader) readers.set(columnToSql(column.name), reader);
      }
    for (const [alias, name] of this.#aliases) {
      const reader = readers.get(columnToSql(name));
      if (reader) readers.set(columnToSql(alias), reader);
    }
    return readers;
  }

  #alias({ node, alias }: { readonly node: OperationNode; readonly alias: OperationNode }): void {
    if (!IdentifierNode.is(alias) || !ReferenceNode.is(node) || !ColumnNode.is(node.column)) return;
    this.#aliases.set(alias.name, node.column.column.name);
  }
}

/** Turns the canonical values of a query into what SQLite stores. */
class Writer extends OperationNodeTransformer {
  readonly #app: App;
  #table: Table | undefined;
  #columns: readonly (Column | undefined)[] = [];

  constructor(app: App) {
    super();
    this.#app = app;
  }

  protected override transformInsertQuery(node: InsertQueryNode, queryId?: QueryId): InsertQueryNode {
    this.#table = node.into ? this.#app.tables[node.into.table.identifier.name] : undefined;
    this.#columns = (node.columns ?? []).map((column) => this.#table?.columns[column.column.name]);
    return super.transformInsertQuery(node, queryId);
  }

  protected override transformValues(node: ValuesNode, queryId?: QueryId): ValuesNode {
    const values = node.values.map((list): PrimitiveValueListNode | ValueListNode => {
      if (list.kind === 'PrimitiveValueListNode') {
        const { values: plain } = list as PrimitiveValueListNode;
        return {
          ...list,
          values: plain.map((value, i) => toSqlite(this.#columns[i], value)),
        } as PrimitiveValueListNode;
      }
      const { values: nodes } = list as ValueListNode;
      return {
        ...list,
        values: nodes.map((one, i) => {
          const column = this.#columns[i];
          if (ValueNode.is(one)) return ValueNode.create(toSqlite(column, one.value));
          // SQLite knows no DEFAULT in a list of values: Kysely would write null.
          if (DefaultInsertValueNode.is(one) && column?.defaultValue !== undefined)
            return ValueNode.create(toSqlite(column, column.defaultValue));
          return one;
        }),
      } as ValueListNode;
    });
    return super.transformValues(ValuesNode.create(values), queryId);
  }

  protected override transformUpdateQuery(
    ...[node, queryId]: Parameters<OperationNodeTransformer['transformUpdateQuery']>
  ): ReturnType<OperationNodeTransformer['transformUpdateQuery']> {
    if (node.table && TableNode.is(node.table))
      this.#table = this.#app.tables[node.table.table.identifier.name];
    return super.transformUpdateQuery(node, queryId);
  }

  protected override transformColumnUpdate(node: ColumnUpdateNode, queryId?: QueryId): ColumnUpdateNode {
    const name = ColumnNode.is(node.column) ? node.column.column.name : undefined;
    const column = name === undefined ? undefined : this.#table?.columns[name];
    const value = ValueNode.is(node.value)
      ? ValueNode.create(toSqlite(column, node.value.value))
      : node.value;
    return super.transformColumnUpdate({ ...node, value }, queryId);
  }

  /** Values that are compared with: booleans have only one form to take. */
  protected override transformValue(
    ...[node, queryId]: Parameters<OperationNodeTransformer['transformValue']>
  ) {
    return super.transformValue(
      typeof node.value === 'boolean' ? { ...node, value: node.value ? 1 : 0 } : node,
      queryId,
    );
  }
}
