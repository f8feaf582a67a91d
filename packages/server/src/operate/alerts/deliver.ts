import { nextDelay } from '@satchel/core';
import type { ServerContext } from '../../context.ts';
import { type AlertRow, toAlert } from '../list-alerts.ts';
import { callWebhook, type WebhookSettings } from './webhook.ts';

const ATTEMPTS = 8;
const RETRY = { firstDelay: 5_000, maxDelay: 600_000 };
/** How long an alert is left to the node that took it, milliseconds: longer than any answer may take. */
const TAKEN_FOR = 120_000;
const AT_ONCE = 20;

/**
 * Tells the webhook of alerts that are due. It is told at least once: an answer that is
 * lost brings the alert again, with the same id.
 */
export const deliverAlerts = async (ctx: ServerContext, webhook: WebhookSettings): Promise<void> => {
  const attempts = webhook.attempts ?? ATTEMPTS;
  const { rows } = await ctx.db.query<AlertRow>(
    `update satchel.alerts set attempts = attempts + 1, next_at = $1::bigint + ${TAKEN_FOR}
      where alert_id in (select alert_id from satchel.alerts where next_at <= $1
                          order by next_at limit ${AT_ONCE} for update skip locked)
     returning alert_id, kind, subject, raised_at, fell_at, facts, attempts, delivered_at`,
    [ctx.clock.now()],
    'alerts_take',
  );
  for (const row of rows.sort((a, b) => a.raised_at - b.raised_at)) {
    const failure = await callWebhook(webhook, ctx, row.alert_id, bodyOf(ctx, row));
    if (failure === undefined) {
      await note(ctx, row.alert_id, null, ctx.clock.now());
      continue;
    }
    const isLast = row.attempts >= attempts;
    const facts = { alertId: row.alert_id, attempt: row.attempts, failure };
    if (isLast) ctx.log.error(facts, 'alert not delivered');
    else ctx.log.warn(facts, 'alert is sent again');
    const delay = nextDelay(row.attempts, { ...RETRY, attempts }, ctx.random);
    await note(ctx, row.alert_id, isLast ? null : ctx.clock.now() + delay, null);
  }
};

const note = async (
  ctx: ServerContext,
  alertId: string,
  nextAt: number | null,
  deliveredAt: number | null,
): Promise<void> => {
  await ctx.db.query(
    'update satchel.alerts set next_at = $2, delivered_at = $3 where alert_id = $1',
    [alertId, nextAt, deliveredAt],
    'alerts_told',
  );
};

/** Not the subject: it may hold a key. Who may see it finds it in `GET /v1/alerts` by the id. */
const bodyOf = (ctx: ServerContext, row: AlertRow): string => {
  const { alertId, kind, raisedAt, facts } = toAlert(row);
  return JSON.stringify({ alertId, app: ctx.app.name, kind, raisedAt, facts });
};
