import { type ReactElement, useEffect } from 'react';
import { Icon, type IconName } from '../../icons.tsx';
import type { Tone } from '../../presets.ts';
import { useTexts } from '../../texts/use-texts.ts';
import type { Toast } from './toast-list.ts';
import { useSyncToasts, useToasts } from './use-toasts.ts';

/** Milliseconds that a message stays which need not be answered. */
const STAYS = 6_000;

const ICON: Readonly<Record<Tone, IconName>> = {
  good: 'check',
  busy: 'syncing',
  neutral: 'info',
  warning: 'conflict',
  bad: 'error',
};

/** Where the messages are shown; put it once at the end of the app. */
export const Toaster = (): ReactElement => {
  useSyncToasts();
  const { shown, dismiss } = useToasts();
  const { t, root } = useTexts();
  return (
    <section className="satchel satchel-toaster" aria-label={t('toastRegion')} {...root}>
      <div role="status">
        <ol>
          {shown.map((toast) => (
            <ToastItem key={toast.id} toast={toast} dismiss={dismiss} />
          ))}
        </ol>
      </div>
    </section>
  );
};

const ToastItem = ({
  toast: { id, stays, text, tone },
  dismiss,
}: {
  readonly toast: Toast;
  readonly dismiss: (id: number) => void;
}): ReactElement => {
  const { t } = useTexts();
  useEffect(() => {
    if (stays) return undefined;
    const timer = setTimeout(() => dismiss(id), STAYS);
    return () => clearTimeout(timer);
  }, [id, stays, dismiss]);
  return (
    <li className={`satchel-toast satchel-tone-${tone}`}>
      <span className="satchel-sign" data-shape={tone}>
        <Icon name={ICON[tone]} />
      </span>
      <span>{text}</span>
      <button
        type="button"
        className="satchel-icon-button"
        aria-label={t('dismiss')}
        onClick={() => dismiss(id)}
      >
        <Icon name="close" />
      </button>
    </li>
  );
};
