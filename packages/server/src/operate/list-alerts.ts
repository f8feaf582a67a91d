import type { OperatorAlert, OperatorAlertList } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import { placeOf } from './list-batches.ts';

export interface AlertFilter {
  /** Those that stand. */
  readonly standing?: boolean;
  readonly after?: string;
  readonly limit: number;
}

/** What operators were alerted to, the newest first. */
export const listAlerts = async (ctx: ServerContext, filter: AlertFilter): Promise<OperatorAlertList> => {
  const { at, id } = placeOf(filter.after);
  const { rows } = await ctx.db.query<AlertRow>(
    `select alert_id, kind, subject, raised_at, fell_at, facts, attempts, delivered_at
       from satchel.alerts
      where ($1::boolean is null or (fell_at is null) = $1)
        and ($2::bigint is null or (raised_at, alert_id) < ($2, $3::uuid))
      order by raised_at desc, alert_id desc limit $4`,
    [filter.standing ?? null, at, id, filter.limit + 1],
    'operate_list_alerts',
  );
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  return {
    alerts: page.map(toAlert),
    ...(rows.length > page.length && last ? { next: `${last.raised_at}.${last.alert_id}` } : {}),
  };
};

export interface AlertRow {
  readonly alert_id: string;
  readonly kind: OperatorAlert['kind'];
  readonly subject: string;
  readonly raised_at: number;
  readonly fell_at: number | null;
  readonly facts: OperatorAlert['facts'];
  readonly attempts: number;
  readonly delivered_at: number | null;
}

export const toAlert = (row: AlertRow): OperatorAlert => ({
  alertId: row.alert_id,
  kind: row.kind,
  subject: row.subject,
  raisedAt: row.raised_at,
  ...(row.fell_at === null ? {} : { fellAt: row.fell_at }),
  facts: row.facts,
  ...(row.delivered_at === null ? {} : { deliveredAt: row.delivered_at }),
  attempts: row.attempts,
});
