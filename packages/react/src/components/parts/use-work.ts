import { type Problem, SatchelError } from '@satchel/protocol';
import { useCallback, useEffect, useRef, useState } from 'react';

export interface Work<A extends readonly unknown[] = []> {
  readonly busy: boolean;
  readonly done: boolean;
  readonly problem: Problem | null;
  /** Starts it; while it is under way a second start does nothing. */
  readonly start: (...args: A) => void;
}

/** A button's work: under way, done, or failed with a reason. What is no `SatchelError` is thrown on. */
export const useWork = <A extends readonly unknown[] = []>(
  work: (...args: A) => Promise<unknown>,
): Work<A> => {
  const [state, setState] = useState<Pick<Work, 'busy' | 'done' | 'problem'> & { readonly thrown?: unknown }>(
    {
      busy: false,
      done: false,
      problem: null,
    },
  );
  const busy = useRef(false);
  const shown = useRef(true);
  const latest = useRef(work);
  useEffect(() => {
    latest.current = work;
  });
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
    };
  }, []);
  const start = useCallback((...args: A) => {
    if (busy.current) return;
    busy.current = true;
    setState({ busy: true, done: false, problem: null });
    latest
      .current(...args)
      .then(
        () => ({ busy: false, done: true, problem: null }),
        (error: unknown) =>
          error instanceof SatchelError
            ? { busy: false, done: false, problem: error.toProblem() }
            : { busy: false, done: false, problem: null, thrown: error },
      )
      .then((next) => {
        busy.current = false;
        if (shown.current) setState(next);
      });
  }, []);
  // A bug shows at the nearest error boundary.
  if (state.thrown !== undefined) throw state.thrown;
  return { busy: state.busy, done: state.done, problem: state.problem, start };
};
