import {
  equalJson,
  type FieldWriter,
  hlcFromText,
  mergeRanges,
  type Ranges,
  subtractRanges,
} from '@satchel/core';
import { type Outcome, unreachable, type Values } from '@satchel/protocol';
import { rangesFromSql } from '../clients/seq-text.ts';
import type { ServerContext } from '../context.ts';
import type { Queryable } from '../postgres/database.ts';
import type { FactBook, RareFacts } from './fact-book.ts';
import type { WrittenSince } from './facts.ts';
import { type KnownRuns, runOf } from './known.ts';
import { keyOfAddress, type RowAddress, rowAddress, tableOf } from './row-address.ts';
import type { Submitted } from './submitted.ts';

/** What rare facts are looked up for. */
export interface RareGiven {
  readonly principalId: string;
  readonly submitted: readonly Submitted[];
  readonly runs: KnownRuns;
  /** The sender's word on what it has unsettled, by run. */
  readonly outstandingFrom: ReadonlyMap<string, number>;
  /** Mutations that waited on the server need not wait for earlier ones. */
  readonly isRelease: boolean;
}

/** Reads the facts that a decision missed, each kind in one statement for the whole batch. */
export const loadRare = async (
  ctx: ServerContext,
  tx: Queryable,
  facts: FactBook,
  given: RareGiven,
): Promise<void> => {
  for (const kind of facts.missed) await loadKind(ctx, tx, facts, given, kind);
  facts.missed.clear();
};

const loadKind = async (
  ctx: ServerContext,
  tx: Queryable,
  facts: FactBook,
  given: RareGiven,
  kind: RareFacts,
): Promise<void> => {
  switch (kind) {
    case 'writers':
      return facts.loadWriters(await readWriters(ctx, tx, [...facts.rows.keys()]));
    case 'times':
      return facts.loadTimes(await readTimes(ctx, tx, given.submitted));
    case 'bases':
      return facts.loadBases(await readBases(ctx, tx, given.submitted));
    case 'became':
      return facts.loadBecame(await readBecame(tx, given));
    case 'last-values':
      return facts.loadLastValues(await readLastValues(ctx, tx, facts));
    case 'reviews':
      return facts.loadReviews(await readReviews(ctx, tx, [...facts.rows.keys()]));
    case 'offers':
      return facts.loadOffers(await readOffers(ctx, tx, facts));
    case 'written-since':
      return facts.loadWrittenSince(await readWrittenSince(ctx, tx, facts));
    case 'outstanding':
      return facts.loadOutstanding(await readOutstanding(tx, given));
    default:
      return unreachable(kind);
  }
};

const idsAndKeys = (ctx: ServerContext, addresses: readonly RowAddress[]): [unknown, unknown] => [
  addresses.map((address) => ctx.tableIds.get(tableOf(address))),
  addresses.map(keyOfAddress),
];

const readWriters = async (
  ctx: ServerContext,
  tx: Queryable,
  addresses: readonly RowAddress[],
): Promise<ReadonlyMap<string, FieldWriter>> => {
  const { rows } = await tx.query<{
    place: number;
    column_name: string;
    hlc: string;
    roles: string[];
    mutation_id: string | null;
  }>(
    `select k.place::int as place, w.column_name, w.hlc, w.roles, w.mutation_id
       from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
       join satchel.writers w on w.table_id = k.table_id and w.key = k.key`,
    idsAndKeys(ctx, addresses),
    'push_writers',
  );
  return new Map(
    rows.map((row) => [
      `${addresses[row.place - 1]}\n${row.column_name}`,
      {
        hlc: hlcFromText(row.hlc),
        roles: row.roles,
        ...(row.mutation_id === null ? {} : { mutationId: row.mutation_id }),
      },
    ]),
  );
};

/** The versions on which changes are based. */
const basesOf = (
  submitted: readonly Submitted[],
): { readonly address: RowAddress; readonly version: number }[] =>
  submitted.flatMap(({ changes }) =>
    changes.flatMap(({ table, key, confirmed }) =>
      confirmed === undefined ? [] : [{ address: rowAddress(table, key), version: confirmed.version }],
    ),
  );

