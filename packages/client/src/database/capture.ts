import { quoteIdentifier } from '@satchel/core';
import type { LocalTrigger } from '@satchel/schema';
import { HOLD_COLUMN, imageOf, keyExpression, type LocalTable, VERSION_COLUMN } from './local-table.ts';

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
export const expectedTriggers = (local: LocalTable): ExpectedTrigger[] => [
  ...local.table.triggers.map((trigger) => appTrigger(local, trigger)),
  ...(['insert', 'update', 'delete'] as const).map((event) => captureTrigger(local, event)),
];

const captureTrigger = (local: LocalTable, event: 'insert' | 'update' | 'delete'): ExpectedTrigger => {
  const name = `satchel_${event}_${local.sqlName}`;
  // The engine gives `modifiedAt` its value after the write: the image has it already.
  const stamped = new Map(
    local.modifiedAt.map((column) => [column.name, '(select millis from satchel_txn)']),
  );
  const before = event === 'insert' ? 'null' : imageOf(local, 'old');
  const after = event === 'delete' ? 'null' : imageOf(local, 'new', stamped);
  const key = keyExpression(local, event === 'insert' ? 'new' : 'old');
  const hidden = event === 'insert' ? 'null,null' : `old.${VERSION_COLUMN},old.${HOLD_COLUMN}`;
  return {
    name,
    sql:
      `create trigger ${quoteIdentifier(name)} after ${event} on ${local.quoted} when ${WRITING} begin ` +
      `insert into satchel_changes(tbl,op,key,new,old,version,hold) ` +
      `select '${local.name}','${event}',coalesce(${key},''),${after},${before},${hidden}; end`,
  };
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
