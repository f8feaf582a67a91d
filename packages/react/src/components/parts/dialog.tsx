import { type ReactElement, type ReactNode, useEffect, useId, useRef } from 'react';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';

/**
 * A dialog of the browser's own: focus moves in and stays, Escape closes, and focus
 * goes back to where it was.
 */
export const Dialog = ({
  title,
  close,
  children,
  size = 'small',
}: {
  readonly title: string;
  readonly close: () => void;
  readonly children: ReactNode;
  readonly size?: 'small' | 'large';
}): ReactElement => {
  const { t, root } = useTexts();
  const ref = useRef<HTMLDialogElement>(null);
  const name = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={`satchel satchel-dialog satchel-dialog-${size}`}
      aria-labelledby={name}
      {...root}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <header className="satchel-dialog-head">
        <h2 id={name}>{title}</h2>
        <button type="button" className="satchel-icon-button" aria-label={t('close')} onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <div className="satchel-dialog-body">{children}</div>
    </dialog>
  );
};
