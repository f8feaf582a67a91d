import { invariant } from '@satchel/protocol';
import { auditStatement } from './audit-statement.ts';
import {
  type CaptureFunction,
  NEW_ROWS,
  OLD_ROWS,
  TRIGGER_EVENTS,
  type TriggerEvent,
} from './capture-plan.ts';
import { type CapturedTable, parentKey, rowKey } from './captured-table.ts';
import { entriesOfKey } from './entries-of-key.ts';
import { firstEntries, freshenEntries } from './fresh-entries.ts';
import { standsAlone } from './scope-graph.ts';
import { writersStatement } from './writers-statement.ts';

type RowEvent = Exclude<TriggerEvent, 'truncate'>;

/** The transition tables that hold keys touched by the event. */
const sources = (event: RowEvent): readonly string[] => {
  switch (event) {
    case 'insert':
      return [NEW_ROWS];
    case 'update':
      return [NEW_ROWS, OLD_ROWS];
    case 'delete':
      return [OLD_ROWS];
  }
};

const unionOf = (event: RowEvent, select: (rows: string) => string): string =>
  sources(event).map(select).join(' union ');

/** Rows stand alone: their entries come straight from the transition table's keys. */
const aloneSteps = (captured: CapturedTable, event: RowEvent): string => {
  const { table, relation } = captured;
  const natives = table.primaryKey.map((name, at) => `${relation.column('n', name)} as k${at}`);
  const keys = unionOf(
    event,
    (rows) => `select ${rowKey(captured, 'n')} as key, ${natives.join(', ')} from ${rows} n`,
  );
  const match = table.primaryKey.map((name, at) => `${relation.column('t', name)} = k.k${at}`).join(' and ');
  const freshen = freshenEntries(captured, keys, match);
  return `stamp := nextval('satchel.version');
  transaction := pg_current_xact_id();
  ${event === 'insert' ? unlessKnown(captured, firstEntries(captured, keys, match), freshen) : freshen}`;
};

/**
 * New rows mostly have keys that were never there. Their row locks keep everybody else
 * from giving them entries, except above READ COMMITTED, where the snapshot is too old
 * to tell. Keys that rise with time need one look, between the least and the greatest.
 */
const unlessKnown = (captured: CapturedTable, first: string, freshen: string): string => {
  const key = rowKey(captured, 'n');
  return `if current_setting('transaction_isolation') in ('read committed', 'read uncommitted') and not (
    exists (
      select from (select min(${key}) as low, max(${key}) as high from ${NEW_ROWS} n) b
      cross join lateral (
        select from satchel.entries o where o.table_id = ${captured.id} and o.key >= b.low and o.key <= b.high
        order by o.key limit 1
      ) o
    ) and exists (
      select from ${NEW_ROWS} n cross join lateral (${entriesOfKey(captured.id, '', key, 'true')} limit 1) o
    )
  ) then
    ${first}
  else
    ${freshen}
  end if;`;
};

/** Rows whose scopes depend on others', or others' on theirs: locks first, then `settle`. */
const settledSteps = (captured: CapturedTable, event: RowEvent): string => {
  const { id, graph, idOf } = captured;
  const keys = unionOf(event, (rows) => `select ${rowKey(captured, 'n')} from ${rows} n`);
  const locks = graph.parents.map((link) => {
    const parents = unionOf(event, (rows) => `select ${parentKey(captured, link, 'n')} from ${rows} n`);
    return `perform satchel.lock_registry(${idOf(link.parent.name)}, array(${parents}), false);`;
  });
  if (graph.memberships.length > 0) locks.push(`perform satchel.lock_registry(${id}, touched, false);`);
  return `touched := array(${keys});
  ${[...locks, `stamp := satchel.settle_${id}(touched, 'locked');`].join('\n  ')}
  transaction := pg_current_xact_id();`;
};

const rowTrigger = (captured: CapturedTable, event: RowEvent): CaptureFunction => {
  const alone = standsAlone(captured.graph);
  const [first] = sources(event);
  invariant(first !== undefined, 'an event has a transition table');
  return {
    name: `capture_${event}_${captured.id}`,
    parameters: '',
    returns: 'trigger',
    language: 'plpgsql',
    volatility: 'volatile',
    body: `
declare
  client uuid := nullif(current_setting('satchel.writer', true), '')::uuid;
  at_ms bigint := satchel.now_ms();
  stamp bigint;
  transaction xid8;
  touched text[];
begin
  if not exists (select from ${first}) then return null; end if;
  ${alone ? aloneSteps(captured, event) : settledSteps(captured, event)}
  ${auditStatement(captured, event)}
  ${writersStatement(captured, event)}
  return null;
end`,
  };
};

/** All that the table's entries call present and is not there any more is gone. */
const truncateTrigger = (captured: CapturedTable): CaptureFunction => {
  const present = `select o.key from satchel.entries o where o.table_id = ${captured.id} and o.present`;
  return {
    name: `capture_truncate_${captured.id}`,
    parameters: '',
    returns: 'trigger',
    language: 'plpgsql',
    volatility: 'volatile',
    body: `
begin
  perform satchel.settle_${captured.id}(array(${present} group by o.key), 'follow');
  return null;
end`,
  };
};

export const triggerFunctions = (captured: CapturedTable): readonly CaptureFunction[] =>
  TRIGGER_EVENTS.map((event) =>
    event === 'truncate' ? truncateTrigger(captured) : rowTrigger(captured, event),
  );
