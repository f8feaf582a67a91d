import type { App, ForeignKey, Table } from './app.ts';

/** A reference seen from the table that it points to. */
export interface Reference extends ForeignKey {
  /** The table that holds it. */
  readonly table: string;
}

/** Every reference to rows of a table, of all tables (itself included). */
export const referencesTo = (app: Pick<App, 'tables'>, table: string): readonly Reference[] =>
  Object.values(app.tables).flatMap((child) =>
    child.foreignKeys.filter((key) => key.references === table).map((key) => ({ ...key, table: child.name })),
  );

/** Tables whose rows take their scopes from rows of this one, directly. */
export const scopeChildren = (app: Pick<App, 'tables'>, table: string): readonly Table[] =>
  Object.values(app.tables).filter((child) =>
    child.scopes.some((scope) => scope.kind === 'via' && scope.table === table),
  );
