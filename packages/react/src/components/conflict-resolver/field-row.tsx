import type { Column } from '@satchel/core';
import type { Json } from '@satchel/protocol';
import { type ReactElement, useId, useState } from 'react';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { type ConflictField, choiceOf, resultOf, same } from './resolution.ts';
import type { ConflictModel } from './use-conflict-resolver.ts';
import { differing, inputKind, typedText, typedValue, valueText } from './value-text.ts';

/** One field: before, both sides with what differs marked, and what it becomes. */
export const FieldRow = ({
  field,
  model,
  byField,
}: {
  readonly field: ConflictField;
  readonly model: ConflictModel;
  readonly byField: boolean;
}): ReactElement => {
  const words = useTexts();
  const { t } = words;
  const { conflict } = model;
  const label = words.field(conflict.table, field.name);
  const choice = choiceOf(field, model.choices);
  const decided = choice !== undefined;
  const differs = !same(field.client, field.server);
  const gone = (side: 'device' | 'server'): boolean => model.deletedBy === side;
  return (
    <tr data-clash={field.clashes || undefined} data-decided={decided || undefined}>
      <th scope="row">
        {label}
        {byField && field.clashes && !decided ? (
          <span className="satchel-undecided">{t('changedMark')}</span>
        ) : null}
      </th>
      <td data-label={t('colBase')}>
        <span className="satchel-value">{valueText(field.base, field.column, words)}</span>
      </td>
      <td
        data-label={t('colDevice')}
        data-chosen={(byField && differs && choice?.take === 'client') || undefined}
      >
        {gone('device') ? <Gone /> : <Changed field={field} value={field.client} />}
        {byField && field.clashes ? (
          <AcceptButton
            label={t('acceptDevice', { field: label })}
            chosen={choice?.take === 'client'}
            choose={() => model.choose(field.name, { take: 'client' })}
          />
        ) : null}
      </td>
      <td
        data-label={t('colServer')}
        data-chosen={(byField && differs && choice?.take === 'server') || undefined}
      >
        {gone('server') ? <Gone /> : <Changed field={field} value={field.server} />}
        {byField && field.clashes ? (
          <AcceptButton
            label={t('acceptServer', { field: label })}
            chosen={choice?.take === 'server'}
            choose={() => model.choose(field.name, { take: 'server' })}
          />
        ) : null}
      </td>
      {byField ? (
        <td data-label={t('colResult')} className="satchel-becomes">
          <ResultCell field={field} label={label} model={model} />
        </td>
      ) : null}
    </tr>
  );
};

const Gone = (): ReactElement => (
  <span className="satchel-gone">
    <Icon name="trash" />
    <span>{useTexts().t('opDelete')}</span>
  </span>
);

const Changed = ({
  field,
  value,
}: {
  readonly field: ConflictField;
  readonly value: Json | undefined;
}): ReactElement => {
  const words = useTexts();
  const before = valueText(field.base, field.column, words);
  const { start, mark, end } = differing(before, valueText(value, field.column, words));
  return (
    <span className="satchel-value">
      {start}
      {mark === '' ? null : <mark>{mark}</mark>}
      {end}
    </span>
  );
};

const AcceptButton = ({
  label,
  chosen,
  choose,
}: {
  readonly label: string;
  readonly chosen: boolean;
  readonly choose: () => void;
}): ReactElement => {
  const { t } = useTexts();
  return (
    <button
      type="button"
      className="satchel-accept"
      aria-pressed={chosen}
      aria-label={label}
      onClick={choose}
    >
      {chosen ? <Icon name="check" /> : null}
      <span aria-hidden="true">{t(chosen ? 'accepted' : 'accept')}</span>
    </button>
  );
};

const ResultCell = ({
  field,
  label,
  model,
}: {
  readonly field: ConflictField;
  readonly label: string;
  readonly model: ConflictModel;
}): ReactElement => {
  const words = useTexts();
  const { t } = words;
  const [editing, setEditing] = useState(false);
  const choice = choiceOf(field, model.choices);
  const result = resultOf(field, choice);
  const editable = inputKind(field.column, result ?? field.client) !== 'none';
  if (editing)
    return (
      <ValueInput
        label={t('editField', { field: label })}
        column={field.column}
        value={result ?? field.client}
        typed={(value) => model.choose(field.name, { take: 'value', value })}
        end={() => setEditing(false)}
      />
    );
  return (
    <>
      <output className="satchel-value" data-open={choice === undefined || undefined}>
        {choice === undefined ? '…' : valueText(result, field.column, words)}
      </output>
      <span className="satchel-row">
        {field.isList && field.clashes ? (
          <button
            type="button"
            className="satchel-accept"
            aria-pressed={choice?.take === 'both'}
            aria-label={t('acceptBothOf', { field: label })}
            onClick={() => model.choose(field.name, { take: 'both' })}
          >
            {t('acceptBoth')}
          </button>
        ) : null}
        {editable ? (
          <button
            type="button"
            className="satchel-icon-button"
            aria-label={t('editField', { field: label })}
            onClick={() => setEditing(true)}
          >
            <Icon name="edit" />
          </button>
        ) : null}
      </span>
    </>
  );
};

const ValueInput = ({
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
  const kind = inputKind(column, value);
  const [text, setText] = useState(typedText(value));
  if (kind === 'boolean')
    return (
      <label className="satchel-edit" htmlFor={name}>
        <span className="satchel-unseen">{label}</span>
        <select
          id={name}
          value={String(value === true)}
          onChange={(event) => {
            typed(event.currentTarget.value === 'true');
            end();
          }}
        >
          <option value="true">{t('yes')}</option>
          <option value="false">{t('no')}</option>
        </select>
      </label>
    );
  const read = typedValue(text, column);
  return (
    <form
      className="satchel-edit"
      onSubmit={(event) => {
        event.preventDefault();
        if (read === undefined) return;
        typed(read);
        end();
      }}
    >
      <label className="satchel-unseen" htmlFor={name}>
        {label}
      </label>
      <input
        id={name}
        // The field was asked for with its button: focus goes on into it.
        ref={(input) => input?.focus()}
        type={kind === 'date' ? 'date' : 'text'}
        inputMode={kind === 'number' ? 'decimal' : 'text'}
        value={text}
        aria-invalid={read === undefined || undefined}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          end();
        }}
      />
      <button
        type="submit"
        className="satchel-icon-button"
        aria-label={t('save')}
        disabled={read === undefined}
      >
        <Icon name="check" />
      </button>
    </form>
  );
};