const readBases = async (
  ctx: ServerContext,
  tx: Queryable,
  submitted: readonly Submitted[],
): Promise<ReadonlyMap<string, Values>> => {
  const bases = basesOf(submitted);
  const { rows } = await tx.query<{ place: number; after: Values }>(
    `select k.place::int as place, a.after
       from unnest($1::smallint[], $2::text[], $3::bigint[]) with ordinality k(table_id, key, version, place)
       cross join lateral (
         select a.after from satchel.audit a
          where a.table_id = k.table_id and a.key = k.key and a.version <= k.version
          order by a.audit_id desc limit 1) a
      where a.after is not null`,
    [
      ...idsAndKeys(
        ctx,
        bases.map(({ address }) => address),
      ),
      bases.map(({ version }) => version),
    ],
    'push_bases',
  );
  return new Map(
    rows.map(({ place, after }) => {
      const { address, version } = bases[place - 1]!;
      return [`${address}\n${version}`, after];
    }),
  );
};

const readTimes = async (
  ctx: ServerContext,
  tx: Queryable,
  submitted: readonly Submitted[],
): Promise<ReadonlyMap<string, number>> => {
  const bases = basesOf(submitted);
  const { rows } = await tx.query<{ place: number; at: number }>(
    `select k.place::int as place, a.at
       from unnest($1::smallint[], $2::text[], $3::bigint[]) with ordinality k(table_id, key, version, place)
       cross join lateral (
         select a.at from satchel.audit a
          where a.table_id = k.table_id and a.key = k.key and a.version = k.version
          order by a.audit_id desc limit 1) a`,
    [
      ...idsAndKeys(
        ctx,
        bases.map(({ address }) => address),
      ),
      bases.map(({ version }) => version),
    ],
    'push_version_times',
  );
  return new Map(
    rows.map(({ place, at }) => {
      const { address, version } = bases[place - 1]!;
      return [`${address}\n${version}`, at];
    }),
  );
};

const readBecame = async (tx: Queryable, given: RareGiven): Promise<ReadonlyMap<string, Values>> => {
  const seen = new Set<string>();
  for (const { changes } of given.submitted) {
    for (const change of changes) {
      for (const { mutationId } of Object.values(change.seen ?? {})) seen.add(mutationId);
    }
  }
  const { rows } = await tx.query<{ mutation_id: string; outcome: Outcome }>(
    `select m.mutation_id, m.outcome
       from unnest($2::uuid[]) s(mutation_id)
       join satchel.mutations m on m.principal = $1 and m.mutation_id = s.mutation_id
      where m.state = 'settled'`,
    [given.principalId, [...seen]],
    'push_became',
  );
  const became = new Map<string, Values>();
  for (const { mutation_id, outcome } of rows) {
    for (const { table, key, newKey, row } of outcome.changes) {
      if (row) became.set(`${mutation_id}\n${rowAddress(table, newKey ?? key)}`, row);
    }
  }
  return became;
};

/** The values that the audit last saw of rows that are gone. */
const readLastValues = async (
  ctx: ServerContext,
  tx: Queryable,
  facts: FactBook,
): Promise<ReadonlyMap<RowAddress, Values>> => {
  const gone = [...facts.rows].flatMap(([address, { deleted }]) => (deleted ? [address] : []));
  const { rows } = await tx.query<{ place: number; before: Values }>(
    `select k.place::int as place, a.before
       from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
       cross join lateral (
         select a.before from satchel.audit a
          where a.table_id = k.table_id and a.key = k.key and a.op = 'delete' and a.before is not null
          order by a.audit_id desc limit 1) a`,
    idsAndKeys(ctx, gone),
    'push_last_values',
  );
  return new Map(rows.map(({ place, before }) => [gone[place - 1]!, before]));
};

