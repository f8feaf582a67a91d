import type { Mutation, Problem } from '@satchel/protocol';
import type { Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import type { WaitingBody } from './load-common.ts';
import { prepare } from './prepare.ts';
import { senderOf } from './sender.ts';
import type { Submitted } from './submitted.ts';

/** A mutation that waits on the server. */
export interface WaitingRow {
  readonly principal: string;
  readonly mutation_id: string;
  readonly batch_id: string | null;
  readonly client_id: string;
  readonly run_id: string;
  readonly author: string;
  readonly hash: string;
  readonly body: WaitingBody;
}

export const WAITING_COLUMNS = `m.principal, m.mutation_id, m.batch_id, m.client_id, m.run_id, m.author,
  encode(m.hash, 'hex') as hash, m.body`;

/** Mutations of one sender, ready to be tried again with the rights they came with. */
export interface WaitingGroup {
  readonly principal: Principal;
  readonly submitted: readonly Submitted[];
}

/** Makes waiting mutations ready, grouped by who sent them with which rights. */
export const prepareWaiting = async (
  ctx: ServerContext,
  db: Queryable,
  rows: readonly WaitingRow[],
  more: (row: WaitingRow) => { readonly until?: number; readonly refused?: Problem } = () => ({}),
): Promise<readonly WaitingGroup[]> => {
  const groups = new Map<string, { principal: Principal; submitted: Submitted[] }>();
  for (const row of rows) {
    const name = JSON.stringify([row.principal, row.batch_id]);
    let group = groups.get(name);
    if (group === undefined) {
      group = { principal: await senderOf(db, row.principal, row.batch_id, row.author), submitted: [] };
      groups.set(name, group);
    }
    const sender = { clientId: row.client_id, runId: row.run_id };
    const mutation: Mutation = row.body.mutation;
    const ready = prepare(ctx.app, group.principal, sender, mutation);
    const { refused, ...rest } = more(row);
    // The hash is that of the text that came: jsonb may write it in another way.
    group.submitted.push({
      ...ready,
      ...sender,
      hash: row.hash,
      ...rest,
      ...(refused ? { refused, changes: [] } : {}),
    });
  }
  return [...groups.values()];
};
