import type { Column } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import { type ReactElement, useEffect, useId, useRef, useState } from 'react';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { inputKind, typedText, typedValue } from './value-text.ts';

/** Where a value is typed: Enter takes it, Escape leaves it as it was. */
export const ValueInput = ({
  label,
  column,
  value,
  typed,
  end,
}: {
  readonly label: string;
  readonly column: Column | undefined;
  readonly value: Json | undefined;
  readonly typed: (value: Json) => void;
  readonly end: () => void;
}): ReactElement => {
  const { t } = useTexts();
  const name = useId();
  const field = useRef<HTMLInputElement & HTMLSelectElement>(null);
  const kind = inputKind(column, value);
  const [text, setText] = useState(kind === 'boolean' ? String(value === true) : typedText(value));
  useEffect(() => {
    // It was asked for with its button: focus goes on into it.
    field.current?.focus();
  }, []);
  const read = kind === 'boolean' ? text === 'true' : typedValue(text, column);
  return (
    <form
      className="satchel-edit"
      onSubmit={(event) => {
        event.preventDefault();
        if (read === undefined) return;
        typed(read);
        end();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        // The dialog around it stays open.
        event.preventDefault();
        event.stopPropagation();
        end();
      }}
    >
      <label className="satchel-unseen" htmlFor={name}>
        {label}
      </label>
      {kind === 'boolean' ? (
        <select id={name} ref={field} value={text} onChange={(event) => setText(event.currentTarget.value)}>
          <option value="true">{t('yes')}</option>
          <option value="false">{t('no')}</option>
        </select>
      ) : (
        <input
          id={name}
          ref={field}
          type={kind === 'date' ? 'date' : 'text'}
          inputMode={kind === 'number' ? 'decimal' : 'text'}
          value={text}
          aria-invalid={read === undefined || undefined}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      )}
      <button
        type="submit"
        className="satchel-icon-button satchel-icon-button-main"
        aria-label={t('save')}
        aria-disabled={read === undefined || undefined}
      >
        <Icon name="check" />
      </button>
    </form>
  );
};
