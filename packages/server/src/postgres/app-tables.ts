import { SatchelError } from '@satchel/protocol';
import { type App, appHash, type Table } from '@satchel/schema';
import { installCapture, uninstallCapture } from '../capture/install-capture.ts';
import { relationOf } from '../capture/relation.ts';
import { checkAdoption } from './app-tables/adopt.ts';
import type { AppPlan, DatabaseState, PlanOptions, TableWarning } from './app-tables/app-plan.ts';
import { evolve } from './app-tables/evolve.ts';
import { reconcile } from './app-tables/reconcile.ts';
import { splitRows } from './app-tables/split-rows.ts';
import { relationText, TableDraft } from './app-tables/table-draft.ts';
import { touchName, touchTrigger } from './app-tables/touch-trigger.ts';
import { catalogKey, readCatalog } from './catalog.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { installDocumentViews } from './document-views.ts';
import { lockSchema } from './migrate.ts';
import { databaseFact } from './pg-errors.ts';

export interface AppliedApp {
  /** Small numbers of the app's tables. */
  readonly tableIds: ReadonlyMap<string, number>;
  /** What was done; nothing the second time. */
  readonly plan: AppPlan;
}

/**
 * What `applyApp` would do, without doing it; also before `migrate` has run.
 *
 * @throws `migration_conflict`, `adopt_unfit`, `database_ahead`, `config_invalid`
 */
export const planAppTables = (db: Database, app: App, options: PlanOptions = {}): Promise<AppPlan> =>
  db.transaction('snapshot', async (tx) => planTables(app, await readState(tx, app), options));

/**
 * Makes the app's tables, or carries them over to the app as it is now; checks adopted
 * ones; installs capture. All in one transaction, under the lock of `migrate`: any
 * number of servers may start at once. Where nothing has changed, nothing is touched.
 *
 * @throws `migration_conflict`, `adopt_unfit`, `database_ahead`, `config_invalid`
 * @example
 * ```ts
 * await migrate(db);
 * const { tableIds } = await applyApp(db, app);
 * ```
 */
export const applyApp = (db: Database, app: App, options: PlanOptions = {}): Promise<AppliedApp> =>
  db.transaction('write', async (tx) => {
    await lockSchema(tx);
    const state = await readState(tx, app);
    const plan = planTables(app, state, options);
    // The functions of capture name columns as they were. They are made anew below.
    if (state.schemaVersion !== undefined && state.schemaVersion < app.schemaVersion) {
      await uninstallCapture(tx);
    }
    for (const action of plan.actions) {
      if (action.kind === 'split') await splitRows(tx, action);
      else await runStatement(tx, action.text);
    }
    const tableIds = await numberTables(tx, app);
    await installCapture(tx, app, tableIds);
    await installDocumentViews(tx, app);
    await writeMeta(tx, app);
    return { tableIds, plan };
  });

/** Pure: from what the database has to what it needs. */
export const planTables = (app: App, state: DatabaseState, options: PlanOptions): AppPlan => {
  if (state.schemaVersion !== undefined && state.schemaVersion > app.schemaVersion) {
    throw new SatchelError('database_ahead', {
      what: `schema version ${state.schemaVersion} of ${app.name}`,
    });
  }
  const draft = new TableDraft(state);
  if (state.schemaVersion !== undefined) evolve(draft, app, state.schemaVersion, options);
  reconcile(draft, app);
  const warnings: TableWarning[] = [];
  for (const table of Object.values(app.tables)) {
    if (table.adopt === undefined) continue;
    warnings.push(...checkAdoption(app, table, state.catalog));
    for (const text of adoptedTouch(table, state)) draft.sql(text);
  }
  return { actions: draft.actions, warnings };
};

const adoptedTouch = (table: Table, state: DatabaseState): string[] => {
  const relation = relationOf(table);
  const there = state.catalog.get(catalogKey(relation.schema, relation.name))?.touchTriggers ?? [];
  return Object.values(table.columns).flatMap(({ type, name }) => {
    const column = relation.columnName(name);
    return type !== 'modifiedAt' || there.includes(touchName(relation.name, column))
      ? []
      : touchTrigger(relation.sql, relation.name, column, 'always');
  });
};

