import type { Conflict } from '@satchel/protocol';
import { type ReactElement, useEffect, useId, useRef, useState } from 'react';
import { useNow } from '../../hooks/use-now.ts';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { Decided } from './decided.tsx';
import { FieldRow } from './field-row.tsx';
import { type ConflictModel, useConflictResolver } from './use-conflict-resolver.ts';

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
  const title = useId();
  const { body, deletedBy, fields, left, merge, online, problem, words } = model;
  const byField = deletedBy === null;
  return (
    <section className="satchel satchel-resolver" aria-labelledby={title} {...root}>
      <header className="satchel-resolver-head">
        <h3 id={title} className={untitled ? 'satchel-unseen' : ''}>
          {model.title}
        </h3>
        <p>{body}</p>
        {model.conflict.reason ? (
          <p className="satchel-reason">{t('madeRule', { reason: model.conflict.reason })}</p>
        ) : null}
      </header>
      {model.conflict.state === 'settled' ? (
        <Decided model={model} />
      ) : (
        <>
          <Sides model={model} />
          <table className="satchel-fields" data-deleted={deletedBy ?? undefined}>
            <caption className="satchel-unseen">{body}</caption>
            <thead>
              <tr>
                <th scope="col">{t('colField')}</th>
                <th scope="col">{t('colBase')}</th>
                <th scope="col">{t('colDevice')}</th>
                <th scope="col">{t('colServer')}</th>
                {byField ? <th scope="col">{t('colResult')}</th> : null}
              </tr>
            </thead>
            <tbody>
              {fields.map((field) => (
                <FieldRow key={field.name} field={field} model={model} byField={byField} />
              ))}
            </tbody>
          </table>
          {problem ? <ProblemNote problem={problem} /> : null}
          {online ? null : (
            <p className="satchel-note satchel-note-neutral">
              <Icon name="offline" />
              <span>{t('decisionNeedsNetwork')}</span>
            </p>
          )}
          {model.conflict.state === 'escalated' ? (
            <p className="satchel-note satchel-note-neutral" role="status">
              <Icon name="support" />
              <span>{t('escalated')}</span>
            </p>
          ) : null}
          {byField ? (
            <div className="satchel-resolver-save">
              <p role="status">{t('leftToDecide', { n: left, m: fields.length })}</p>
              <Button
                look="main"
                icon="check"
                busy={model.busy}
                disabled={left > 0 || !online}
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
            {byField ? <MergeButton model={model} /> : null}
            <Escalation model={model} />
          </div>
          {byField ? (
            <p className="satchel-hint" id={`${title}-merge`}>
              {merge.why}
            </p>
          ) : null}
        </>
      )}
    </section>
  );
};

const MergeButton = ({
  model: { merge, mergeBoth, online, words },
}: {
  readonly model: ConflictModel;
}): ReactElement => {
  const { t } = useTexts();
  return (
    <Button icon="conflict" disabled={!merge.may || !online} title={merge.why} onClick={mergeBoth}>
      {t(words.merge)}
    </Button>
  );
};

/** Who, when, and on which device, for each side. */
const Sides = ({ model: { conflict } }: { readonly model: ConflictModel }): ReactElement => {
  const { t, ago, person, time } = useTexts();
  const now = useNow();
  const when = (at: number | undefined): string | null =>
    at === undefined ? null : `${time(at)} (${ago(at, now)})`;
  const sides = [
    {
      icon: 'device',
      name: t('colDevice'),
      who: t('madeBy', { who: person(conflict.author) }),
      device: conflict.deviceName,
      at: when(conflict.clientAt ?? conflict.createdAt),
    },
    {
      icon: 'server',
      name: t('colServer'),
      who: conflict.serverBy === undefined ? null : t('madeBy', { who: person(conflict.serverBy) }),
      device: conflict.serverDevice,
      at: when(conflict.serverAt),
    },
  ] as const;
  return (
    <div className="satchel-sides">
      {sides.map(({ at, device, icon, name, who }) => (
        <div key={icon} className="satchel-side" data-side={icon}>
          <Icon name={icon} />
          <div>
            <strong>{name}</strong>
            <p>{[who, device === undefined ? null : t('madeOn', { device })].filter(Boolean).join(' ')}</p>
            <p>{at}</p>
          </div>
        </div>
      ))}
    </div>
  );
};

const Escalation = ({
  model: { conflict, escalate, online },
}: {
  readonly model: ConflictModel;
}): ReactElement | null => {
  const { t } = useTexts();
  const [open, setOpen] = useState(false);
  const [note, setNote] = useState('');
  const input = useRef<HTMLTextAreaElement>(null);
  const name = useId();
  useEffect(() => {
    if (open) input.current?.focus();
  }, [open]);
  if (conflict.state === 'escalated') return null;
  if (!open)
    return (
      <Button look="quiet" icon="support" disabled={!online} onClick={() => setOpen(true)}>
        {t('escalate')}
      </Button>
    );
  return (
    <div className="satchel-escalation">
      <label htmlFor={name}>{t('escalateNote')}</label>
      <textarea
        id={name}
        ref={input}
        rows={2}
        maxLength={4_096}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <div className="satchel-row">
        <Button look="main" icon="support" onClick={() => escalate(note)}>
          {t('escalateSend')}
        </Button>
        <Button look="quiet" onClick={() => setOpen(false)}>
          {t('cancel')}
        </Button>
      </div>
    </div>
  );
};
