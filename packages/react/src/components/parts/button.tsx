import type { ButtonHTMLAttributes, ReactElement, Ref } from 'react';
import { Icon, type IconName } from '../../icons.tsx';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: 'main' | 'plain' | 'quiet' | 'danger';
  readonly icon?: IconName | undefined;
  /** Its work is under way: it turns its icon and does nothing more. */
  readonly busy?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

export const Button = ({
  look = 'plain',
  icon,
  busy = false,
  className = '',
  children,
  onClick,
  ...rest
}: ButtonProps): ReactElement => (
  <button
    type="button"
    className={`satchel satchel-button satchel-button-${look} ${className}`}
    aria-busy={busy || undefined}
    {...rest}
    onClick={busy ? undefined : onClick}
  >
    {icon || busy ? <Icon name={busy ? 'refresh' : (icon ?? 'refresh')} turning={busy} /> : null}
    <span>{children}</span>
  </button>
);
