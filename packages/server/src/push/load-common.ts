import type { Problem } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import { together } from '../postgres/together.ts';
import { scopesFor } from '../pull/scopes.ts';
import { type CommonFacts, FactBook, type KnownRename, type WaitingMutation } from './fact-book.ts';
import type { Ruling } from './facts.ts';
import type { KnownRuns } from './known.ts';
import { underNewKeys } from './new-keys.ts';
import type { Offering } from './offering.ts';
import { readRows, type Wanted } from './read-rows.ts';
import { type RowAddress, rowAddress } from './row-address.ts';
import type { Submitted } from './submitted.ts';

/** What a mutation that waits leaves in `satchel.mutations.body`. */
export interface WaitingBody {
  readonly mutation: Submitted['mutation'];
  /** Rows that it touches, under the server's names and keys. */
  readonly rows: readonly (readonly [table: string, key: string])[];
  /** The reviews that it waits for. */
  readonly conflictIds?: readonly string[];
  /** Set aside at a decision: why it cannot be applied. */
  readonly problem?: Problem;
}

export interface BatchGiven {
  readonly principal: Principal;
  readonly now: number;
  readonly submitted: readonly Submitted[];
  readonly runs: KnownRuns;
  readonly rulings: ReadonlyMap<RowAddress, Ruling>;
  readonly isTrusted: boolean;
  readonly offering: Offering | undefined;
}

/** Locks the rows of a batch and reads what every batch is decided from. */
export const loadCommon = async (ctx: ServerContext, tx: Queryable, given: BatchGiven): Promise<FactBook> => {
  const clients = [...new Set(given.submitted.map(({ clientId }) => clientId))];
  const batch = new Set(given.submitted.map(({ mutation }) => mutation.mutationId));
  const [renames, waiting] = await together([readRenames(ctx, tx, clients), readWaiting(tx, clients, batch)]);
  const common = (rows: CommonFacts['rows'], scopes: readonly string[]): FactBook =>
    new FactBook({
      app: ctx.app,
      principal: given.principal,
      now: given.now,
      scopes: new Set(scopes),
      rows,
      runs: given.runs,
      renames,
      waiting,
      rulings: given.rulings,
      isTrusted: given.isTrusted,
      offering: given.offering,
    });
  const [rows, scopes] = await together([
    readRows(ctx, tx, touchedRows(given.submitted, common(new Map(), []))),
    // Under the locks, which the statement before takes: a right that was taken away
    // before they were had is not there any more.
    scopesFor(ctx, tx, given.principal),
  ]);
  return common(rows, scopes);
};

/** Every row that the batch names, under the keys that the server gave. */
const touchedRows = (submitted: readonly Submitted[], facts: FactBook): Wanted => {
  const wanted = new Map<RowAddress, { history: boolean }>();
  for (const one of submitted) {
    if (one.refused) continue;
    for (const change of one.changes) {
      const table = facts.app.tables[change.table];
      if (table === undefined) continue;
      const { key } = facts.hasNewKeys
        ? underNewKeys(table, change, (address) => facts.newKey(one, address))
        : change;
      const address = rowAddress(table.name, key);
      const history = change.op !== 'insert';
      const known = wanted.get(address);
      if (known === undefined) wanted.set(address, { history });
      else known.history ||= history;
    }
  }
  return wanted;
};

const readRenames = async (
  ctx: ServerContext,
  tx: Queryable,
  clients: readonly string[],
): Promise<readonly KnownRename[]> => {
  const { rows } = await tx.query<{
    client_id: string;
    table_id: number;
    old_key: string;
    new_key: string;
    run_id: string;
    seq: number;
    renamed_run: string | null;
    renamed_from: number | null;
  }>(
    `select client_id, table_id, old_key, new_key, run_id, seq, renamed_run, renamed_from
       from satchel.renames where client_id = any($1::uuid[])`,
    [clients],
    'push_renames',
  );
  if (rows.length === 0) return [];
  const names = new Map([...ctx.tableIds].map(([name, id]) => [id, name]));
  return rows.map((row) => ({
    clientId: row.client_id,
    address: rowAddress(names.get(row.table_id) ?? '', row.old_key),
    newKey: row.new_key,
    runId: row.run_id,
    seq: row.seq,
    renamed:
      row.renamed_run === null || row.renamed_from === null
        ? undefined
        : { runId: row.renamed_run, from: row.renamed_from },
  }));
};

const readWaiting = async (
  tx: Queryable,
  clients: readonly string[],
  batch: ReadonlySet<string>,
): Promise<readonly WaitingMutation[]> => {
  const { rows } = await tx.query<{
    mutation_id: string;
    client_id: string;
    run_id: string;
    seq: number;
    body: WaitingBody;
    parent_table: string | null;
    parent_key: string | null;
    until: number | null;
  }>(
    `select m.mutation_id, m.client_id, m.run_id, m.seq, m.body, t.name as parent_table, h.parent_key, h.until
       from satchel.mutations m
       left join satchel.held h on h.principal = m.principal and h.mutation_id = m.mutation_id
       left join satchel.tables t on t.table_id = h.parent_table
      where m.state in ('held', 'review') and m.client_id = any($1::uuid[])
      order by m.received_at, m.seq`,
    [clients],
    'push_waiting',
  );
  return rows
    .filter(({ mutation_id }) => !batch.has(mutation_id))
    .map((row) => ({
      clientId: row.client_id,
      runId: row.run_id,
      seq: row.seq,
      addresses: row.body.rows.map(([table, key]) => rowAddress(table, key)),
      waiting:
        row.parent_table === null || row.parent_key === null
          ? { kind: 'review', conflictIds: row.body.conflictIds ?? [] }
          : { kind: 'held', parent: { table: row.parent_table, key: row.parent_key }, until: row.until ?? 0 },
    }));
};
