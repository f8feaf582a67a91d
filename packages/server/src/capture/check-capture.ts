import type { App } from '@satchel/schema';
import type { Queryable } from '../postgres/database.ts';
import {
  type CaptureFunction,
  type CapturePlan,
  type CaptureTrigger,
  FUNCTION_SETTINGS,
  NEW_ROWS,
  OLD_ROWS,
  type TriggerEvent,
} from './capture-plan.ts';
import { planCapture, readCapturedTables } from './plan-capture.ts';

/** How the database differs from what capture needs. `changed` functions may lose writes; `left` ones are of no more use. */
export type CaptureDifference =
  | { readonly kind: 'function'; readonly name: string; readonly state: 'missing' | 'changed' | 'left' }
  | {
      readonly kind: 'trigger';
      readonly name: string;
      /** As PostgreSQL prints it. */
      readonly relation: string;
      readonly state: 'missing' | 'changed' | 'left';
    };

interface FunctionRow {
  readonly name: string;
  readonly arguments: string;
  readonly body: string;
  readonly definer: boolean;
  readonly settings: readonly string[];
}

/** Names that capture makes; other rooms have functions and triggers in the schema as well. */
const OURS =
  '^(capture|members|access_changed)_(insert|update|delete|truncate)(_[0-9]+)*$|^settle_[0-9]+$|^(encode_scope_value|lock_registry)$';

const FUNCTIONS = `
select p.proname as name, pg_catalog.pg_get_function_identity_arguments(p.oid) as arguments, p.prosrc as body,
  p.prosecdef as definer, coalesce(p.proconfig, '{}') as settings
from pg_catalog.pg_proc p
where p.pronamespace = 'satchel'::regnamespace
  and p.proname ~ '${OURS}'`;

interface TriggerRow {
  readonly name: string;
  readonly relation_oid: string;
  readonly relation: string;
  readonly function: string;
  readonly enabled: string;
  readonly type: number;
  readonly old_rows: string | null;
  readonly new_rows: string | null;
  readonly narrowed: boolean;
}

const TRIGGERS = `
select t.tgname as name, t.tgrelid::text as relation_oid, t.tgrelid::regclass::text as relation,
  p.proname as function, t.tgenabled as enabled, t.tgtype::int as type,
  t.tgoldtable as old_rows, t.tgnewtable as new_rows,
  t.tgqual is not null or pg_catalog.cardinality(t.tgattr::int2[]) > 0 as narrowed
from pg_catalog.pg_trigger t
join pg_catalog.pg_proc p on p.oid = t.tgfoid
where not t.tgisinternal and p.pronamespace = 'satchel'::regnamespace and p.proname !~ '^touch_'`;

/** `tgtype` of an AFTER statement trigger. */
const TYPE_OF: Record<TriggerEvent, number> = { insert: 4, delete: 8, update: 16, truncate: 32 };
const ALWAYS = 'A';

const sameFunction = (made: CaptureFunction, found: FunctionRow): boolean =>
  found.body === made.body &&
  found.arguments === made.parameters &&
  (made.language === 'sql' ||
    (found.definer &&
      FUNCTION_SETTINGS.every(([name, value]) => found.settings.includes(`${name}=${value}`))));

const sameTrigger = (made: CaptureTrigger, found: TriggerRow): boolean =>
  found.function === made.function &&
  found.enabled === ALWAYS &&
  found.type === TYPE_OF[made.event] &&
  !found.narrowed &&
  found.old_rows === (made.event === 'update' || made.event === 'delete' ? OLD_ROWS : null) &&
  found.new_rows === (made.event === 'update' || made.event === 'insert' ? NEW_ROWS : null);

const triggerKey = (relationOid: string, name: string): string => `${relationOid} ${name}`;

/** The plan's functions and triggers that the database lacks, has otherwise, or has left over. */
export interface CaptureComparison {
  readonly differences: readonly CaptureDifference[];
  readonly functions: readonly CaptureFunction[];
  readonly triggers: readonly CaptureTrigger[];
  readonly leftFunctions: readonly FunctionRow[];
  readonly leftTriggers: readonly TriggerRow[];
}

export const compareCapture = async (db: Queryable, plan: CapturePlan): Promise<CaptureComparison> => {
  const { rows: functionRows } = await db.query<FunctionRow>(FUNCTIONS, [], 'capture_functions');
  const { rows: triggerRows } = await db.query<TriggerRow>(TRIGGERS, [], 'capture_triggers');
  const foundFunctions = new Map(functionRows.map((row) => [row.name, row]));
  const foundTriggers = new Map(triggerRows.map((row) => [triggerKey(row.relation_oid, row.name), row]));
  const plannedFunctions = new Set(plan.functions.map(({ name }) => name));
  const plannedTriggers = new Set(plan.triggers.map((made) => triggerKey(made.relationOid, made.name)));

  const differences: CaptureDifference[] = [];
  const functions = plan.functions.filter((made) => {
    const found = foundFunctions.get(made.name);
    if (found !== undefined && sameFunction(made, found)) return false;
    differences.push({ kind: 'function', name: made.name, state: found ? 'changed' : 'missing' });
    return true;
  });
  const triggers = plan.triggers.filter((made) => {
    const found = foundTriggers.get(triggerKey(made.relationOid, made.name));
    if (found !== undefined && sameTrigger(made, found)) return false;
    const state = found ? 'changed' : 'missing';
    differences.push({ kind: 'trigger', name: made.name, relation: made.relation, state });
    return true;
  });
  const leftFunctions = functionRows.filter(({ name }) => !plannedFunctions.has(name));
  const leftTriggers = triggerRows.filter(
    (row) => !plannedTriggers.has(triggerKey(row.relation_oid, row.name)),
  );
  for (const { name } of leftFunctions) differences.push({ kind: 'function', name, state: 'left' });
  for (const { name, relation } of leftTriggers) {
    differences.push({ kind: 'trigger', name, relation, state: 'left' });
  }
  return { differences, functions, triggers, leftFunctions, leftTriggers };
};

/**
 * Compares the triggers in the database with those that the app needs: empty when
 * every write is captured. For `satchel doctor`.
 */
export const checkCapture = async (
  db: Queryable,
  app: App,
  tableIds: ReadonlyMap<string, number>,
): Promise<readonly CaptureDifference[]> => {
  const captured = await readCapturedTables(db, app, tableIds);
  const plan = await planCapture(db, app, captured);
  return (await compareCapture(db, plan)).differences;
};
