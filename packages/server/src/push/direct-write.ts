import type { Values } from '@satchel/protocol';
import { needsWriters, type Principal } from '@satchel/schema';
import type { ServerContext } from '../context.ts';
import type { Transaction } from '../postgres/database.ts';
import { readWritten } from './after-write.ts';
import type { Source } from './apply.ts';
import { jsonParameter } from './json-parameter.ts';
import { keyOfAddress, type RowAddress, tableOf } from './row-address.ts';
import { type NetEffect, writeRows } from './write-rows.ts';

/** Who writes a row by a decision instead of by a mutation. */
export interface DirectWriter {
  readonly source: Source;
  readonly principal: Pick<Principal, 'userId' | 'channel' | 'roles'>;
}

/** Says to the capture triggers who writes, and reads the clock. */
export const beginDirectWrite = async (tx: Transaction, source: Source): Promise<number> => {
  const { rows } = await tx.query<{ now: number }>(
    `select set_config('satchel.source', $1, true), set_config('satchel.writer', '', true), satchel.now_ms() as now`,
    [source],
    'push_begin_direct',
  );
  return rows[0]?.now ?? 0;
};

/**
 * Writes one row that is locked already, with its audit and its stamps: an edit made on
 * the server, now.
 *
 * @returns the row's version; `undefined` when there was nothing to write
 */
export const writeDirectly = async (
  ctx: ServerContext,
  tx: Transaction,
  writer: DirectWriter,
  address: RowAddress,
  before: Values | null,
  after: Values | null,
): Promise<number | undefined> => {
  const effect: NetEffect = { address, before, after };
  if (before === null && after === null) return undefined;
  const now = await beginDirectWrite(tx, writer.source);
  await writeRows(ctx, tx, [effect]);
  const written = await readWritten(ctx, tx, [effect], []);
  const version = written.rows.get(address)?.version;
  const again = written.again.get(address);
  const tableId = ctx.tableIds.get(tableOf(address));
  const key = keyOfAddress(address);
  await tx.query(
    `insert into satchel.audit (at, table_id, key, op, before, after, version, source, user_id, channel)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      now,
      tableId,
      key,
      before === null ? 'insert' : after === null ? 'delete' : 'update',
      before === null ? null : jsonParameter(before),
      after === null ? null : jsonParameter(again ?? after),
      version ?? null,
      writer.source,
      writer.principal.userId,
      writer.principal.channel,
    ],
    'push_audit_direct',
  );
  const table = ctx.app.tables[tableOf(address)];
  const stamped = table === undefined || after === null ? [] : needsWriters(table);
  if (stamped.length > 0) {
    await tx.query(
      `insert into satchel.writers (table_id, key, column_name, hlc, roles, mutation_id, version)
       select $1, $2, c.name, $3, $4, null, $5 from unnest($6::text[]) c(name)
       on conflict (table_id, key, column_name) do update
         set hlc = excluded.hlc, roles = excluded.roles, mutation_id = null, version = excluded.version`,
      [
        tableId,
        key,
        `${now}:0:server`,
        [...writer.principal.roles],
        version ?? null,
        stamped.filter(
          (name) => before === null || JSON.stringify(before[name]) !== JSON.stringify(after?.[name]),
        ),
      ],
      'push_stamp_direct',
    );
  }
  return version;
};
