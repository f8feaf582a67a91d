import { changeFrom, TABLES } from '../app/description.ts';
import type { Checker, Finding } from '../checker.ts';
import type { HistoryEvent, PlainRow } from '../history.ts';
import { inWords, tableOf } from './rows-seen.ts';

interface Touch {
  readonly table: string;
  readonly key: string;
  readonly op: 'insert' | 'update' | 'delete';
  readonly values: PlainRow;
}

/**
 * What was answered is what was done: the rows of an applied mutation stand as sent, all
 * in the transaction that settled it (I8, I15); what a rule decided against its author
 * has a record (I14).
 */
export const outcomes = (): Checker => {
  const written = new Map<string, Map<string, Touch>>();
  let restored = false;
  let migrated = false;

  const note = (event: Extract<HistoryEvent, { readonly kind: 'wrote' }>): void => {
    const touches = written.get(event.mutationId) ?? new Map<string, Touch>();
    written.set(event.mutationId, touches);
    for (const { table, op, key, values } of event.changes) {
      const newest = changeFrom(event.schemaVersion, table, values);
      if (!newest) continue;
      const name = `${newest.table}/${key}`;
      const first = touches.get(name);
      const kept = first && first.op !== 'delete' ? { ...first.values, ...newest.values } : newest.values;
      touches.set(name, {
        table: newest.table,
        key,
        op: first?.op === 'insert' ? 'insert' : op,
        values: kept,
      });
    }
  };

  const applied = (event: Extract<HistoryEvent, { readonly kind: 'committed' }>): Finding[] => {
    const users = new Map<string, number>();
    for (const { mutationId } of event.mutations)
      for (const name of written.get(mutationId)?.keys() ?? []) users.set(name, (users.get(name) ?? 0) + 1);
    const after = new Map(
      event.rows.map((row) => [`${tableOf(row.table)}/${String((row.after ?? row.before)?.id)}`, row]),
    );
    const findings: Finding[] = [];
    for (const { mutationId, outcome, state } of event.mutations) {
      if (state !== 'settled' || outcome !== 'applied') continue;
      for (const [name, { table, op, values }] of written.get(mutationId) ?? []) {
        // Rows that several mutations of one transaction touch show the last of them.
        if (users.get(name) !== 1) continue;
        const row = after.get(name);
        if (!row) {
          if (op === 'insert' && table === 'ledger')
            findings.push({
              invariant: 'I8',
              message: `${mutationId} is applied, and ${name} is not in its commit`,
            });
          continue;
        }
        if (!row.after) continue;
        const is = inWords(row.after);
        const columns = TABLES[table]?.columns ?? {};
        for (const [column, value] of Object.entries(values)) {
          const described = columns[column];
          // A server of an earlier version has other columns.
          if (described?.kind !== 'text' || described.writtenBy || !Object.hasOwn(is, column)) continue;
          if ((is[column] ?? null) !== (value ?? null))
            findings.push({
              invariant: 'I15',
              message: `${mutationId} is applied, and ${name}.${column} is ${JSON.stringify(is[column])}, not ${JSON.stringify(value)}`,
            });
        }
      }
    }
    return findings.slice(0, 3);
  };

  return {
    name: 'outcomes',
    hear(event: HistoryEvent): readonly Finding[] {
      switch (event.kind) {
        case 'wrote':
          note(event);
          return [];
        case 'database-restored':
          restored = true;
          return [];
        case 'migrated':
          migrated = true;
          return [];
        case 'committed':
          return event.by === 'server' && !restored && !migrated ? applied(event) : [];
        case 'quiesced': {
          if (restored) return [];
          const recorded = new Set(event.server.conflicts.flatMap(({ mutationIds }) => mutationIds));
          return event.server.mutations
            .filter(({ mutationId, outcome }) => outcome === 'superseded' && !recorded.has(mutationId))
            .map(
              ({ mutationId }): Finding => ({
                invariant: 'I14',
                message: `${mutationId} was superseded, and no conflict keeps what it said`,
              }),
            )
            .slice(0, 3);
        }
        default:
          return [];
      }
    },
  };
};
