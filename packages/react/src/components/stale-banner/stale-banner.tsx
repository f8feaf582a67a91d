import type { ReactElement } from 'react';
import { useNow } from '../../hooks/use-now.ts';
import { Icon } from '../../icons.tsx';
import { useSatchel } from '../../provider.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { useWork } from '../parts/use-work.ts';
import { useStaleness } from './use-staleness.ts';

/** Says that figures of a table may be out of date, how old they are, and brings fresh ones. */
export const StaleBanner = ({ table }: { readonly table: string }): ReactElement | null => {
  const db = useSatchel();
  const { stale, since } = useStaleness(table);
  const { t, ago, root } = useTexts();
  const now = useNow();
  const { busy, start } = useWork(() => db.sync.now());
  if (!stale) return null;
  return (
    <section className="satchel satchel-banner satchel-tone-warning" aria-label={t('staleTitle')} {...root}>
      <span className="satchel-sign" data-shape="warning">
        <Icon name="history" />
      </span>
      <div className="satchel-banner-text" role="status">
        <strong>{t('staleTitle')}</strong>
        <p>{since === null ? t('staleNever') : t('staleBody', { ago: ago(since, now) })}</p>
      </div>
      <Button icon="refresh" busy={busy} onClick={start}>
        {t('refresh')}
      </Button>
    </section>
  );
};
