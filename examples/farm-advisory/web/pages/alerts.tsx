import { RecordBadge, useNow, useTexts, useToasts } from '@satchel/react';
import { AppIcon, type AppIconName } from '@satchel-examples/web-front/browser';
import type { ReactElement } from 'react';
import { useMutation, useQuery } from '../hooks.ts';
import { type FarmText, useSay } from '../texts.ts';

interface Alert {
  readonly id: string;
  readonly farmer_id: string;
  readonly severity: string;
  readonly title: string;
  readonly message: string;
  readonly issued_at: number;
  readonly acknowledged_at: number | null;
  readonly acknowledged_by: string | null;
}

interface Look {
  readonly text: FarmText;
  readonly icon: AppIconName;
}
/** Word, shape and colour of each severity; what is not known is drawn as a warning. */
const SEVERITIES: Readonly<Record<string, Look>> = {
  info: { text: 'severityInfo', icon: 'info' },
  warning: { text: 'severityWarning', icon: 'warning' },
  critical: { text: 'severityCritical', icon: 'critical' },
};
const UNKNOWN: Look = { text: 'severityWarning', icon: 'warning' };

/** Unread alerts, the gravest first; below, those that somebody has seen to. */
export const Alerts = ({ userId }: { readonly userId: string }): ReactElement => {
  const say = useSay();
  const { rows, loading } = useQuery<Alert>({
    sql: `select id, farmer_id, severity, title, message, issued_at, acknowledged_at, acknowledged_by
            from alerts
           order by acknowledged_at is not null,
                    case severity when 'critical' then 0 when 'warning' then 1 else 2 end, issued_at desc`,
    identity: ['id'],
  });
  // That all is read is said only when it is known.
  if (loading) return <div className="stack" aria-busy="true" />;
  const unread = rows.filter(({ acknowledged_at }) => acknowledged_at === null);
  const read = rows.filter(({ acknowledged_at }) => acknowledged_at !== null);
  return (
    <div className="stack">
      <section className="stack" aria-label={say('unread')}>
        <h3>{say('unreadCount', { n: unread.length })}</h3>
        {unread.length === 0 ? <p className="quiet">{say('allRead')}</p> : null}
        {unread.map((alert) => (
          <AlertCard key={alert.id} alert={alert} userId={userId} />
        ))}
      </section>
      {read.length === 0 ? null : (
        <section className="stack" aria-label={say('acknowledged')}>
          <h3>{say('acknowledged')}</h3>
          {read.map((alert) => (
            <AlertCard key={alert.id} alert={alert} userId={userId} />
          ))}
        </section>
      )}
    </div>
  );
};

const AlertCard = ({
  alert: { acknowledged_at, acknowledged_by, farmer_id, id, issued_at, message, severity, title },
  userId,
}: {
  readonly alert: Alert;
  readonly userId: string;
}): ReactElement => {
  const say = useSay();
  const { ago, person } = useTexts();
  const now = useNow();
  const { write } = useMutation();
  const { saved } = useToasts();
  const { icon, text } = SEVERITIES[severity] ?? UNKNOWN;
  const acknowledge = async (): Promise<void> => {
    await write({
      sql: 'update alerts set acknowledged_at = ?, acknowledged_by = ? where id = ?',
      parameters: [Date.now(), userId, id],
    });
    saved(title);
  };
  return (
    <article
      className="card alert"
      data-severity={severity}
      data-read={acknowledged_at !== null || undefined}
    >
      <header>
        <span className="severity">
          <AppIcon name={icon} />
          <span>{say(text)}</span>
        </span>
        <small>{`${person(farmer_id)} · ${ago(issued_at, now)}`}</small>
      </header>
      <h4 dir="auto">{title}</h4>
      <p dir="auto">{message}</p>
      <footer>
        {acknowledged_at === null ? (
          <button
            type="button"
            className="main"
            aria-label={say('acknowledgeOf', { title, who: person(farmer_id) })}
            onClick={acknowledge}
          >
            {say('acknowledge')}
          </button>
        ) : (
          <small>
            {say('acknowledgedBy', {
              who: acknowledged_by === null ? '' : person(acknowledged_by),
              when: ago(acknowledged_at, now),
            })}
          </small>
        )}
        <RecordBadge table="alerts" recordKey={id} />
      </footer>
    </article>
  );
};
