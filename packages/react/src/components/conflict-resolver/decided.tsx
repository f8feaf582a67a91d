import type { ReactElement } from 'react';
import { useNow } from '../../hooks/use-now.ts';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import { Button } from '../parts/button.tsx';
import { ProblemNote } from '../parts/problem-note.tsx';
import { DECISION_SAYS } from './decision-says.ts';
import type { ConflictModel } from './use-conflict-resolver.ts';
import { valueText } from './value-text.ts';

/** What was decided, by whom, and the way back. */
export const Decided = ({ model }: { readonly model: ConflictModel }): ReactElement => {
  const words = useTexts();
  const now = useNow();
  const { busy, conflict, fields, online, problem, undo } = model;
  const { decidedAt, decidedBy, decision, result } = conflict;
  return (
    <div className="satchel-decided">
      <p className="satchel-note satchel-note-good">
        <Icon name="check" />
        <span>
          <strong>{words.t(DECISION_SAYS[decision ?? 'merged'])}</strong>{' '}
          {[
            decidedBy === undefined ? null : words.t('madeBy', { who: words.person(decidedBy) }),
            decidedAt === undefined ? null : words.ago(decidedAt, now),
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </p>
      {result === null ? null : (
        <dl className="satchel-facts satchel-card">
          {fields
            .filter(({ name }) => Object.hasOwn(result, name))
            .map(({ column, name }) => (
              <div key={name}>
                <dt>{words.field(conflict.table, name)}</dt>
                <dd>{valueText(result[name], column, words)}</dd>
              </div>
            ))}
        </dl>
      )}
      {problem ? <ProblemNote problem={problem} /> : null}
      <Button icon="undo" busy={busy} disabled={!online} onClick={undo}>
        {words.t('undo')}
      </Button>
    </div>
  );
};
