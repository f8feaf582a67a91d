import type { Conflict } from '@satchel/protocol';
import { type ReactElement, type ReactNode, useEffect, useId, useRef } from 'react';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { Decided } from './decided.tsx';
import { Escalation } from './escalation.tsx';
import { FieldRow } from './field-row.tsx';
import { type ConflictField, grouped } from './resolution.ts';
import { Sides } from './sides.tsx';
import { type ConflictModel, useConflictResolver } from './use-conflict-resolver.ts';
import { valueText } from './value-text.ts';

export interface ConflictResolverProps {
  readonly conflict: Conflict;
  /** Hears of a decision, an escalation or an undo. */
  readonly onDecided?: (conflict: Conflict) => void;
  /** Leaves the title to a dialog around it. */
  readonly untitled?: boolean;
}

/**
 * Puts one conflict before a person: what it was before, what this device and what the
 * server made of it, and what it becomes; field by field, or whole.
 */
export const ConflictResolver = ({
  conflict,
  onDecided,
  untitled = false,
}: ConflictResolverProps): ReactElement => {
  const model = useConflictResolver(conflict, onDecided);
  const { t, root } = useTexts();
  const name = useId();
  const section = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const { state } = model.conflict;
  const was = useRef(state);
  useEffect(() => {
    if (was.current === state) return;
    was.current = state;
    // What had the focus may be gone with the decision: the title says what this is now.
    const { activeElement } = document;
    if (activeElement === document.body || section.current?.contains(activeElement)) heading.current?.focus();
  }, [state]);
  return (
    <section
      ref={section}
      className="satchel satchel-resolver"
      aria-labelledby={name}
      aria-busy={model.busy || undefined}
      {...root}
    >
      <header className="satchel-resolver-head">
        <h3 id={name} ref={heading} tabIndex={-1} className={untitled ? 'satchel-unseen' : ''}>
          {model.title}
        </h3>
        <p>{model.body}</p>
        {model.conflict.reason ? (
          <p className="satchel-reason">{t('madeRule', { reason: model.conflict.reason })}</p>
        ) : null}
      </header>
      <p role="status" className="satchel-unseen">
        {model.said}
      </p>
      {state === 'settled' ? <Decided model={model} /> : <Undecided model={model} />}
    </section>
  );
};

const Undecided = ({ model }: { readonly model: ConflictModel }): ReactElement => {
  const { t } = useTexts();
  const { merge, online, problem, words } = model;
  const byField = model.deletedBy === null;
  const why = useId();
  return (
    <>
      <Sides model={model} />
      <Fields model={model} byField={byField} />
      {problem ? <ProblemNote problem={problem} /> : null}
      {online ? null : (
        <p className="satchel-note satchel-note-neutral">
          <Icon name="offline" />
          <span>{t('decisionNeedsNetwork')}</span>
        </p>
      )}
      {model.conflict.state === 'escalated' ? (
        <p className="satchel-note satchel-note-neutral">
          <Icon name="support" />
          <span>
            {t('escalated')}
            {model.conflict.note === undefined ? null : (
              <>
                <br />
                <strong>{t('escalateNote')}:</strong> {model.conflict.note}
              </>
            )}
          </span>
        </p>
      ) : null}
      {byField ? (
        <div className="satchel-resolver-save">
          <p>{t('leftToDecide', { n: model.left, m: model.toDecide })}</p>
          <Button
            look="main"
            icon="check"
            busy={model.busy}
            disabled={model.left > 0 || !online}
            onClick={model.saveChoices}
          >
            {model.busy ? t('saving') : t('saveResult')}
          </Button>
        </div>
      ) : null}
      <div className="satchel-resolver-whole">
        <Button icon="device" disabled={!online} onClick={model.keepLocal}>
          {t(words.keepLocal)}
        </Button>
        <Button icon="server" disabled={!online} onClick={model.useServer}>
          {t(words.useServer)}
        </Button>
        {byField ? (
          <Button
            icon="conflict"
            disabled={!merge.may || !online}
            aria-describedby={why}
            onClick={model.mergeBoth}
          >
            {t(words.merge)}
          </Button>
        ) : null}
        <Escalation model={model} />
      </div>
      {byField ? (
        <p className="satchel-hint" id={why}>
          {merge.why}
        </p>
      ) : null}
    </>
  );
};

/** The fields in three groups: to choose, merged by themselves, and, folded away, those that are alike. */
const Fields = ({
  model,
  byField,
}: {
  readonly model: ConflictModel;
  readonly byField: boolean;
}): ReactElement => {
  const words = useTexts();
  const { t } = words;
  const { clashing, merging, unchanged } = grouped(model.fields);
  const columns = [
    t('colField'),
    t('colBase'),
    ...(model.deletedBy === 'device' ? [] : [model.deviceLabel]),
    ...(model.deletedBy === 'server' ? [] : [t('colServer')]),
    ...(byField ? [t('colResult')] : []),
  ];
  const rows = (fields: readonly ConflictField[], title: string, sign: ReactNode): ReactNode =>
    fields.length === 0 ? null : (
      <tbody>
        {byField ? (
          <tr className="satchel-group">
            <th colSpan={columns.length} scope="rowgroup">
              {sign} {title}
            </th>
          </tr>
        ) : null}
        {fields.map((field) => (
          <FieldRow key={field.name} field={field} model={model} byField={byField} />
        ))}
      </tbody>
    );
  return (
    <>
      <table className="satchel-fields" data-columns={columns.length}>
        <caption className="satchel-unseen">{model.body}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        {byField ? (
          <>
            {rows(clashing, t('groupClash'), <Icon name="conflict" />)}
            {rows(merging, t('groupMerged'), <Icon name="check" />)}
          </>
        ) : (
          rows([...clashing, ...merging, ...unchanged], '', null)
        )}
      </table>
      {byField && unchanged.length > 0 ? (
        <details className="satchel-same">
          <summary>{t('groupSame', { n: unchanged.length })}</summary>
          <dl className="satchel-facts">
            {unchanged.map((field) => (
              <div key={field.name}>
                <dt>{words.field(model.conflict.table, field.name)}</dt>
                <dd>{valueText(field.server, field.column, words)}</dd>
              </div>
            ))}
          </dl>
        </details>
      ) : null}
    </>
  );
};
