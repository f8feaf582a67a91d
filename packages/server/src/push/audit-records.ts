import type { Values } from '@satchel/protocol';
import type { ServerContext } from '../context.ts';
import type { Source } from './apply.ts';
import type { RowAddress } from './row-address.ts';
import type { Written } from './settle.ts';
import type { SettledVerdict } from './verdict.ts';

export interface AuditRecord {
  readonly t: number | undefined;
  readonly k: string;
  readonly o: 'insert' | 'update' | 'delete';
  readonly b: Values | null;
  readonly a: Values | null;
  readonly v: number | undefined;
  readonly m: string;
  readonly c: string;
  readonly s: Source;
}

/** Rows of the audit: for each effect of each mutation. The last effect on a row shows what the database made of it. */
export const auditRecords = (
  ctx: ServerContext,
  settled: readonly SettledVerdict[],
  written: Written,
  source: Source,
  isOffering: boolean,
): readonly AuditRecord[] => {
  const last = new Map<RowAddress, SettledVerdict>();
  for (const verdict of settled) for (const { address } of verdict.effects) last.set(address, verdict);
  return settled.flatMap((verdict) =>
    verdict.effects.map(({ address, table, key, before, after }): AuditRecord => {
      const final = last.get(address) === verdict ? written.again.get(address) : undefined;
      return {
        t: ctx.tableIds.get(table),
        k: key,
        o: before === null ? 'insert' : after === null ? 'delete' : 'update',
        b: before,
        a: after === null ? null : (final ?? after),
        v: written.version(address),
        m: verdict.submitted.mutation.mutationId,
        c: verdict.submitted.clientId,
        s: isOffering && verdict.submitted.offer ? 'offer' : source,
      };
    }),
  );
};

/** Records for `auditInsert`: what most of a batch have in common is left out. */
export const auditParameter = (
  records: readonly AuditRecord[],
  client: string | undefined,
  source: Source,
): readonly Partial<AuditRecord>[] =>
  records.map(({ t, k, o, b, a, v, m, c, s }) => {
    const record: { -readonly [K in keyof AuditRecord]?: AuditRecord[K] } = { t, k, o, a, v, m };
    if (b !== null) record.b = b;
    if (c !== client) record.c = c;
    if (s !== source) record.s = s;
    return record;
  });

/** Each a piece of SQL; `client` and `source` of the records that say none. */
export const auditInsert = (given: {
  readonly at: string;
  readonly user: string;
  readonly channel: string;
  readonly records: string;
  readonly client: string;
  readonly source: string;
}): string =>
  `insert into satchel.audit
     (at, table_id, key, op, before, after, version, source, mutation_id, client_id, user_id, channel)
   select ${given.at}, r.t, r.k, r.o, r.b, r.a, r.v, coalesce(r.s, ${given.source}), r.m,
          coalesce(r.c, ${given.client}), ${given.user}, ${given.channel}
     from json_to_recordset(${given.records}::json)
       as r(t smallint, k text, o text, b jsonb, a jsonb, v bigint, m uuid, c uuid, s text)`;

export const AUDIT = auditInsert({
  at: '$1',
  user: '$2',
  channel: '$3',
  records: '$4',
  client: 'null::uuid',
  source: 'null::text',
});
