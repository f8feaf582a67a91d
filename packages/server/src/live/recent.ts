import type { Value, Values } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';

/** An update of one row that a push of this node has committed. */
export interface RecentUpdate {
  readonly tableId: number;
  readonly key: string;
  /** The version that the row had, and the one that it has. */
  readonly base: number;
  readonly version: number;
  /** Columns that it changed, with what they are now. */
  readonly values: Values;
  /** Scopes that held it before. */
  readonly scopes: readonly string[];
}

/** Rows that are remembered; the oldest go first. */
const REMEMBERED = 2_000;

interface Known extends RecentUpdate {
  /** A round has told of it: what comes now stands on this version. */
  told: boolean;
}

/**
 * The latest updates by this node's pushes, so that a live page can carry the columns
 * that changed without asking the database which they were. What another node or plain
 * SQL wrote is not here, and comes whole.
 *
 * Updates that no round has told of yet are one: those who listen stand before the first.
 * Where that is wrong the client finds out by the base version, and asks for whole rows.
 */
export class RecentUpdates {
  readonly #known = new Map<string, Known>();

  note(update: RecentUpdate): void {
    const name = nameOf(update.tableId, update.key);
    const before = this.#known.get(name);
    this.#known.delete(name);
    const isOne = before !== undefined && !before.told && before.version === update.base;
    this.#known.set(name, {
      ...update,
      ...(isOne
        ? {
            base: before.base,
            values: { ...before.values, ...update.values },
            scopes: before.scopes.filter((scope) => update.scopes.includes(scope)),
          }
        : {}),
      told: false,
    });
    if (this.#known.size > REMEMBERED)
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
  }

  /** The update that made this version, where it is known and the scope held the row before. */
  tell(tableId: number, key: string, version: number, scope: string): RecentUpdate | undefined {
    const known = this.#known.get(nameOf(tableId, key));
    if (known === undefined || known.version !== version) return undefined;
    known.told = true;
    return known.scopes.includes(scope) ? known : undefined;
  }
}

const nameOf = (tableId: number, key: string): string => `${tableId} ${key}`;

const byContext = new WeakMap<ServerContext, RecentUpdates>();

export const recentUpdates = (ctx: ServerContext): RecentUpdates => {
  let updates = byContext.get(ctx);
  if (!updates) {
    updates = new RecentUpdates();
    byContext.set(ctx, updates);
  }
  return updates;
};

/** Rows of one scope by the columns that changed, as lines: one for each set of columns. */
export const patchLines = (
  scope: string,
  table: string,
  readable: ReadonlySet<string>,
  updates: readonly RecentUpdate[],
): string => {
  const bySet = new Map<string, { readonly names: readonly string[]; readonly updates: RecentUpdate[] }>();
  for (const update of updates) {
    const names = Object.keys(update.values).filter((name) => readable.has(name));
    const set = names.join('\n');
    const group = bySet.get(set);
    if (group) group.updates.push(update);
    else bySet.set(set, { names, updates: [update] });
  }
  return [...bySet.values()]
    .map(({ names, updates: list }) =>
      JSON.stringify({
        line: 'patch',
        scope,
        table,
        keys: list.map(({ key }) => key),
        bases: list.map(({ base }) => base),
        versions: list.map(({ version }) => version),
        columns: Object.fromEntries(
          names.map((name): [string, Value[]] => [name, list.map(({ values }) => values[name]!)]),
        ),
      }),
    )
    .join('\n');
};
