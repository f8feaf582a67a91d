import { type ReactElement, useEffect, useId, useRef, useState } from 'react';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import type { ConflictModel } from './use-conflict-resolver.ts';

/** Hands the decision to support, with a note; the record can be used meanwhile. */
export const Escalation = ({
  model: { busy, conflict, escalate, online },
}: {
  readonly model: ConflictModel;
}): ReactElement | null => {
  const { t } = useTexts();
  const [open, setOpen] = useState(false);
  const [note, setNote] = useState('');
  const input = useRef<HTMLTextAreaElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  const name = useId();
  useEffect(() => {
    if (open) input.current?.focus();
    else if (wasOpen.current) button.current?.focus();
    wasOpen.current = open;
  }, [open]);
  if (conflict.state === 'escalated') return null;
  if (!open)
    return (
      <Button ref={button} look="quiet" icon="support" disabled={!online} onClick={() => setOpen(true)}>
        {t('escalate')}
      </Button>
    );
  return (
    <form
      className="satchel-escalation"
      onSubmit={(event) => {
        event.preventDefault();
        if (online) escalate(note);
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        // The dialog around it stays open.
        event.preventDefault();
        event.stopPropagation();
        setOpen(false);
      }}
    >
      <label htmlFor={name}>{t('escalateNote')}</label>
      <textarea
        id={name}
        ref={input}
        rows={2}
        maxLength={4_096}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <div className="satchel-row">
        <Button look="main" icon="support" type="submit" busy={busy} disabled={!online}>
          {t('escalateSend')}
        </Button>
        <Button look="quiet" onClick={() => setOpen(false)}>
          {t('cancel')}
        </Button>
      </div>
    </form>
  );
};
