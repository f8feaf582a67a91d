import { invariant } from '@satchel/protocol';
import { canonicalText } from '../postgres/columns.ts';
import {
  type CaptureFunction,
  NEW_ROWS,
  OLD_ROWS,
  TRIGGER_EVENTS,
  type TriggerEvent,
} from './capture-plan.ts';
import { type CapturedTable, columnOf } from './captured-table.ts';
import { namedRelation, type Relation } from './relation.ts';
import type { MembershipLink } from './scope-graph.ts';

/** A membership rule's watch on the table whose rows name the rows of `captured`. */
export interface MembershipWatch {
  readonly members: Relation;
  readonly functions: readonly { readonly event: TriggerEvent; readonly made: CaptureFunction }[];
}

const TRANSITION = {
  insert: [NEW_ROWS],
  update: [NEW_ROWS, OLD_ROWS],
  delete: [OLD_ROWS],
} as const;

/** Rows that name others changed: those are settled, under an exclusive lock on their registry rows. */
const watchFunction = (
  captured: CapturedTable,
  { rule }: MembershipLink,
  at: number,
  event: TriggerEvent,
): CaptureFunction => {
  const members = namedRelation(captured.app, rule.table);
  const [keyColumn] = captured.table.primaryKey;
  invariant(keyColumn !== undefined, 'a table has a key');
  const key = columnOf(captured.table, keyColumn);
  const reference = members.column('m', rule.column);
  const named =
    event === 'truncate'
      ? `select o.key from satchel.entries o where o.table_id = ${captured.id} and o.present group by o.key`
      : TRANSITION[event]
          .map(
            (rows) =>
              `select distinct ${canonicalText(key, reference)} from ${rows} m where ${reference} is not null`,
          )
          .join(' union ');
  return {
    name: `members_${event}_${captured.id}_${at}`,
    parameters: '',
    returns: 'trigger',
    language: 'plpgsql',
    volatility: 'volatile',
    body: `
begin
  perform satchel.settle_${captured.id}(array(${named}), 'member');
  return null;
end`,
  };
};

export const membershipWatches = (captured: CapturedTable): readonly MembershipWatch[] =>
  captured.graph.memberships.map((link, at) => ({
    members: namedRelation(captured.app, link.rule.table),
    functions: TRIGGER_EVENTS.map((event) => ({ event, made: watchFunction(captured, link, at, event) })),
  }));
