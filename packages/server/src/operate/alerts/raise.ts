import { newUuidV7 } from '@satchel/core';
import type { ServerContext } from '../../context.ts';
import { flushFigures } from '../figures-kept.ts';
import { type Found, lookAround } from './found.ts';

/** An alert that stands. */
interface Standing {
  readonly alert_id: string;
  readonly kind: Found['kind'];
  readonly subject: string;
}

/**
 * Raises an alert for what is newly found, and lets those fall that are found no more.
 * One that stands is not raised again; once fallen it may be.
 *
 * @param sends Whether there is a webhook to tell.
 */
export const watchAlerts = async (ctx: ServerContext, sends: boolean): Promise<void> => {
  await flushFigures(ctx);
  const { found, covers } = await lookAround(ctx);
  const { rows: standing } = await ctx.db.query<Standing>(
    'select alert_id, kind, subject from satchel.alerts where fell_at is null',
    [],
    'alerts_standing',
  );
  const { raised, fallen } = compareAlerts(standing, found, covers);
  const now = ctx.clock.now();
  if (fallen.length > 0) {
    await ctx.db.query(
      'update satchel.alerts set fell_at = $2 where alert_id = any($1::uuid[]) and fell_at is null',
      [fallen.map(({ alert_id }) => alert_id), now],
      'alerts_fall',
    );
    for (const { alert_id, kind } of fallen) ctx.log.info({ alertId: alert_id, kind }, 'alert fell');
  }
  if (raised.length === 0) return;
  const records = raised.map((alert) => ({ ...alert, id: newUuidV7(ctx.clock, ctx.random) }));
  const { rows: made } = await ctx.db.query<{ alert_id: string }>(
    `insert into satchel.alerts (alert_id, kind, subject, raised_at, facts, next_at)
     select r.id, r.kind, r.subject, $2, r.facts, $3
       from json_to_recordset($1::json) as r(id uuid, kind text, subject text, facts jsonb)
     on conflict (kind, subject) where fell_at is null do nothing
     returning alert_id`,
    [JSON.stringify(records), now, sends ? now : null],
    'alerts_raise',
  );
  const kept = new Set(made.map(({ alert_id }) => alert_id));
  for (const { id, kind, facts } of records)
    if (kept.has(id)) ctx.log.warn({ alertId: id, kind, ...facts }, 'alert raised');
};

const nameOf = ({ kind, subject }: Pick<Found, 'kind' | 'subject'>): string => `${kind} ${subject}`;

/** Pure: what is new, and what is over. */
export const compareAlerts = <Stands extends Pick<Found, 'kind' | 'subject'>>(
  standing: readonly Stands[],
  found: readonly Found[],
  covers: (kind: Found['kind'], subject: string) => boolean,
): { readonly raised: readonly Found[]; readonly fallen: readonly Stands[] } => {
  const stands = new Set(standing.map(nameOf));
  const lasts = new Set(found.map(nameOf));
  return {
    raised: found.filter((alert) => !stands.has(nameOf(alert))),
    fallen: standing.filter((alert) => covers(alert.kind, alert.subject) && !lasts.has(nameOf(alert))),
  };
};
