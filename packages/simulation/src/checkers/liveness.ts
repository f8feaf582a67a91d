import type { Checker, Finding } from '../checker.ts';
import type { FinalClient, HistoryEvent, OutboxItem, WrittenChange } from '../history.ts';

/** What keeps a device's mutations from their end though nothing is broken. */
const isExcused = ({ status, truth }: FinalClient): boolean =>
  status.locked || truth.revoked || !truth.tokenValid;

/** What waits for a person, or for a row that may still come; shown with its reason. */
const waitsByRight = ({ state, held }: OutboxItem): boolean =>
  state === 'review' || state === 'quarantined' || held;

/** Keys of the rows that a mutation touches or refers to. */
const keysOf = (changes: readonly WrittenChange[]): readonly string[] =>
  changes
    .flatMap(({ key, values }) => [key, ...Object.values(values).filter((value) => KEY.test(String(value)))])
    .map(String);

const KEY = /^k\d{6}z$/;

/** Those that wait by right, and those that wait for them: they share a row, or name it. */
const excusedOf = (
  outbox: readonly OutboxItem[],
  keys: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlySet<string> => {
  const open = outbox.filter(({ state }) => state !== 'settled');
  const excused = new Set(open.filter(waitsByRight).map(({ mutationId }) => mutationId));
  const rows = new Set([...excused].flatMap((id) => [...(keys.get(id) ?? [])]));
  for (let grows = true; grows; ) {
    grows = false;
    for (const { mutationId } of open) {
      const own = keys.get(mutationId);
      if (excused.has(mutationId) || !own || ![...own].some((key) => rows.has(key))) continue;
      excused.add(mutationId);
      for (const key of own) rows.add(key);
      grows = true;
    }
  }
  return excused;
};

/** Once the faults have ended, everything comes to rest in the stated time, or says why not (I17, I18). */
export const liveness = (): Checker => {
  const keys = new Map<string, Set<string>>();
  return {
    name: 'liveness',
    hear(event: HistoryEvent): readonly Finding[] {
      if (event.kind === 'crash') return [{ invariant: 'crash', message: `${event.where}: ${event.error}` }];
      if (event.kind === 'wrote')
        keys.set(
          event.mutationId,
          new Set([...(keys.get(event.mutationId) ?? []), ...keysOf(event.changes)]),
        );
      if (event.kind !== 'quiesced') return [];
      const stuck = event.clients
        .filter((client) => !isExcused(client))
        .flatMap(({ client, outbox }) => {
          const excused = excusedOf(outbox, keys);
          return outbox
            .filter(({ state, mutationId }) => state !== 'settled' && !excused.has(mutationId))
            .map(
              ({ mutationId, state, problem }): Finding => ({
                invariant: 'I17',
                message: `${client}: ${mutationId} is still ${state} at rest${problem ? ` (${problem.code})` : ''}`,
              }),
            );
        });
      if (event.healedWithin === null && stuck.length === 0)
        return [{ invariant: 'I17', message: 'the devices never came to rest' }];
      return stuck.slice(0, 5);
    },
  };
};

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
    if (shown.online && !truth.networkOnline) lie('online, and there is no network');
    if (shown.phase === 'synced' && !shown.complete) lie('its copy is not complete');
    if (shown.quarantined !== truth.quarantined)
      lie(`${shown.quarantined} in quarantine, it is ${truth.quarantined}`);
    if (truth.unsettled > 0 && shown.pending + shown.failed + shown.blocked + shown.review + shown.held === 0)
      lie(`nothing waits, it is ${truth.unsettled}`);
    return findings;
  },
});