const readReviews = async (
  ctx: ServerContext,
  tx: Queryable,
  addresses: readonly RowAddress[],
): Promise<ReadonlyMap<RowAddress, string>> => {
  const { rows } = await tx.query<{ place: number; conflict_id: string }>(
    `select k.place::int as place, c.conflict_id
       from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
       join satchel.conflicts c on c.table_id = k.table_id and c.key = k.key
      where c.state <> 'settled'
      order by c.created_at desc`,
    idsAndKeys(ctx, addresses),
    'push_open_reviews',
  );
  // The oldest open one stands last and stays.
  return new Map(rows.map(({ place, conflict_id }) => [addresses[place - 1]!, conflict_id]));
};

const readOffers = async (
  ctx: ServerContext,
  tx: Queryable,
  facts: FactBook,
): Promise<ReadonlyMap<string, number>> => {
  const addresses = [...facts.rows.keys()];
  const { rows } = await tx.query<{ place: number; column_name: string; version: number }>(
    `select k.place::int as place, o.column_name, o.version
       from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
       join satchel.offers o on o.epoch = $3 and o.table_id = k.table_id and o.key = k.key`,
    [...idsAndKeys(ctx, addresses), facts.offering?.space],
    'push_offers',
  );
  return new Map(rows.map((row) => [`${addresses[row.place - 1]}\n${row.column_name}`, row.version]));
};

/** By the audit: what writers of the present history, other than offers, did to the rows. */
const readWrittenSince = async (
  ctx: ServerContext,
  tx: Queryable,
  facts: FactBook,
): Promise<ReadonlyMap<RowAddress, WrittenSince>> => {
  const addresses = [...facts.rows.keys()];
  const { rows } = await tx.query<{ place: number; op: string; before: Values | null; after: Values | null }>(
    `select k.place::int as place, a.op, a.before, a.after
       from unnest($1::smallint[], $2::text[]) with ordinality k(table_id, key, place)
       join satchel.audit a on a.table_id = k.table_id and a.key = k.key
      where a.at >= $3 and a.source <> 'offer'`,
    [...idsAndKeys(ctx, addresses), facts.offering?.openedAt ?? 0],
    'push_written_since',
  );
  const written = new Map<RowAddress, { columns: Set<string>; row: boolean }>();
  for (const { place, op, before, after } of rows) {
    const address = addresses[place - 1]!;
    const known = written.get(address) ?? { columns: new Set<string>(), row: false };
    written.set(address, known);
    known.row ||= op !== 'update';
    for (const [name, value] of Object.entries(after ?? {})) {
      if (!equalJson(value, before?.[name] ?? null)) known.columns.add(name);
    }
  }
  return written;
};

/** Seqs of the batch's runs that the server has never seen and that the client may still send. */
const readOutstanding = async (tx: Queryable, given: RareGiven): Promise<ReadonlyMap<string, Ranges>> => {
  const outstanding = new Map<string, Ranges>();
  if (given.isRelease) return outstanding;
  const bySeqs = new Map<string, Submitted[]>();
  for (const one of given.submitted) {
    const list = bySeqs.get(runOf(one));
    if (list) list.push(one);
    else bySeqs.set(runOf(one), [one]);
  }
  for (const [run, list] of bySeqs) {
    const seqs = list.map(({ mutation }) => mutation.seq);
    const from = given.outstandingFrom.get(run) ?? 1;
    const to = seqs.reduce((highest, seq) => Math.max(highest, seq), 0);
    const { clientId, runId } = list[0]!;
    const { rows } = await tx.query<{ seqs: string | null }>(
      `select range_agg(int8range(seq, seq, '[]'))::text as seqs from satchel.mutations
        where client_id = $1 and run_id = $2 and seq >= $3 and seq <= $4`,
      [clientId, runId, from, to],
      'push_seqs_there',
    );
    const known = given.runs.get(run);
    const there = [
      ...rangesFromSql(rows[0]?.seqs ?? '{}'),
      ...(known?.settled ?? []),
      ...(known?.acked ?? []),
      ...seqs.map((seq) => [seq, seq] as const),
    ];
    outstanding.set(run, to < from ? [] : subtractRanges([[from, to]], mergeRanges(there, [])));
  }
  return outstanding;
};
