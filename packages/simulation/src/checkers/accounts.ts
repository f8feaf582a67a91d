import type { Checker, Finding } from '../checker.ts';
import type { FinalClient, HistoryEvent, PlainRow } from '../history.ts';

interface Written {
  readonly client: string;
  readonly entries: readonly { readonly table: string; readonly key: string; readonly values: PlainRow }[];
}

/**
 * No acknowledged write is lost (I2, I21): each is in the outbox of the device that made
 * it, with an end that the server knows of too; entries of the ledger that were applied
 * stand in the server's table, as they were written.
 */
export const accounts = (): Checker => {
  const written = new Map<string, Written>();
  /** Devices whose storage was taken away, put back or given to somebody else: what they had is told by other checks. */
  const disturbed = new Set<string>();
  const emptied = new Set<string>();
  const madeBy = new Map<string, string>();
  const deleted = new Set<string>();
  /** Mutations that some transaction settled: the server may have forgotten the outcome since. */
  const onServer = new Set<string>();
  /** Of those, the ones that came to nothing: a device put back to an older copy is told that they are forgotten. */
  const refused = new Set<string>();

  const ofClient = (client: FinalClient): Finding[] => {
    const items = new Map(client.outbox.map((item) => [item.mutationId, item]));
    const findings: Finding[] = [];
    const lost = (message: string): void => {
      findings.push({ invariant: 'I2', message: `${client.client}: ${message}` });
    };
    for (const [id, { client: author }] of written) {
      if (author !== client.client || emptied.has(id)) continue;
      const item = items.get(id);
      // What the server had, and the device has acknowledged, is collected some day.
      if (!item && !onServer.has(id)) lost(`the write ${id} is in no outbox`);
      else if (!item) continue;
      else if (item.state === 'settled' && !onServer.has(id))
        lost(`the write ${id} is settled (${item.outcome}), and the server never had it`);
    }
    return findings.slice(0, 5);
  };

  return {
    name: 'accounts',
    hear(event: HistoryEvent): readonly Finding[] {
      switch (event.kind) {
        case 'wrote': {
          const before = written.get(event.mutationId);
          for (const { op, key } of event.changes)
            if (op === 'insert') madeBy.set(`${event.client} ${key}`, event.mutationId);
          const entries = event.changes
            .filter(({ table, op }) => table === 'ledger' && op === 'insert')
            .map(({ table, key, values }) => ({ table, key, values }));
          written.set(event.mutationId, {
            client: event.client,
            entries: [...(before?.entries ?? []), ...entries],
          });
          return [];
        }
        case 'taken-back':
          // An insert that was taken back before it was sent is nothing at all.
          for (const { op, key } of event.changes)
            if (op === 'delete') emptied.add(madeBy.get(`${event.client} ${key}`) ?? '');
          return [];
        case 'quarantine-emptied':
          emptied.add(event.mutationId);
          return [];
        case 'restored':
        case 'cloned':
        case 'evicted':
        case 'user-switched':
        case 'client-revoked':
          disturbed.add(event.client);
          return [];
        case 'committed':
          for (const { table, op, before } of event.rows)
            if (op === 'delete' && before) deleted.add(`${table}/${String(before.id)}`);
          for (const { mutationId, state, outcome } of event.mutations) {
            if (state !== 'settled') continue;
            onServer.add(mutationId);
            if (outcome === 'rejected') refused.add(mutationId);
          }
          return [];
        case 'quiesced': {
          if (event.healedWithin === null) return [];
          const ledger = new Map((event.server.tables.ledger ?? []).map((row) => [String(row.id), row]));
          const findings = event.clients.filter(({ client }) => !disturbed.has(client)).flatMap(ofClient);
          for (const client of event.clients) {
            for (const { mutationId, state, outcome } of client.outbox) {
              if (state !== 'settled' || outcome !== 'applied' || refused.has(mutationId)) continue;
              for (const { key, values } of written.get(mutationId)?.entries ?? []) {
                if (deleted.has(`ledger/${key}`)) continue;
                const row = ledger.get(key);
                if (!row || row.amount !== values.amount)
                  findings.push({
                    invariant: 'I21',
                    message: `${client.client} had ${mutationId} applied; the ledger has ${JSON.stringify(row ?? null)} for ${key}, written was ${JSON.stringify(values)}`,
                  });
              }
            }
          }
          return findings.slice(0, 5);
        }
        default:
          return [];
      }
    },
  };
};
