import type { ReactElement } from 'react';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import type { Work } from '../parts/use-work.ts';

/** Asks before something goes for good. */
export const DiscardDialog = ({
  work,
  close,
}: {
  readonly work: Work;
  readonly close: () => void;
}): ReactElement => {
  const { t } = useTexts();
  return (
    <Dialog title={t('discardTitle')} close={close}>
      <p>{t('discardBody')}</p>
      {work.problem ? <ProblemNote problem={work.problem} /> : null}
      <div className="satchel-row satchel-dialog-actions">
        <Button look="quiet" onClick={close}>
          {t('keepIt')}
        </Button>
        <Button look="danger" icon="trash" busy={work.busy} onClick={() => work.start()}>
          {t('discard')}
        </Button>
      </div>
    </Dialog>
  );
};
