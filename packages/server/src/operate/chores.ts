import { runMoved } from '../capture/moved-keys.ts';
import { sweepRegistry } from '../capture/sweep-registry.ts';
import { collectOutcomes } from '../clients/collect.ts';
import { expireConflicts } from '../conflicts/expire.ts';
import type { ServerContext } from '../context.ts';
import { recordMoment, thinMoments } from '../moments/moment.ts';
import { MOMENT_EVERY } from '../moments/note-moment.ts';
import { prune } from '../pull/prune.ts';
import { runApplied } from '../push/applied.ts';
import { runHeld } from '../push/held.ts';
import { deliverAlerts } from './alerts/deliver.ts';
import { watchAlerts } from './alerts/raise.ts';
import type { WebhookSettings } from './alerts/webhook.ts';
import { flushFigures, pruneFigures } from './figures-kept.ts';
import type { Chore } from './maintenance.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** What a server does beside answering. Those that share their work by locks on its rows run on every node. */
export const choresOf = (ctx: ServerContext, webhook?: WebhookSettings): readonly Chore[] => [
  { name: 'moments', every: MOMENT_EVERY, alone: false, run: () => recordMoment(ctx) },
  { name: 'moved', every: SECOND, alone: false, run: () => runMoved(ctx) },
  { name: 'held', every: 5 * SECOND, alone: true, run: () => runHeld(ctx) },
  { name: 'expire-conflicts', every: 10 * SECOND, alone: true, run: () => expireConflicts(ctx) },
  { name: 'applied', every: SECOND, alone: false, run: () => runApplied(ctx) },
  { name: 'figures', every: SECOND, alone: false, run: () => flushFigures(ctx) },
  { name: 'alerts', every: 15 * SECOND, alone: true, run: () => watchAlerts(ctx, webhook !== undefined) },
  ...(webhook === undefined
    ? []
    : [
        {
          name: 'deliver-alerts',
          every: 5 * SECOND,
          alone: false,
          run: () => deliverAlerts(ctx, webhook),
        },
      ]),
  { name: 'prune-figures', every: HOUR, alone: true, run: () => pruneFigures(ctx) },
  { name: 'collect-outcomes', every: 10 * MINUTE, alone: true, run: () => collectOutcomes(ctx) },
  { name: 'prune', every: HOUR, alone: true, run: () => prune(ctx) },
  { name: 'sweep-registry', every: 6 * HOUR, alone: true, run: () => sweepRegistry(ctx) },
  { name: 'thin-moments', every: HOUR, alone: true, run: () => thinMoments(ctx) },
];
