import { invariant, SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import type { Queryable } from '../postgres/database.ts';
import { accessWatch } from './access-watch.ts';
import type { CaptureFunction, CapturePlan, CaptureTrigger, TriggerEvent } from './capture-plan.ts';
import { TRIGGER_EVENTS } from './capture-plan.ts';
import { type CapturedTable, capturedTable } from './captured-table.ts';
import { membershipWatches } from './membership-functions.ts';
import { type Relation, type RelationFacts, readRelationFacts, relationOf } from './relation.ts';
import { scopeGraphs } from './scope-graph.ts';
import { settleFunction } from './settle-function.ts';
import { SHARED_FUNCTIONS } from './shared-functions.ts';
import { triggerFunctions } from './trigger-functions.ts';

/** The synced tables in the app's order, parents first, with what the catalogue says of each. */
export const readCapturedTables = async (
  db: Queryable,
  app: App,
  tableIds: ReadonlyMap<string, number>,
): Promise<readonly CapturedTable[]> => {
  const captured: CapturedTable[] = [];
  for (const graph of scopeGraphs(app)) {
    const facts = await factsOf(db, relationOf(graph.table));
    captured.push(capturedTable(app, graph, facts, tableIds));
  }
  return captured;
};

const factsOf = async (db: Queryable, relation: Relation): Promise<RelationFacts> => {
  const facts = await readRelationFacts(db, relation);
  const unfit = (detail: string, remedy: string): SatchelError =>
    new SatchelError('adopt_unfit', { table: `${relation.schema}.${relation.name}`, detail, remedy });
  if (facts === undefined)
    throw unfit('there is no such table', 'Create it, or correct its name in the app.');
  if (facts.hidesRows) {
    throw unfit(
      'row level security hides rows from the role that Satchel runs as',
      'Let that role own the table without FORCE ROW LEVEL SECURITY, or give it BYPASSRLS.',
    );
  }
  return facts;
};

const triggersOn = (
  facts: RelationFacts,
  functions: readonly { readonly event: TriggerEvent; readonly made: CaptureFunction }[],
): CaptureTrigger[] =>
  facts.parts.flatMap((part) =>
    functions.map(({ event, made }) => ({
      name: `satchel_${made.name}`,
      relationOid: part.oid,
      relation: part.sql,
      event,
      function: made.name,
    })),
  );

/** What capture keeps in the database for these tables: the same text each time it is made. */
export const planCapture = async (
  db: Queryable,
  app: App,
  captured: readonly CapturedTable[],
): Promise<CapturePlan> => {
  const byName = new Map(captured.map((one) => [one.table.name, one]));
  const tableOf = (name: string): CapturedTable => {
    const one = byName.get(name);
    invariant(one !== undefined, `${name} is not captured`);
    return one;
  };
  const functions: CaptureFunction[] = [...SHARED_FUNCTIONS];
  const triggers: CaptureTrigger[] = [];
  for (const one of captured) {
    const rowFunctions = triggerFunctions(one);
    functions.push(settleFunction(one, tableOf), ...rowFunctions);
    triggers.push(
      ...triggersOn(
        one.facts,
        TRIGGER_EVENTS.map((event, at) => ({ event, made: rowFunctions[at]! })),
      ),
    );
    for (const watch of membershipWatches(one)) {
      functions.push(...watch.functions.map(({ made }) => made));
      triggers.push(...triggersOn(await factsOf(db, watch.members), watch.functions));
    }
  }
  const access = accessWatch(app);
  functions.push(...access.functions.map(({ made }) => made));
  for (const relation of access.relations) {
    triggers.push(...triggersOn(await factsOf(db, relation), access.functions));
  }
  return { functions, triggers };
};
