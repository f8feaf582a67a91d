import { type ReactElement, useId, useState } from 'react';
import { useSyncStatus } from '../../hooks/use-sync-status.ts';
import { Icon } from '../../icons.tsx';
import { useSatchel } from '../../provider.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { giveFile } from '../parts/give-text.ts';
import { ProblemNote } from '../parts/problem-note.tsx';
import { useWork } from '../parts/use-work.ts';

/** `Clear local cache`: says what is unsent, offers to export it, and asks for a word while there is some. */
export const ClearCache = ({ open: opened = false }: { readonly open?: boolean }): ReactElement => {
  const { t } = useTexts();
  const [open, setOpen] = useState(opened);
  return (
    <>
      <Button look="danger" icon="trash" onClick={() => setOpen(true)}>
        {t('clearCache')}
      </Button>
      {open ? <ClearDialog close={() => setOpen(false)} /> : null}
    </>
  );
};

const ClearDialog = ({ close }: { readonly close: () => void }): ReactElement => {
  const db = useSatchel();
  const { t } = useTexts();
  const pending = useSyncStatus()?.pending ?? 0;
  const [typed, setTyped] = useState('');
  const name = useId();
  const clearing = useWork(() => db.clear());
  const exporting = useWork(async () => giveFile('unsent.json', await db.outbox.export()));
  const word = t('clearWord');
  const may = pending === 0 || typed.trim().toLocaleUpperCase() === word.toLocaleUpperCase();
  return (
    <Dialog title={t('clearTitle')} close={close}>
      <p>{t('clearBody')}</p>
      {pending > 0 ? (
        <>
          <p className="satchel-note satchel-note-warning">
            <Icon name="pending" />
            <span>{t('clearUnsent', { n: pending })}</span>
          </p>
          <Button icon="download" busy={exporting.busy} onClick={() => exporting.start()}>
            {t('clearExportFirst')}
          </Button>
          <label htmlFor={name}>{t('clearType', { word })}</label>
          <input
            id={name}
            autoComplete="off"
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
        </>
      ) : null}
      {clearing.problem ? <ProblemNote problem={clearing.problem} /> : null}
      <p role="status" className="satchel-said">
        {clearing.done ? t('cleared') : ''}
      </p>
      <div className="satchel-row satchel-dialog-actions">
        <Button look="quiet" onClick={close}>
          {t(clearing.done ? 'close' : 'cancel')}
        </Button>
        <Button
          look="danger"
          icon="trash"
          busy={clearing.busy}
          disabled={!may || clearing.done}
          onClick={() => clearing.start()}
        >
          {t(clearing.busy ? 'clearing' : 'clearDo')}
        </Button>
      </div>
    </Dialog>
  );
};
