import { TABLES } from '../app/description.ts';
import type { Checker, Finding } from '../checker.ts';
import type { AuditedChange, FinalServer, HistoryEvent, PlainRow } from '../history.ts';
import { tableOf } from './rows-seen.ts';

/** Words that a version took away or gave; what stood under them is not compared over a migration. */
const RENAMED: Readonly<Record<string, Readonly<Record<string, string>>>> = { products: { label: 'name' } };
const REPLACED: Readonly<Record<string, readonly string[]>> = {
  customers: ['fullName', 'phone', 'firstName', 'lastName'],
  products: ['origin'],
};

/** A row in the newest words, without what cannot be compared. */
const comparable = (table: string, row: PlainRow): PlainRow => {
  const columns = TABLES[table]?.columns ?? {};
  const kept: Record<string, PlainRow[string]> = {};
  for (const [word, value] of Object.entries(row)) {
    const name = RENAMED[table]?.[word] ?? word;
    const kind = columns[name]?.kind;
    // Moments are given by the server when it stores; they have other words in the audit.
    if (kind === undefined || kind === 'moment' || REPLACED[table]?.includes(name)) continue;
    kept[name] = value;
  }
  return kept;
};

const text = (value: unknown): string =>
  Array.isArray(value) ? [...value].map(String).sort().join('\u0001') : String(value ?? null);

/** The columns in which two images differ, of those that both have. */
const differing = (one: PlainRow, other: PlainRow): readonly string[] =>
  Object.keys(one).filter((name) => Object.hasOwn(other, name) && text(one[name]) !== text(other[name]));

/** What the audit says a row is, after each of its entries; and where two entries do not fit. */
const replay = (audit: readonly AuditedChange[]) => {
  const rows = new Map<string, PlainRow | null>();
  const gaps: string[] = [];
  for (const { table: named, key, op, before, after } of audit) {
    const table = tableOf(named);
    const name = `${table}/${key}`;
    const known = rows.get(name);
    const was = before && comparable(table, before);
    if (known === undefined ? was !== null : (known === null) !== (was === null))
      gaps.push(`${name}: ${op} of ${was ? 'a row' : 'none'}, before it there was ${known ? 'one' : 'none'}`);
    else if (known && was) {
      const columns = differing(known, was);
      if (columns.length > 0) gaps.push(`${name}: ${op} found another ${columns.join()} than was left there`);
    }
    rows.set(name, after && comparable(table, after));
  }
  return { rows, gaps };
};

const compare = (server: FinalServer): Finding[] => {
  const { rows, gaps } = replay(server.audit);
  const messages = [...gaps];
  const there = new Map<string, PlainRow>();
  for (const [named, list] of Object.entries(server.tables))
    for (const row of list) there.set(`${tableOf(named)}/${String(row.id)}`, row);
  for (const [name, row] of there) {
    const said = rows.get(name);
    if (!said) {
      messages.push(
        `${name} is there, and the audit ${said === null ? 'says it is gone' : 'knows nothing of it'}`,
      );
      continue;
    }
    const columns = differing(comparable(name.slice(0, name.indexOf('/')), row), said);
    if (columns.length > 0)
      messages.push(
        `${name}: ${columns.map((column) => `${column} is ${text(row[column])}, the audit says ${text(said[column])}`).join('; ')}`,
      );
  }
  for (const [name, said] of rows)
    if (said && !there.has(name)) messages.push(`${name} is not there, the audit says it is`);
  return messages.slice(0, 5).map((message) => ({ invariant: 'I23', message }));
};

/** The audit, replayed from its beginning, gives the state; no change is missing from it, none is there that was not (I23). */
export const auditReplay = (): Checker => {
  /** Numbers that never went up, or whose outcome another life of the device had: not to be counted. */
  const disturbed = new Set<string>();
  const emptied = new Map<string, number>();
  let restored = false;
  /** Of each device, the server knows every seq up to the last, but for what the device still has. */
  const gaps = (event: Extract<HistoryEvent, { readonly kind: 'quiesced' }>): Finding[] => {
    if (restored) return [];
    const unknown = new Map(event.server.unknownSeqs.map(({ clientId, seqs }) => [clientId, seqs]));
    return event.clients
      .filter(({ client }) => !disturbed.has(client))
      .flatMap(({ client, clientId, outbox }): Finding[] => {
        const kept = outbox.filter(({ state }) => state !== 'settled').length + (emptied.get(client) ?? 0);
        const seqs = unknown.get(clientId) ?? 0;
        if (seqs <= kept) return [];
        return [
          {
            invariant: 'I23',
            message: `${client}: the server never heard of ${seqs} of its seq, ${kept} are not settled`,
          },
        ];
      });
  };
  return {
    name: 'audit',
    hear(event: HistoryEvent): readonly Finding[] {
      switch (event.kind) {
        case 'restored':
        case 'cloned':
        case 'evicted':
        case 'user-switched':
          disturbed.add(event.client);
          return [];
        case 'quarantine-emptied':
          emptied.set(event.client, (emptied.get(event.client) ?? 0) + 1);
          return [];
        case 'database-restored':
          restored ||= event.identity === 'new';
          return [];
        case 'quiesced':
          return [...compare(event.server), ...gaps(event)];
        default:
          return [];
      }
    },
  };
};
