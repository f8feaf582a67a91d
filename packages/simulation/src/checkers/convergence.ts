import { ALERTS_FOR_ALL_UNTIL, changeFrom, ownScopes, rowIn, TABLES, tableIn } from '../app/description.ts';
import type { Checker, Finding } from '../checker.ts';
import type { FinalClient, FinalServer, HistoryEvent, PlainRow } from '../history.ts';

const UNSETTLED: ReadonlySet<string> = new Set(['queued', 'in-flight', 'blocked', 'review', 'failed']);

const text = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(text).join()}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([name, one]) => `${name}:${text(one)}`).join()}}`;
  }
  return JSON.stringify(value ?? null);
};

/** Until version 3 visits were called calls. */
const oldNameOf = (table: string): string => (table === 'visits' ? 'calls' : table);

/** A row of a server of one version as a device of the same, or an earlier one, shows it. */
const shownIn = (device: number, server: number, table: string, row: PlainRow): PlainRow => {
  const changedIn = table === 'customers' ? 3 : 2;
  return device >= server || server < changedIn ? row : rowIn(device, table, row);
};

/** The scopes of rows of the tables, by the words of their description alone. */
export const scopesIn = (server: FinalServer): ((table: string, row: PlainRow) => string[]) => {
  const agents = server.rights.farm_agents ?? [];
  const find = (table: string, key: unknown): PlainRow | undefined =>
    (server.tables[table] ?? server.tables[oldNameOf(table)])?.find(({ id }) => id === key);
  const scopesOf = (table: string, row: PlainRow): string[] =>
    (table === 'alerts' && server.schemaVersion < ALERTS_FOR_ALL_UNTIL
      ? [{ kind: 'everybody' } as const]
      : (TABLES[table]?.scopes ?? [])
    ).flatMap((words): string[] => {
      switch (words.kind) {
        case 'column':
          return row[words.column] === null ? [] : [`${words.prefix}${String(row[words.column])}`];
        case 'parent': {
          const parent = find(words.table, row[words.column]);
          return parent ? scopesOf(words.table, parent) : [];
        }
        case 'agents':
          return agents
            .filter((right) => (right.farm_id ?? right.farmId) === row.id)
            .map((right) => `agent:${String(right.agent_id ?? right.agentId)}`);
        default:
          return ['all'];
      }
    });
  return scopesOf;
};

/** The rows that a user may see, by plain comparison of scopes; columns that his roles may not read are null. */
export const rowsFor = (
  server: FinalServer,
  user: string,
  roles: readonly string[],
): Map<string, Map<string, PlainRow>> => {
  const scopes = new Set([...ownScopes(user), ...(server.scopes[user] ?? [])]);
  const scopesOf = scopesIn(server);
  const visible = new Map<string, Map<string, PlainRow>>();
  for (const [name, rows] of Object.entries(server.tables)) {
    const table = name === 'calls' ? 'visits' : name;
    const columns = TABLES[table]?.columns;
    if (!columns) continue;
    const seen = new Map<string, PlainRow>();
    for (const row of rows) {
      if (!scopesOf(table, row).some((scope) => scopes.has(scope))) continue;
      const shown = Object.entries(row).map(([column, value]) => {
        const readBy = columns[column]?.readBy;
        return [column, !readBy || readBy.some((role) => roles.includes(role)) ? value : null] as const;
      });
      seen.set(String(row.id), Object.fromEntries(shown));
    }
    visible.set(table, seen);
  }
  return visible;
};

/** At rest every screen shows what the user may see, no more, no less, in the words of its version (I1, I25). */
export const convergence = (): Checker => {
  /** Rows that a mutation touched, as the device names them. */
  const touched = new Map<string, Set<string>>();
  const compare = (client: FinalClient, server: FinalServer): Finding[] => {
    if (client.status.locked || client.truth.revoked || !client.truth.tokenValid) return [];
    // A device ahead of its server is told so, and keeps what it has.
    if (client.schemaVersion > server.schemaVersion) return [];
    const pending = new Set(
      client.outbox
        .filter(({ state }) => UNSETTLED.has(state))
        .flatMap(({ mutationId }) => [...(touched.get(mutationId) ?? [])]),
    );
    const findings: Finding[] = [];
    const differ = (table: string, key: string, shown: unknown, is: unknown): void => {
      if (pending.has(`${table}/${key}`)) return;
      findings.push({
        invariant: 'I1',
        message: `${client.client} (${client.user}) shows ${table} ${key} as ${text(shown)}, it is ${text(is)}`,
      });
    };
    for (const [newest, rows] of rowsFor(server, client.user, client.roles)) {
      const table = tableIn(client.schemaVersion, newest);
      if (table === null) continue;
      const shown = new Map((client.tables[table] ?? []).map((row) => [String(row.id), row]));
      for (const [key, row] of rows) {
        const is = shownIn(client.schemaVersion, server.schemaVersion, newest, row);
        const there = shown.get(key);
        // A column that a later version dropped shows what its step back says.
        const columns = Object.keys(is).filter((name) => name !== 'phone' || server.schemaVersion < 3);
        const same = there && columns.every((name) => text(there[name]) === text(is[name]));
        if (!same) differ(newest, key, there ?? null, is);
      }
      for (const [key, row] of shown) if (!rows.has(key)) differ(newest, key, row, null);
    }
    return findings.slice(0, 5);
  };
  return {
    name: 'convergence',
    hear(event: HistoryEvent): readonly Finding[] {
      if (event.kind === 'wrote') {
        const rows = touched.get(event.mutationId) ?? new Set<string>();
        for (const change of event.changes) {
          const newest = changeFrom(event.schemaVersion, change.table, change.values);
          rows.add(`${newest?.table ?? change.table}/${change.key}`);
        }
        touched.set(event.mutationId, rows);
      }
      if (event.kind !== 'quiesced' || event.healedWithin === null) return [];
      return event.clients.flatMap((client) => compare(client, event.server));
    },
  };
};
