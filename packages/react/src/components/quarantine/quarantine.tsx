import type { QuarantineEntry } from '@satchel/client';
import { type ReactElement, useId, useRef, useState } from 'react';
import { useNow } from '../../hooks/use-now.ts';
import { useQuarantine } from '../../hooks/use-outbox.ts';
import { useRefusedWrites } from '../../hooks/use-refused-writes.ts';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { ChangeText } from '../parts/change-text.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { useKeptFocus } from '../parts/use-kept-focus.ts';
import { useRecordNames } from '../parts/use-record-names.ts';
import { DiscardDialog } from './discard-dialog.tsx';
import { RefusedWrites } from './refused-writes.tsx';
import { type EditableField, type QuarantineModel, useQuarantineEntry } from './use-quarantine-entry.ts';

/** Changes that the server refused: why, and what a person can do about each. */
export const Quarantine = (): ReactElement => {
  const { entries } = useQuarantine();
  const saved = useRefusedWrites().entries;
  const { t, root } = useTexts();
  const heading = useRef<HTMLHeadingElement>(null);
  const focus = useKeptFocus(heading, entries.length + saved.length);
  const nameOf = useRecordNames(entries.flatMap(({ changes }) => changes));
  return (
    <section className="satchel satchel-quarantine" aria-label={t('quarantineTitle')} {...root} {...focus}>
      <h2 ref={heading} tabIndex={-1}>
        {t('quarantineTitle')}
      </h2>
      {entries.length + saved.length === 0 ? (
        <p className="satchel-empty">
          <Icon name="check" />
          <span>{t('quarantineEmpty')}</span>
        </p>
      ) : null}
      {entries.length > 0 ? (
        <>
          <p>{t('quarantineBody')}</p>
          <ul className="satchel-list">
            {entries.map((entry) => (
              <QuarantineItem key={entry.mutationId} entry={entry} nameOf={nameOf} />
            ))}
          </ul>
        </>
      ) : null}
      {saved.length > 0 ? <RefusedWrites /> : null}
    </section>
  );
};

const QuarantineItem = ({
  entry,
  nameOf,
}: {
  readonly entry: QuarantineEntry;
  readonly nameOf: ReturnType<typeof useRecordNames>;
}): ReactElement => {
  const model = useQuarantineEntry(entry);
  const { t, ago } = useTexts();
  const now = useNow();
  const [editing, setEditing] = useState(false);
  const [discarding, setDiscarding] = useState(false);
  return (
    <li className="satchel-entry satchel-entry-tall">
      <div className="satchel-entry-head">
        <div className="satchel-entry-text">
          {entry.changes.map((change) => (
            <ChangeText key={`${change.table} ${change.key}`} change={change} name={nameOf(change)} />
          ))}
        </div>
        <span className="satchel-detail">{ago(entry.at, now)}</span>
      </div>
      <ProblemNote problem={entry.problem} />
      {editing ? <EditForm model={model} end={() => setEditing(false)} /> : null}
      {model.send.problem ? <ProblemNote problem={model.send.problem} /> : null}
      {editing ? null : (
        <div className="satchel-row">
          {model.fields.length > 0 ? (
            <Button look="main" icon="edit" onClick={() => setEditing(true)}>
              {t('editAndRetry')}
            </Button>
          ) : (
            <Button look="main" icon="refresh" busy={model.send.busy} onClick={() => model.send.start()}>
              {t('sendAgain')}
            </Button>
          )}
          <Button icon="download" busy={model.export.busy} onClick={() => model.export.start()}>
            {t('exportAction')}
          </Button>
          <Button look="danger" icon="trash" onClick={() => setDiscarding(true)}>
            {t('discard')}
          </Button>
        </div>
      )}
      {discarding ? <DiscardDialog work={model.discard} close={() => setDiscarding(false)} /> : null}
    </li>
  );
};

const EditForm = ({
  model,
  end,
}: {
  readonly model: QuarantineModel;
  readonly end: () => void;
}): ReactElement => {
  const { t } = useTexts();
  return (
    <form
      className="satchel-edit-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (model.isGood) model.send.start();
      }}
    >
      {model.fields.map((field) => (
        <EditField
          key={`${field.change} ${field.name}`}
          field={field}
          edit={(text) => model.edit(field, text)}
        />
      ))}
      <div className="satchel-row">
        <Button look="main" type="submit" icon="up" busy={model.send.busy} disabled={!model.isGood}>
          {t('sendAgain')}
        </Button>
        <Button look="quiet" onClick={end}>
          {t('cancel')}
        </Button>
      </div>
    </form>
  );
};

const EditField = ({
  field,
  edit,
}: {
  readonly field: EditableField;
  readonly edit: (text: string) => void;
}): ReactElement => {
  const words = useTexts();
  const name = useId();
  return (
    <p className="satchel-field" data-named={field.isNamed || undefined}>
      <label htmlFor={name}>{words.field(field.table, field.name)}</label>
      <input
        id={name}
        value={field.text}
        aria-invalid={!field.isGood || field.isNamed || undefined}
        onChange={(event) => edit(event.currentTarget.value)}
      />
    </p>
  );
};
