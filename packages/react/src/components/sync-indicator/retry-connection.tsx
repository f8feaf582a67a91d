import type { ReactElement } from 'react';
import { useSatchel } from '../../provider.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { useWork } from '../parts/use-work.ts';

/** Asks the server itself, whatever the device thinks of its network. */
export const RetryConnection = (): ReactElement => {
  const db = useSatchel();
  const { t } = useTexts();
  const { busy, start } = useWork(() => {
    db.sync.foreground();
    return db.sync.now();
  });
  return (
    <Button icon="refresh" busy={busy} onClick={start}>
      {busy ? t('connecting') : t('retryConnection')}
    </Button>
  );
};
