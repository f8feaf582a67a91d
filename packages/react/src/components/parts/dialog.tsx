import { type ReactElement, type ReactNode, useEffect, useId, useRef } from 'react';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';

/**
 * A dialog of the browser's own: focus goes to its title and stays inside, Escape
 * closes, and focus goes back to where it was, or to `home` if that is gone.
 */
export const Dialog = ({
  title,
  close,
  children,
  home,
  size = 'small',
}: {
  readonly title: string;
  readonly close: () => void;
  readonly children: ReactNode;
  /** Gets the focus when what opened the dialog is no longer there. */
  readonly home?: { readonly current: HTMLElement | null };
  readonly size?: 'small' | 'large';
}): ReactElement => {
  const { t, root } = useTexts();
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const name = useId();
  useEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    if (shown && !shown.open) shown.showModal();
    heading.current?.focus();
    return () => {
      shown?.close();
      if (before instanceof HTMLElement && before.isConnected && before !== document.body) before.focus();
      else home?.current?.focus();
    };
  }, [home]);
  return (
    <dialog
      ref={dialog}
      className={`satchel satchel-dialog satchel-dialog-${size}`}
      aria-labelledby={name}
      {...root}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      // A browser may close it without asking, for example by a second Escape.
      onClose={close}
    >
      <header className="satchel-dialog-head">
        <h2 id={name} ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <button type="button" className="satchel-icon-button" aria-label={t('close')} onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <div className="satchel-dialog-body">{children}</div>
    </dialog>
  );
};
