import type { OutboxEntry, Statement } from '@satchel/client';
import { type Json, type Problem, SatchelError, unreachable } from '@satchel/protocol';
import { useCallback, useMemo, useState } from 'react';
import { useSatchel } from '../provider.tsx';
import type { SatchelClient } from '../satchel-client.ts';
import { Observed } from '../store/observed.ts';
import { observersOf } from '../store/observers.ts';
import { useObserved } from './use-observed.ts';

/**
 * Where a write stands.
 * - `saved`: on this device, and only here.
 * - `sending`: on its way.
 * - `received`: the server has answered; it is there.
 * - `review`: a person decides about it.
 * - `failed`: not answered after the last attempt; it is tried again.
 * - `refused`: the server does not take it; it is in quarantine.
 */
export type WriteStands =
  | 'idle'
  | 'saving'
  | 'saved'
  | 'sending'
  | 'received'
  | 'review'
  | 'failed'
  | 'refused';

const standsOf = (state: OutboxEntry['state']): WriteStands => {
  switch (state) {
    case 'queued':
    case 'blocked':
      return 'saved';
    case 'in-flight':
      return 'sending';
    case 'settled':
      return 'received';
    case 'review':
      return 'review';
    case 'failed':
      return 'failed';
    case 'quarantined':
      return 'refused';
    default:
      return unreachable(state);
  }
};

export interface MutationInView<A extends SatchelClient['app'] = SatchelClient['app']> {
  /** One local transaction; resolves when it is on the device. Errors are thrown, and told in `problem` too. */
  readonly write: (...statements: readonly Statement[]) => Promise<string | null>;
  /** A function of the app's, as one local transaction. */
  readonly run: SatchelClient<A>['run'];
  readonly stands: WriteStands;
  /** Of the last write. */
  readonly mutationId: string | null;
  /** Why it was not saved, failed or refused. */
  readonly problem: Problem | null;
}

const nothing = new Observed<OutboxEntry | null>(() => () => {});

/**
 * Writes on this device, and tells where the last write stands from there on.
 *
 * @example
 * ```tsx
 * const { write, stands } = useMutation();
 * const add = () => write({ sql: 'insert into notes (id, body) values (?, ?)', parameters: [id, body] });
 * return <button onClick={add}>{stands === 'saved' ? 'Saved on this device' : 'Add'}</button>;
 * ```
 */
export const useMutation = <A extends SatchelClient['app'] = SatchelClient['app']>(): MutationInView<A> => {
  const db = useSatchel<A>();
  // Observers know no app; names and arguments were checked where the hook was called.
  const anyApp = useSatchel();
  const [saving, setSaving] = useState(false);
  const [mutationId, setMutationId] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const entry = useObserved(mutationId === null ? nothing : observersOf(anyApp).mutation(mutationId)).value;
  const save = useCallback(async <T>(work: () => Promise<T>): Promise<T> => {
    setSaving(true);
    setProblem(null);
    try {
      return await work();
    } catch (error) {
      if (error instanceof SatchelError) setProblem(error.toProblem());
      throw error;
    } finally {
      setSaving(false);
    }
  }, []);
  const write = useCallback(
    (...statements: readonly Statement[]) =>
      save(async () => {
        const written = await db.write(statements);
        setMutationId(written.mutationId);
        return written.mutationId;
      }),
    [db, save],
  );
  const run = useMemo(
    () =>
      ((name: string, args?: Json) =>
        save(async () => {
          const { mutationId: made, result } = await anyApp.perform(name, args ?? null);
          setMutationId(made);
          return result;
        })) as unknown as SatchelClient<A>['run'],
    [anyApp, save],
  );
  const stands = saving
    ? 'saving'
    : mutationId === null
      ? 'idle'
      : entry === null
        ? 'received'
        : entry === undefined
          ? 'saved'
          : standsOf(entry.state);
  return { write, run, stands, mutationId, problem: problem ?? entry?.problem ?? null };
};
