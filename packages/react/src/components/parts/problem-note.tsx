import type { Problem } from '@satchel/protocol';
import type { ReactElement } from 'react';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';

/** What went wrong and what to do, with the code for support. */
export const ProblemNote = ({ problem }: { readonly problem: Problem }): ReactElement => {
  const words = useTexts();
  return (
    <p className="satchel-note satchel-note-bad" role="alert">
      <Icon name="error" />
      <span>
        <strong>{words.problem(problem)}</strong> {words.advice(problem)}{' '}
        <code dir="ltr">{problem.code}</code>
      </span>
    </p>
  );
};
