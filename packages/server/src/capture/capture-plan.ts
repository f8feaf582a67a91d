/** A plpgsql function in schema `satchel`. All run as their owner: a writer needs no right on Satchel's tables. */
export interface CaptureFunction {
  readonly name: string;
  /** As PostgreSQL gives them back: `touched text[], how text`; empty for none. */
  readonly parameters: string;
  readonly returns: 'trigger' | 'void' | 'bigint' | 'text';
  readonly language: 'plpgsql' | 'sql';
  readonly volatility: 'volatile' | 'immutable';
  /** The text between the dollar quotes. */
  readonly body: string;
}

export type TriggerEvent = 'insert' | 'update' | 'delete' | 'truncate';
export const TRIGGER_EVENTS: readonly TriggerEvent[] = ['insert', 'update', 'delete', 'truncate'];

/** A statement trigger of one relation; fires whatever `session_replication_role` says. */
export interface CaptureTrigger {
  readonly name: string;
  readonly relationOid: string;
  /** Quoted, with its schema. */
  readonly relation: string;
  readonly event: TriggerEvent;
  readonly function: string;
}

/** All that capture keeps in the database for an app. Functions come before those that call them. */
export interface CapturePlan {
  readonly functions: readonly CaptureFunction[];
  readonly triggers: readonly CaptureTrigger[];
}

/**
 * What each function is run with. A fixed search path, so that nobody's operator or
 * table stands in; row security that would hide rows is an error instead; plans that
 * walk indexes whatever the sizes were when they were made; no compiling of plans.
 */
export const FUNCTION_SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['search_path', 'pg_catalog, pg_temp'],
  ['row_security', 'off'],
  ['enable_seqscan', 'off'],
  ['jit', 'off'],
];

/** Names of the transition tables in every trigger. */
export const NEW_ROWS = 'new_rows';
export const OLD_ROWS = 'old_rows';

export const functionText = (made: CaptureFunction): string => {
  const settings = FUNCTION_SETTINGS.map(([name, value]) => `set ${name} = ${value}`).join(' ');
  const options =
    made.language === 'sql'
      ? `${made.volatility} strict parallel safe`
      : `${made.volatility} security definer ${settings}`;
  return `create or replace function satchel."${made.name}"(${made.parameters}) returns ${made.returns}
language ${made.language} ${options}
as $satchel$${made.body}$satchel$`;
};

export const triggerTexts = (trigger: CaptureTrigger): readonly string[] => {
  const tables = {
    insert: `referencing new table as ${NEW_ROWS}`,
    update: `referencing old table as ${OLD_ROWS} new table as ${NEW_ROWS}`,
    delete: `referencing old table as ${OLD_ROWS}`,
    truncate: '',
  }[trigger.event];
  return [
    `create or replace trigger "${trigger.name}" after ${trigger.event} on ${trigger.relation} ${tables}
for each statement execute function satchel."${trigger.function}"()`,
    `alter table ${trigger.relation} enable always trigger "${trigger.name}"`,
  ];
};
