import type { Checker, Finding } from '../checker.ts';
import type { FinalClient, HistoryEvent } from '../history.ts';

/** What keeps a mutation from its end though nothing is broken. */
const isExcused = ({ status, truth }: FinalClient, state: string): boolean =>
  status.locked || truth.revoked || !truth.tokenValid || state === 'review';

/** Once the faults have ended, everything comes to rest in the stated time, or says why not (I17, I18). */
export const liveness = (): Checker => ({
  name: 'liveness',
  hear(event: HistoryEvent): readonly Finding[] {
    if (event.kind === 'crash') return [{ invariant: 'crash', message: `${event.where}: ${event.error}` }];
    if (event.kind !== 'quiesced') return [];
    const stuck = event.clients.flatMap((client) =>
      client.outbox
        .filter(({ state }) => state !== 'settled' && state !== 'quarantined' && !isExcused(client, state))
        .map(
          ({ mutationId, state, problem }): Finding => ({
            invariant: 'I17',
            message: `${client.client}: ${mutationId} is still ${state} at rest${problem ? ` (${problem.code})` : ''}`,
          }),
        ),
    );
    if (event.healedWithin === null && stuck.length === 0)
      return [{ invariant: 'I17', message: 'the devices never came to rest' }];
    return stuck.slice(0, 5);
  },
});

/** What the status says is true at that moment (I20). */
export const statusTruth = (): Checker => ({
  name: 'status',
  hear(event: HistoryEvent): readonly Finding[] {
    if (event.kind !== 'status') return [];
    const { shown, truth, client } = event;
    const findings: Finding[] = [];
    const lie = (message: string): void => {
      findings.push({ invariant: 'I20', message: `${client} says ${shown.phase}: ${message}` });
    };
    if (shown.phase === 'synced' && truth.unsettled > 0) lie(`${truth.unsettled} writes wait`);
    if (shown.phase === 'synced' && !truth.networkOnline) lie('there is no network');
    if (shown.phase === 'synced' && !shown.complete) lie('its copy is not complete');
    if (shown.quarantined !== truth.quarantined)
      lie(`${shown.quarantined} in quarantine, it is ${truth.quarantined}`);
    if (truth.unsettled > 0 && shown.pending + shown.failed + shown.blocked + shown.review + shown.held === 0)
      lie(`nothing waits, it is ${truth.unsettled}`);
    return findings;
  },
});
