import type { ReactElement } from 'react';
import { useSyncStatus } from '../../hooks/use-sync-status.ts';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { RetryConnection } from '../sync-indicator/retry-connection.tsx';

/** While there is no network: that there is none, what still works, and a way to try. Calm: it is no error. */
export const OfflineBanner = (): ReactElement | null => {
  const status = useSyncStatus();
  const { t, root } = useTexts();
  if (!status || status.online) return null;
  return (
    <section className="satchel satchel-banner satchel-tone-neutral" aria-label={t('offlineTitle')} {...root}>
      <span className="satchel-sign" data-shape="neutral">
        <Icon name="offline" />
      </span>
      <div className="satchel-banner-text" role="status">
        <strong>{t('offlineTitle')}</strong>
        <p>{t('offlineBody')}</p>
        {status.pending > 0 ? <p className="satchel-count">{t('onlyHere', { n: status.pending })}</p> : null}
      </div>
      <RetryConnection />
    </section>
  );
};
