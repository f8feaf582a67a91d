import { newKeyFor } from '@satchel/core';
import type { Submitted } from './submitted.ts';

/**
 * The key that an offered insert got instead of its own in the history that is lost:
 * the device shows the row under it, and so do others. Its own key is another row's,
 * which may be back already, or still to come. One that the server would not have given
 * is not believed.
 */
export const offeredKey = ({ mutation, changes, offer }: Submitted, index: number): string | undefined => {
  const change = changes[index];
  const key = offer?.keys?.[index] ?? undefined;
  if (change?.op !== 'insert' || key === undefined) return undefined;
  return key === newKeyFor(mutation.mutationId, change.table, change.key) ? key : undefined;
};
