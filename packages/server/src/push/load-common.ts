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
import { offeredKey } from './offered-key.ts';
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
  readonly renames: readonly KnownRename[];
  readonly waiting: readonly WaitingMutation[];
  readonly rulings: ReadonlyMap<RowAddress, Ruling>;
  readonly isTrusted: boolean;
  readonly offering: Offering | undefined;
}

/** Locks the rows of a batch and reads what every batch is decided from. */
export const loadCommon = async (ctx: ServerContext, tx: Queryable, given: BatchGiven): Promise<FactBook> => {
  const batch = new Set(given.submitted.map(({ mutation }) => mutation.mutationId));
  const waiting = given.waiting.filter(({ mutationId }) => !batch.has(mutationId));
  const common = (rows: CommonFacts['rows'], scopes: readonly string[]): FactBook =>
    new FactBook({
      app: ctx.app,
      principal: given.principal,
      now: given.now,
      scopes: new Set(scopes),
      rows,
      runs: given.runs,
      renames: given.renames,
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
    for (const [index, change] of one.changes.entries()) {
      const table = facts.app.tables[change.table];
      if (table === undefined) continue;
      const { key } = facts.hasNewKeys
        ? underNewKeys(table, change, (address) => facts.newKey(one, address))
        : change;
      const history = change.op !== 'insert';
      const keys = new Set([key, offeredKey(one, index) ?? key]);
      for (const address of [...keys].map((one) => rowAddress(table.name, one))) {
        const known = wanted.get(address);
        if (known === undefined) wanted.set(address, { history });
        else known.history ||= history;
      }
    }
  }
  return wanted;
};

export interface RenameRow {
  readonly client_id: string;
  readonly table_id: number;
  readonly old_key: string;
  readonly new_key: string;
  readonly run_id: string;
  readonly seq: number;
  readonly renamed_run: string | null;
  readonly renamed_from: number | null;
}

export const renamesOf = (ctx: ServerContext, rows: readonly RenameRow[]): readonly KnownRename[] => {
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

export interface WaitingMutationRow {
  readonly mutation_id: string;
  readonly client_id: string;
  readonly run_id: string;
  readonly seq: number;
  readonly body: WaitingBody;
  readonly parent_table: string | null;
  readonly parent_key: string | null;
  readonly until: number | null;
}

export const waitingOf = (rows: readonly WaitingMutationRow[]): readonly WaitingMutation[] =>
  rows.map((row) => ({
    mutationId: row.mutation_id,
    clientId: row.client_id,
    runId: row.run_id,
    seq: row.seq,
    addresses: row.body.rows.map(([table, key]) => rowAddress(table, key)),
    waiting:
      row.parent_table === null || row.parent_key === null
        ? { kind: 'review', conflictIds: row.body.conflictIds ?? [] }
        : { kind: 'held', parent: { table: row.parent_table, key: row.parent_key }, until: row.until ?? 0 },
  }));
