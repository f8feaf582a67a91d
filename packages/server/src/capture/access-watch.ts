import type { App } from '@satchel/schema';
import {
  type CaptureFunction,
  NEW_ROWS,
  OLD_ROWS,
  TRIGGER_EVENTS,
  type TriggerEvent,
} from './capture-plan.ts';
import { namedRelation, type Relation } from './relation.ts';

/**
 * How live sessions learn that rights may have changed.
 *
 * Every statement that touches a table which the SQL of `scopesOf` reads leaves one
 * entry a transaction in the reserved scope `~access`: table 0, the key is the
 * transaction's id, not present. It is found by the same delta as rows are, in the same
 * snapshot: a tailer that adds `~access` to its scopes and sees an entry there computes
 * the scopes of its sessions anew in that snapshot, sends what was revoked, then the
 * rows. A pull computes its scopes in its own snapshot in any case.
 *
 * An entry a transaction, not one for all, so that writers never wait for each other;
 * entries that are not present go with the tombstones, by the same horizon.
 */
export const ACCESS_SCOPE = '~access';

/** The number that stands for "some table that rights are read from". Identities begin at 1. */
export const ACCESS_TABLE_ID = 0;

const FUNCTION_NAME = 'access_changed';

const touched: Record<Exclude<TriggerEvent, 'truncate'>, string> = {
  insert: NEW_ROWS,
  update: NEW_ROWS,
  delete: OLD_ROWS,
};

const accessFunction = (event: TriggerEvent): CaptureFunction => ({
  name: `${FUNCTION_NAME}_${event}`,
  parameters: '',
  returns: 'trigger',
  language: 'plpgsql',
  volatility: 'volatile',
  body: `
begin
  ${event === 'truncate' ? '' : `if not exists (select from ${touched[event]}) then return null; end if;`}
  insert into satchel.entries (table_id, key, scope, xid, version, present, deleted)
  values (${ACCESS_TABLE_ID}, pg_current_xact_id()::text, '${ACCESS_SCOPE}', pg_current_xact_id(),
    nextval('satchel.version'), false, true)
  on conflict do nothing;
  return null;
end`,
});

export interface AccessWatch {
  readonly functions: readonly { readonly event: TriggerEvent; readonly made: CaptureFunction }[];
  readonly relations: readonly Relation[];
}

/** Nothing where scopes come from the token alone. */
export const accessWatch = (app: App): AccessWatch =>
  app.scopesOf.kind === 'claims'
    ? { functions: [], relations: [] }
    : {
        functions: TRIGGER_EVENTS.map((event) => ({ event, made: accessFunction(event) })),
        relations: app.scopesOf.reads.map((name) => namedRelation(app, name)),
      };
