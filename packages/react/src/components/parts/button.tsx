import type { ButtonHTMLAttributes, ReactElement, Ref } from 'react';
import { Icon, type IconName } from '../../icons.tsx';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: 'main' | 'plain' | 'quiet' | 'danger';
  readonly icon?: IconName | undefined;
  /** Its work is under way: it turns its icon and does nothing more. */
  readonly busy?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

/**
 * A button. One that can do nothing now stays where the keyboard finds it, so that
 * focus is never lost and the reason (`aria-describedby`) is read.
 */
export const Button = ({
  look = 'plain',
  icon,
  busy = false,
  disabled = false,
  className = '',
  children,
  onClick,
  type = 'button',
  ...rest
}: ButtonProps): ReactElement => (
  <button
    type={type}
    className={`satchel satchel-button satchel-button-${look} ${className}`.trim()}
    aria-busy={busy || undefined}
    aria-disabled={disabled || undefined}
    {...rest}
    onClick={(event) => {
      if (busy || disabled) event.preventDefault();
      else onClick?.(event);
    }}
  >
    {icon || busy ? <Icon name={busy ? 'refresh' : (icon ?? 'refresh')} turning={busy} /> : null}
    <span>{children}</span>
  </button>
);
