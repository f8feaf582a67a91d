import { TABLES } from '../app/description.ts';
import type { Checker, Finding } from '../checker.ts';
import type { HistoryEvent } from '../history.ts';
import { RowsSeen, tableOf } from './rows-seen.ts';

/** Values shorter than this may stand in a text by chance. */
const TELLING = 10;

/** Whatever stands in a text as a key does. */
const KEYS = /"(k\d{6}z\d*)"/g;
const keysIn = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(KEYS)].map(([, key]) => key as string));

/** A line of a page that says which rows left a scope. */
const GONE = /^\{"line":"gone","scope":"([^"]*)"/;

/** Keys of the text that tell of rows: all but those that only say what left a scope of the user. */
const tellingKeys = (rows: RowsSeen, user: string, text: string): ReadonlySet<string> => {
  const told = new Set<string>();
  for (const line of text.split('\n')) {
    const scope = GONE.exec(line)?.[1];
    for (const key of keysIn(line))
      if (scope === undefined || !rows.mayHearItLeft(user, scope, key)) told.add(key);
  }
  return told;
};

/**
 * Nobody receives what he may not see (I16): every byte that reaches a device is searched
 * for keys of rows that were never in a scope of its user, and for values of columns
 * that his roles may not read.
 */
export const leaks = (): Checker => {
  const rows = new RowsSeen();
  const rolesOf = new Map<string, Set<string>>();
  /** Values of hidden columns, with the roles that may read them and the users who wrote them. */
  const hidden = new Map<string, { readonly roles: readonly string[]; readonly writers: Set<string> }>();

  const noteHidden = (
    table: string,
    values: Readonly<Record<string, unknown>>,
    user: string | null,
  ): void => {
    for (const [column, { readBy }] of Object.entries(TABLES[table]?.columns ?? {})) {
      const value = values[column];
      if (!readBy || typeof value !== 'string' || value.length < TELLING) continue;
      const known = hidden.get(value) ?? { roles: readBy, writers: new Set<string>() };
      if (user !== null) known.writers.add(user);
      hidden.set(value, known);
    }
  };

  return {
    name: 'leaks',
    hear(event: HistoryEvent): readonly Finding[] {
      switch (event.kind) {
        case 'opened': {
          rows.addUser(event.user);
          const roles = rolesOf.get(event.user) ?? new Set<string>();
          for (const role of event.roles) roles.add(role);
          rolesOf.set(event.user, roles);
          return [];
        }
        case 'wrote':
        case 'write-torn':
          for (const { table, key, values } of event.changes) {
            rows.wrote(event.user, key);
            noteHidden(table, values, event.user);
          }
          return [];
        case 'committed':
          rows.take(event.order, event.rows);
          for (const { table, after } of event.rows) if (after) noteHidden(tableOf(table), after, null);
          return [];
        case 'database-restored':
          rows.restored(event.survived);
          return [];
        case 'received': {
          const findings: Finding[] = [];
          for (const key of tellingKeys(rows, event.user, event.text)) {
            if (rows.isKnown(key) && !rows.mightSee(event.user, key))
              findings.push({
                invariant: 'I16',
                message: `${event.user} received the row ${key}, which was never his, by ${event.action}`,
              });
          }
          for (const [value, { roles, writers }] of hidden) {
            const may = roles.some((role) => rolesOf.get(event.user)?.has(role));
            if (!may && !writers.has(event.user) && event.text.includes(value))
              findings.push({
                invariant: 'I16',
                message: `${event.user} received the hidden value ${value} by ${event.action}`,
              });
          }
          return findings.slice(0, 3);
        }
        default:
          return [];
      }
    },
  };
};
