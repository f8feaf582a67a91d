import { quoteIdentifier } from '@satchel/core';
import type { App, LocalTrigger } from '@satchel/schema';
import { affinityOf, imageExpression } from './columns.ts';
import { HOLD_COLUMN, imageOf, keyExpression, type LocalTable, VERSION_COLUMN } from './local-table.ts';
import { surelyCanonical } from './suspect.ts';

export interface ExpectedTrigger {
  readonly name: string;
  readonly sql: string;
}

const WRITING = "(select mode from satchel_txn)='write'";

/**
 * The triggers of one table, in the order in which they must be made: SQLite fires the
 * newest first, and capture must see a statement's own row before an app's trigger
 * changes it again.
 *
 * Capture statements carry no OR clause, name no unique value and use built-ins only,
 * so that they cannot fail and an outer `OR REPLACE` or `OR IGNORE` finds nothing in
 * them to replace or to ignore (rule 58).
 */
export const expectedTriggers = (app: App, local: LocalTable): ExpectedTrigger[] => [
  ...local.table.triggers.map((trigger) => appTrigger(local, trigger)),
  ...(['insert', 'update', 'delete'] as const).map((event) => captureTrigger(app, local, event)),
];

/**
 * An inserted row is not copied: as long as nothing else is pending on it, the row
 * itself is the image (see `PendingChange`). Copying it cost a third of a bulk write.
 * Of an updated row the image before is kept whole, which is its base as well (see
 * `Base`), and after it what differs: with two images and a base of its own an update
 * wrote the row three times over.
 */
const captureTrigger = (
  app: App,
  local: LocalTable,
  event: 'insert' | 'update' | 'delete',
): ExpectedTrigger => {
  const name = `satchel_${event}_${local.sqlName}`;
  // The engine gives `modifiedAt` its value after the write: the image has it already.
  const stamped = new Map(
    local.modifiedAt.map((column) => [column.name, '(select millis from satchel_txn)']),
  );
  const before = event === 'insert' ? 'null' : imageOf(local, 'old');
  const after = event === 'update' ? differences(local, stamped) : 'null';
  const key = keyExpression(local, event === 'insert' ? 'new' : 'old');
  const hidden = event === 'insert' ? 'null,null' : `old.${VERSION_COLUMN},old.${HOLD_COLUMN}`;
  const bytes = event === 'insert' ? bytesOf(local) : 'null';
  return {
    name,
    sql:
      `create trigger ${quoteIdentifier(name)} after ${event} on ${local.quoted} when ${WRITING} begin ` +
      'insert into satchel_changes(tbl,op,key,new,old,version,hold,bytes,suspect) ' +
      `select '${local.name}','${event}',coalesce(${key},''),${after},${before},${hidden},${bytes},${suspect(app, local, event)}; end`,
  };
};

/** The columns that the statement changed as a JSON object; those in `stamped` always. */
const differences = (local: LocalTable, stamped: ReadonlyMap<string, string>): string => {
  const pairs = local.columns.map(({ column, name, quoted }) => {
    const given = stamped.get(name);
    const pair = `',"${name}":'||json_quote(${given ?? imageExpression(column, `new.${quoted}`)})`;
    return given === undefined ? `iif(new.${quoted} is old.${quoted},'',${pair})` : pair;
  });
  return `'{'||substr(${pairs.join('||')},2)||'}'`;
};

/** The most digits of a number. */
const NUMBER_BYTES = 24;

/** About the bytes of the new row on the wire. */
const bytesOf = (local: LocalTable): string => {
  const fixed = local.columns.reduce(
    (sum, { column, name }) => sum + name.length + 6 + (affinityOf(column) === 'TEXT' ? 0 : NUMBER_BYTES),
    0,
  );
  const texts = local.columns.filter(({ column }) => affinityOf(column) === 'TEXT');
  return [fixed, ...texts.map(({ quoted }) => `coalesce(octet_length(new.${quoted}),4)`)].join('+');
};

/** 1 unless SQL alone can tell that the change is good and changes something. What is neither true nor false (a null where none may be) is suspect. */
const suspect = (app: App, local: LocalTable, event: 'insert' | 'update' | 'delete'): string => {
  if (event === 'delete') return '0';
  const canonical = local.columns.map(({ column, quoted }) => {
    const sure = surelyCanonical(column, `new.${quoted}`, app.limits.maxTextBytes);
    return event === 'update' ? `(new.${quoted} is old.${quoted} or ${sure})` : sure;
  });
  if (event === 'insert') return `(${canonical.join(' and ')}) is not true`;
  const sameKey = local.keyColumns.map(({ quoted }) => `new.${quoted} is old.${quoted}`);
  const idle = local.valueColumns.map(({ quoted }) => `new.${quoted} is old.${quoted}`);
  return `(${[...canonical, ...sameKey].join(' and ')}) is not true or (${[...idle, '1'].join(' and ')})`;
};

/** A trigger of the app, silent while server rows are applied (rule 59). */
const appTrigger = (local: LocalTable, trigger: LocalTrigger): ExpectedTrigger => {
  const when = trigger.when === undefined ? WRITING : `${WRITING} and (${trigger.when})`;
  const body = trigger.body.trim().replace(/;$/, '');
  const name = `satchel_app_${trigger.name}`;
  return {
    name,
    sql: `create trigger ${quoteIdentifier(name)} ${trigger.timing} ${trigger.event} on ${local.quoted} when ${when} begin ${body}; end`,
  };
};
