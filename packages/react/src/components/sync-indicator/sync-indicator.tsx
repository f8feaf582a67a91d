import { type ReactElement, type ReactNode, useId, useState } from 'react';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { ReportButton } from './report-button.tsx';
import { RetryConnection } from './retry-connection.tsx';
import { useSyncIndicator } from './use-sync-indicator.ts';

export interface SyncIndicatorProps {
  /** Opens the app's own place for conflicts; without it there is no button. */
  readonly onReview?: () => void;
  /** Lets the person sign in again; without it there is no button. What waits stays on the device meanwhile. */
  readonly onSignIn?: () => void;
  /** Days without a full success after which it changes its form. Default 3. */
  readonly overdueAfterDays?: number;
  /** Begins with its details open. */
  readonly open?: boolean;
  /** Takes a report instead of copying it. */
  readonly onReport?: (report: string) => void;
  /** More under the details, for example a link to settings. */
  readonly children?: ReactNode;
}

/**
 * Where sync stands, in one line that is always there: sign, words, colour and shape;
 * the two facts that matter behind it, and what can be done about it beside it.
 */
export const SyncIndicator = ({
  onReview,
  onReport,
  onSignIn,
  overdueAfterDays,
  open: opened = false,
  children,
}: SyncIndicatorProps): ReactElement | null => {
  const model = useSyncIndicator(overdueAfterDays);
  const { t, root } = useTexts();
  const [open, setOpen] = useState(opened);
  const details = useId();
  if (!model) return null;
  const { detail, facts, icon, overdue, phase, progress, sign, text, tone } = model;
  return (
    <section
      className={`satchel satchel-indicator satchel-tone-${tone}`}
      data-phase={phase}
      data-state={model.state}
      data-overdue={overdue !== null || undefined}
      {...root}
    >
      <div className="satchel-indicator-line">
        <span className="satchel-sign" data-shape={tone}>
          {sign === null ? (
            <Icon name={icon} turning={phase === 'syncing'} />
          ) : (
            <span className="satchel-glyph" aria-hidden="true">
              {sign}
            </span>
          )}
        </span>
        <p className="satchel-indicator-text" role="status">
          <strong>{text}</strong>
          {overdue ? <span className="satchel-overdue">{overdue}</span> : null}
          {detail ? <span className="satchel-detail">{detail}</span> : null}
        </p>
        <button
          type="button"
          className="satchel-icon-button satchel-more"
          aria-expanded={open}
          aria-controls={details}
          aria-label={t('syncDetails')}
          onClick={() => setOpen(!open)}
        >
          <Icon name="more" />
        </button>
      </div>
      {progress === null ? null : (
        <progress className="satchel-progress" value={progress} max={1} aria-label={text} />
      )}
      <div className="satchel-indicator-actions">
        {model.mayReview && onReview ? (
          <Button look="main" icon="conflict" onClick={onReview}>
            {t('reviewAction')}
          </Button>
        ) : null}
        {model.maySignIn && onSignIn ? (
          <Button look="main" icon="sign-in" onClick={onSignIn}>
            {t('signIn')}
          </Button>
        ) : null}
        {model.mayRetry ? <RetryConnection /> : null}
        {model.mayReport ? <ReportButton {...(onReport ? { onReport } : {})} /> : null}
      </div>
      <div id={details} className="satchel-indicator-facts" hidden={!open}>
        <ul>
          {facts.map((fact) => (
            <li key={fact}>{fact}</li>
          ))}
        </ul>
        {children}
      </div>
    </section>
  );
};
