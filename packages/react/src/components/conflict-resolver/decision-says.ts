import type { Decision } from '@satchel/protocol';
import type { TextName } from '../../texts/text.ts';

/** What is said of a decision. */
export const DECISION_SAYS: Readonly<Record<Decision, TextName>> = {
  'accept-client': 'decidedClient',
  'accept-server': 'decidedServer',
  merged: 'decidedMerged',
  escalated: 'decidedEscalated',
};
