import { changeFrom, TABLES } from '../app/description.ts';
import type { Checker, Finding } from '../checker.ts';
import type { HistoryEvent, PlainRow } from '../history.ts';
import { RowsSeen, tableOf, wordOf } from './rows-seen.ts';

type ReadEvent = Extract<HistoryEvent, { readonly kind: 'read' }>;

interface Suspect {
  readonly client: string;
  readonly mutationId: string;
  readonly finding: Finding;
}

/** A value counts as unique, and so as a moment of its column, when it is at least this long. */
const TELLING = 6;

/**
 * What a user reads on one device: his own unsettled edits (I4), and never an older
 * committed value after a newer one (I5). An edit that settles in the very step of the
 * read is no evidence: suspects are judged when the step is over.
 */
export const sessions = (): Checker => {
  /** Unsettled writes of each device, in order, as plain columns by row. */
  const unsettled = new Map<string, Map<string, Map<string, PlainRow>>>();
  const ended = new Set<string>();
  const disturbed = new Set<string>();
  let suspects: Suspect[] = [];
  /** When a value came into a column, by row and column; unique values only. */
  const moments = new Map<string, Map<string, number>>();
  const seen = new Map<string, number>();
  let restored = false;
  const rows = new RowsSeen();

  const of = (client: string): Map<string, Map<string, PlainRow>> => {
    const known = unsettled.get(client) ?? new Map<string, Map<string, PlainRow>>();
    unsettled.set(client, known);
    return known;
  };

  const noteWritten = (event: Extract<HistoryEvent, { readonly kind: 'wrote' }>): void => {
    const rows = of(event.client).get(event.mutationId) ?? new Map<string, PlainRow>();
    of(event.client).set(event.mutationId, rows);
    for (const { table, key, op, values } of event.changes) {
      const newest = changeFrom(event.schemaVersion, table, values);
      // Only what a device of one version writes and reads in the same words.
      if (newest?.table !== table || op === 'delete') continue;
      const columns = TABLES[table]?.columns ?? {};
      const plain = Object.entries(values).filter(([name]) => columns[name]?.kind === 'text');
      rows.set(`${table}/${key}`, { ...rows.get(`${table}/${key}`), ...Object.fromEntries(plain) });
    }
  };

  const noteDeleted = (event: Extract<HistoryEvent, { readonly kind: 'wrote' }>): void => {
    for (const { table, key, op } of event.changes) {
      if (op !== 'delete') continue;
      for (const rows of of(event.client).values()) rows.delete(`${table}/${key}`);
    }
  };

  const readOwn = ({ client, user, table, rows: read }: ReadEvent): void => {
    if (disturbed.has(client)) return;
    const shown = new Map(read.map((row) => [String(row.id), row]));
    const last = new Map<string, { readonly id: string; readonly value: unknown }>();
    for (const [id, written] of of(client)) {
      if (ended.has(id)) continue;
      for (const [name, values] of written) {
        if (!name.startsWith(`${table}/`)) continue;
        for (const [column, value] of Object.entries(values)) last.set(`${name}/${column}`, { id, value });
      }
    }
    for (const [place, { id, value }] of last) {
      const [, key = '', column = ''] = place.split('/');
      const row = shown.get(key);
      if (row && (row[column] ?? null) === (value ?? null)) continue;
      // Work that was on its way when its row left sight waits for its answer, and the row is gone.
      if (!row && rows.isOutOfSight(user, tableOf(table), key)) continue;
      const message = `${client} does not see its own write ${id} of ${place}: ${JSON.stringify(row?.[column] ?? null)}, written was ${JSON.stringify(value)}`;
      suspects.push({ client, mutationId: id, finding: { invariant: 'I4', message } });
    }
  };

  const readCommitted = ({ client, table, rows }: ReadEvent): Finding[] => {
    if (restored) return [];
    const findings: Finding[] = [];
    for (const row of rows) {
      for (const [column, value] of Object.entries(row)) {
        const place = `${table}/${String(row.id)}/${column}`;
        const moment = moments.get(place)?.get(String(value));
        if (moment === undefined) continue;
        const known = seen.get(`${client} ${place}`) ?? 0;
        if (moment < known)
          findings.push({
            invariant: 'I5',
            message: `${client} reads ${JSON.stringify(value)} of commit ${moment} in ${place} after one of ${known}`,
          });
        seen.set(`${client} ${place}`, Math.max(known, moment));
      }
    }
    return findings.slice(0, 3);
  };

  const forget = (client: string): void => {
    for (const name of [...seen.keys()]) if (name.startsWith(`${client} `)) seen.delete(name);
  };

  return {
    name: 'sessions',
    hear(event: HistoryEvent): readonly Finding[] {
      switch (event.kind) {
        case 'wrote':
          noteDeleted(event);
          noteWritten(event);
          return [];
        case 'taken-back':
          for (const { table, key, op } of event.changes)
            if (op === 'delete') for (const rows of of(event.client).values()) rows.delete(`${table}/${key}`);
          return [];
        case 'outbox': {
          const { mutationId, state } = event.item;
          if (state === 'settled' || state === 'quarantined') {
            of(event.client).delete(mutationId);
            ended.add(mutationId);
          }
          return [];
        }
        case 'committed':
          // From here on somebody else may have the last word, before its author hears of it.
          for (const { mutationId, state } of event.mutations) if (state === 'settled') ended.add(mutationId);
          rows.take(event.order, event.rows);
          for (const { table, before, after } of event.rows) {
            for (const [column, value] of Object.entries(after ?? {})) {
              if (typeof value !== 'string' || value.length < TELLING || before?.[column] === value) continue;
              const place = `${tableOf(table)}/${String(after?.id)}/${wordOf(column)}`;
              const values = moments.get(place) ?? new Map<string, number>();
              // A value that came twice says nothing of when.
              values.set(value, values.has(value) ? Number.POSITIVE_INFINITY : event.order);
              if (values.get(value) === Number.POSITIVE_INFINITY) values.delete(value);
              moments.set(place, values);
            }
          }
          return [];
        case 'database-restored':
          restored = true;
          rows.restored(event.survived);
          return [];
        case 'restored':
        case 'cloned':
        case 'evicted':
        case 'user-switched':
        case 'upgraded':
        case 'client-revoked':
          disturbed.add(event.client);
          forget(event.client);
          return [];
        case 'read':
          readOwn(event);
          return disturbed.has(event.client) ? [] : readCommitted(event);
        default:
          return [];
      }
    },
    stepDone(): readonly Finding[] {
      const judged = suspects;
      suspects = [];
      return judged
        .filter(({ mutationId, client }) => !ended.has(mutationId) && of(client).has(mutationId))
        .map(({ finding }) => finding)
        .slice(0, 3);
    },
  };
};
