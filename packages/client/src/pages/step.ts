import { type PageLine, STEP_DIGEST_LENGTH, type StepLine, tokenAt } from '@satchel/protocol';
import { readMetaText } from '../database/meta.ts';
import type { EngineContext } from '../engine-context.ts';

/**
 * The whole page that a live step stands for; `null` where it does not start from the
 * stored cursor.
 */
export const unfoldStep = (
  { app, db }: EngineContext,
  cursor: { readonly token: string | null; readonly digest: string | null },
  step: StepLine,
  body: readonly PageLine[],
): PageLine[] | null => {
  const { token, digest } = cursor;
  const epoch = readMetaText(db, 'epoch');
  if (token === null || digest === null || epoch === null) return null;
  if (digest.slice(0, STEP_DIGEST_LENGTH) !== step.from) return null;
  return [
    {
      line: 'head',
      from: digest,
      epoch,
      serverTime: step.serverTime,
      schemaVersion: app.schemaVersion,
      offer: false,
      mode: 'delta',
    },
    ...body,
    { line: 'tail', cursor: tokenAt(token, step.at), checkpoint: true, more: false },
  ];
};
