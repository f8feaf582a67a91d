import type { App, ScopeRule, Table } from '@satchel/schema';

/** A rule `via` of `child`: its rows are in the scopes of the rows of `parent` that they refer to. */
export interface ViaLink {
  readonly child: Table;
  readonly parent: Table;
  /** Columns of the child, in the order of the parent's key. */
  readonly columns: readonly string[];
}

export type MembershipRule = Extract<ScopeRule, { kind: 'membership' }>;

/** A membership rule of `table`: rows of `members` that name its rows put them in scopes. */
export interface MembershipLink {
  readonly table: Table;
  readonly rule: MembershipRule;
}

/** Who takes scopes from whom. */
export interface ScopeGraph {
  readonly table: Table;
  /** Parents before their own children. */
  readonly parents: readonly ViaLink[];
  readonly children: readonly ViaLink[];
  readonly memberships: readonly MembershipLink[];
  /** Rules of other tables that read this one. */
  readonly namedBy: readonly MembershipLink[];
}

const viaLinks = (app: App, child: Table): ViaLink[] =>
  child.scopes.flatMap((rule) => {
    if (rule.kind !== 'via') return [];
    const parent = app.tables[rule.table];
    return parent === undefined ? [] : [{ child, parent, columns: rule.columns }];
  });

const membershipLinks = (table: Table): MembershipLink[] =>
  table.scopes.flatMap((rule) => (rule.kind === 'membership' ? [{ table, rule }] : []));

const inOrder = (app: App): Table[] =>
  app.tableOrder.flatMap((name) => {
    const table = app.tables[name];
    return table === undefined ? [] : [table];
  });

/** Tables in the order in which locks on their registry rows are taken: parents first. */
export const scopeGraphs = (app: App): readonly ScopeGraph[] => {
  const tables = inOrder(app);
  const rank = new Map(tables.map((table, at) => [table.name, at]));
  const links = tables.flatMap((table) => viaLinks(app, table));
  const memberships = tables.flatMap(membershipLinks);
  return tables.map((table) => ({
    table,
    parents: links
      .filter((link) => link.child === table)
      .sort((a, b) => (rank.get(a.parent.name) ?? 0) - (rank.get(b.parent.name) ?? 0)),
    children: links.filter((link) => link.parent === table),
    memberships: memberships.filter((link) => link.table === table),
    namedBy: memberships.filter(({ rule }) => !rule.plain && rule.table === table.name),
  }));
};

/** Membership rules over tables that no client holds. */
export const plainMemberships = (app: App): readonly MembershipLink[] =>
  inOrder(app)
    .flatMap(membershipLinks)
    .filter(({ rule }) => rule.plain);

/** A table whose rows stand alone: no lock and no other row decides their scopes, and nobody's depend on them. */
export const standsAlone = (graph: ScopeGraph): boolean =>
  graph.parents.length === 0 && graph.children.length === 0 && graph.memberships.length === 0;