const readState = async (tx: Queryable, app: App): Promise<DatabaseState> => {
  const { facts, known } = await readRecords(tx);
  const owner = facts.get('app');
  if (owner !== undefined && owner !== app.name) {
    throw new SatchelError('config_invalid', {
      name: 'DATABASE_URL',
      reason: `the database belongs to the app ${String(owner)}, not to ${app.name}`,
    });
  }
  const names = new Set([...known, ...Object.keys(app.tables)]);
  const catalog = await readCatalog(
    tx,
    [...names].map((name) => {
      const table = Object.hasOwn(app.tables, name) ? app.tables[name]! : ownTable(name);
      return relationOf(table);
    }),
  );
  const empty = new Set<string>();
  for (const { schema, name, kind } of catalog.values()) {
    if (schema !== 'public' || kind === 'other') continue;
    const { rows } = await tx.query<{ empty: boolean }>(
      `select not exists (select from ${relationText(name)}) as empty`,
    );
    if (rows[0]!.empty) empty.add(name);
  }
  const version = facts.get('schemaVersion');
  return {
    catalog,
    empty,
    known,
    schemaVersion: typeof version === 'number' ? version : undefined,
  };
};

/** What was noted by the last `applyApp`; nothing in a database without schema satchel. */
const readRecords = async (
  tx: Queryable,
): Promise<{ readonly facts: ReadonlyMap<string, unknown>; readonly known: ReadonlySet<string> }> => {
  const { rows: there } = await tx.query<{ there: boolean }>(
    `select to_regclass('satchel.meta') is not null as there`,
  );
  if (!there[0]!.there) return { facts: new Map(), known: new Set() };
  const { rows: facts } = await tx.query<{ name: string; value: unknown }>(
    `select name, value from satchel.meta where name in ('app', 'schemaVersion')`,
  );
  const { rows: tables } = await tx.query<{ name: string }>('select name from satchel.tables');
  return {
    facts: new Map(facts.map(({ name, value }) => [name, value])),
    known: new Set(tables.map(({ name }) => name)),
  };
};

/** A table of an older version of the app. */
const ownTable = (name: string): Table => ({ name }) as Table;

const runStatement = async (tx: Transaction, text: string): Promise<void> => {
  try {
    await tx.query(text);
  } catch (error) {
    const fact = databaseFact(error);
    if (fact?.kind === 'denied') {
      throw new SatchelError(
        'config_invalid',
        { name: 'DATABASE_URL', reason: `the role may not run: ${text.split('\n', 1)[0]!}` },
        { cause: error },
      );
    }
    const table = fact && 'table' in fact && fact.table !== undefined ? fact.table : '';
    if (
      fact?.kind === 'unique' ||
      fact?.kind === 'foreign-key' ||
      fact?.kind === 'check' ||
      fact?.kind === 'not-null'
    ) {
      throw new SatchelError(
        'migration_conflict',
        {
          table,
          detail: `rows are there for which this cannot hold: ${text}`,
          remedy: 'Correct the rows, or leave the rule out. Nothing was changed.',
        },
        { cause: error },
      );
    }
    throw error;
  }
};

const numberTables = async (tx: Transaction, app: App): Promise<ReadonlyMap<string, number>> => {
  const names = [...app.tableOrder];
  await tx.query(
    `insert into satchel.tables (name)
     select n.name from unnest($1::text[]) with ordinality n(name, place)
     where not exists (select from satchel.tables t where t.name = n.name) order by n.place`,
    [names],
  );
  const { rows } = await tx.query<{ name: string; id: number }>(
    'select name, table_id as id from satchel.tables where name = any($1)',
    [names],
  );
  return new Map(rows.map(({ name, id }) => [name, id]));
};

const writeMeta = async (tx: Transaction, app: App): Promise<void> => {
  const facts: Readonly<Record<string, unknown>> = {
    app: app.name,
    schemaVersion: app.schemaVersion,
    appHash: appHash(app),
  };
  await tx.query(
    `insert into satchel.meta (name, value)
     select f.key, f.value from jsonb_each($1) f
     on conflict (name) do update set value = excluded.value
     where satchel.meta.value is distinct from excluded.value`,
    [JSON.stringify(facts)],
  );
};
