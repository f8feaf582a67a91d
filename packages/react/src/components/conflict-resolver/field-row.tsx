import { type ReactElement, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { Changed } from './changed.tsx';
import { type ConflictField, choiceOf, resultOf, same } from './resolution.ts';
import type { ConflictModel } from './use-conflict-resolver.ts';
import { ValueInput } from './value-input.tsx';
import { inputKind, valueText } from './value-text.ts';

/** One field: before, both sides with what differs marked, and what it becomes. */
export const FieldRow = ({
  field,
  model,
  byField,
}: {
  readonly field: ConflictField;
  readonly model: ConflictModel;
  /** False where a whole record is deleted on one side: only the other has values to show. */
  readonly byField: boolean;
}): ReactElement => {
  const words = useTexts();
  const { t } = words;
  const group = useId();
  const label = words.field(model.conflict.table, field.name);
  const choice = choiceOf(field, model.choices);
  const isTaken = (side: 'client' | 'server'): boolean =>
    byField && choice?.take === side && !same(field.client, field.server);
  const accept = (take: 'client' | 'server', name: string): ReactNode =>
    byField && field.clashes && !same(field.client, field.server) ? (
      <Accept
        group={group}
        name={name}
        chosen={choice?.take === take}
        choose={() => model.choose(field, { take })}
      >
        {t(choice?.take === take ? 'accepted' : 'accept')}
      </Accept>
    ) : null;
  return (
    <tr data-clash={field.clashes || undefined} data-decided={choice !== undefined || undefined}>
      <th scope="row">{label}</th>
      <td data-label={t('colBase')} data-side="base">
        <span className="satchel-value">{valueText(field.base, field.column, words)}</span>
      </td>
      {model.deletedBy === 'device' ? null : (
        <td data-label={model.deviceLabel} data-side="device" data-chosen={isTaken('client') || undefined}>
          <Changed field={field} value={field.client} />
          {accept(
            'client',
            model.isOwn
              ? t('acceptDevice', { field: label })
              : t('acceptThatDevice', { device: model.deviceLabel, field: label }),
          )}
        </td>
      )}
      {model.deletedBy === 'server' ? null : (
        <td data-label={t('colServer')} data-side="server" data-chosen={isTaken('server') || undefined}>
          <Changed field={field} value={field.server} />
          {accept('server', t('acceptServer', { field: label }))}
        </td>
      )}
      {byField ? (
        <td data-label={t('colResult')} data-side="result">
          <ResultCell field={field} label={label} model={model} group={group} />
        </td>
      ) : null}
    </tr>
  );
};

/** One of the choices of a field: a radio button of the browser's own, so that arrows go through them. */
const Accept = ({
  group,
  name,
  chosen,
  choose,
  children,
}: {
  readonly group: string;
  readonly name: string;
  readonly chosen: boolean;
  readonly choose: () => void;
  readonly children: ReactNode;
}): ReactElement => (
  <label className="satchel-accept" data-chosen={chosen || undefined}>
    <input type="radio" name={group} aria-label={name} checked={chosen} onChange={choose} />
    <span className="satchel-accept-sign" aria-hidden="true">
      {chosen ? <Icon name="check" /> : null}
    </span>
    <span aria-hidden="true">{children}</span>
  </label>
);

const ResultCell = ({
  field,
  label,
  model,
  group,
}: {
  readonly field: ConflictField;
  readonly label: string;
  readonly model: ConflictModel;
  readonly group: string;
}): ReactElement => {
  const words = useTexts();
  const { t } = words;
  const [editing, setEditing] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useEffect(() => {
    // Typing is over: focus goes back to the button that began it.
    if (wasEditing.current && !editing) button.current?.focus();
    wasEditing.current = editing;
  }, [editing]);
  const choice = choiceOf(field, model.choices);
  const result = resultOf(field, choice);
  const editable = inputKind(field.column, result ?? field.client) !== 'none';
  if (editing)
    return (
      <ValueInput
        label={t('editField', { field: label })}
        column={field.column}
        value={result ?? field.client}
        typed={(value) => model.choose(field, { take: 'value', value })}
        end={() => setEditing(false)}
      />
    );
  return (
    <>
      <span className="satchel-becomes">
        <span className="satchel-value" data-open={choice === undefined || undefined}>
          {choice === undefined ? t('notChosen') : valueText(result, field.column, words)}
        </span>
        {editable ? (
          <button
            ref={button}
            type="button"
            className="satchel-icon-button"
            aria-label={t('editField', { field: label })}
            onClick={() => setEditing(true)}
          >
            <Icon name="edit" />
          </button>
        ) : null}
      </span>
      {field.isList && field.clashes ? (
        <Accept
          group={group}
          name={t('acceptBothOf', { field: label })}
          chosen={choice?.take === 'both'}
          choose={() => model.choose(field, { take: 'both' })}
        >
          {t('acceptBoth')}
        </Accept>
      ) : null}
    </>
  );
};
