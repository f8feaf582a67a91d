import { humanize } from '../../texts/humanize.ts';
import type { TextName } from '../../texts/text.ts';
import type { Words } from '../../texts/use-texts.ts';

/** What the client does on the wire, in words for people. */
const ACTIONS: Readonly<Record<string, TextName>> = {
  push: 'actionPush',
  pull: 'actionPull',
  live: 'actionLive',
  ack: 'actionAck',
  status: 'actionCheck',
  digests: 'actionVerify',
  versions: 'actionVerify',
  rows: 'actionVerify',
  conflicts: 'actionConflicts',
  resolve: 'actionConflicts',
  undo: 'actionConflicts',
};

export const actionText = (action: string, { t }: Pick<Words, 't'>): string => {
  const known = ACTIONS[action];
  return known === undefined ? humanize(action) : t(known);
};
