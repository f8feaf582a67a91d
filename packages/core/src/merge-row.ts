import type { Change, Value, Values } from '@satchel/protocol';
import { columnOf } from './column.ts';
import { type ConflictDraft, type MergeTable, policySays } from './conflict-draft.ts';
import { equalValues } from './equal-values.ts';
import type { Hlc } from './hlc.ts';
import { type FieldResult, type FieldVersions, type MergeFacts, mergeField } from './merge-field.ts';
import { policyOf, type UpdatePolicy } from './policy.ts';
import { type RowVerdict, rejected, verdict } from './row-verdict.ts';
import { believedStamp, comesBefore, writerColumns } from './writer.ts';

export interface RowFacts extends MergeFacts {
  /** What the outcome of that mutation says the column of this row became; `undefined` when nothing is known. */
  became?(mutationId: string, column: string): Value | undefined;
}

/** What is known of a column of a change, against the server's row. */
const versionsOf = (
  change: Change,
  column: string,
  server: Value,
  facts: RowFacts,
): Omit<FieldVersions, 'client'> => {
  const seen = change.seen?.[column];
  return {
    base: change.confirmed?.values[column],
    seen: seen?.value,
    became: seen && facts.became?.(seen.mutationId, column),
    server,
  };
};

/** A field of a change with its result. */
export interface MergedField {
  readonly name: string;
  readonly policy: UpdatePolicy;
  readonly versions: FieldVersions;
  readonly merged: FieldResult;
}

const pick = (fields: readonly MergedField[], value: (field: MergedField) => Value | undefined): Values => {
  const values: [string, Value][] = [];
  for (const field of fields) {
    const found = value(field);
    if (found !== undefined) values.push([field.name, found]);
  }
  return Object.fromEntries(values);
};

/** The server had the user's value already. */
const agrees = (table: MergeTable, { name, versions, merged }: MergedField): boolean =>
  merged.result === 'same' && equalValues(table.columns[name]!, versions.client, versions.server);

const isReview = ({ merged }: MergedField): boolean => merged.result === 'review';
const lost = ({ merged }: MergedField): boolean => merged.result === 'server';

/** One conflict for all clashing columns; the gravest of them says who decides. */
const draftConflict = (
  kind: ConflictDraft['kind'],
  clashes: readonly MergedField[],
): ConflictDraft | undefined => {
  const gravest = clashes.find(isReview) ?? clashes.find(lost) ?? clashes[0];
  if (!gravest) return undefined;
  const { merged, policy } = gravest;
  const bases = pick(clashes, ({ versions }) =>
    versions.seen === undefined ? versions.base : versions.seen,
  );
  const open = merged.result === 'review';
  const all = (result: FieldResult['result']): boolean =>
    clashes.every((field) => field.merged.result === result);
  const decision = all('client') ? 'accept-client' : all('server') ? 'accept-server' : 'merged';
  return {
    kind,
    state: open ? 'open' : 'settled',
    columns: clashes.map(({ name }) => name),
    base: Object.keys(bases).length > 0 ? bases : null,
    client: pick(clashes, ({ versions }) => versions.client),
    server: pick(clashes, ({ versions }) => versions.server),
    result: pick(clashes, (field) => field.merged.value),
    ...policySays(policy, open ? merged.policy : policy),
    ...(!open && { decision }),
  };
};

const gained = ({ merged }: MergedField): boolean =>
  merged.result === 'client' || merged.result === 'merged' || merged.result === 'review';

/** Stamps of the columns that the mutation wrote, or whose value it wrote too and would have won. */
const stampsOf = (
  table: MergeTable,
  fields: readonly MergedField[],
  facts: RowFacts,
): Record<string, Hlc> => {
  const asked = writerColumns(table.columns, table.conflicts);
  const stamps: Record<string, Hlc> = {};
  for (const field of fields) {
    const wanted = asked.get(field.name);
    if (wanted === undefined) continue;
    const hlc = believedStamp(facts.hlc, facts.clock, wanted);
    const writer = facts.serverWriter(field.name);
    const wouldWin = !writer || comesBefore(wanted, { hlc, mutationId: facts.mutationId }, writer);
    if (gained(field) || (agrees(table, field) && wouldWin)) stamps[field.name] = hlc;
  }
  return stamps;
};

/** How the fields of a row come out together. */
export const summarizeFields = (
  table: MergeTable,
  key: string,
  kind: ConflictDraft['kind'],
  fields: readonly MergedField[],
  facts: RowFacts,
): RowVerdict => {
  const overflowed = fields.find(({ merged }) => merged.result === 'overflow');
  if (overflowed) return rejected('counter_overflow', { table: table.name, column: overflowed.name, key });
  const clashes = fields.filter(({ merged }) => merged.clash);
  const conflict = draftConflict(kind, clashes);
  if (conflict && fields.some(({ merged }) => merged.result === 'review' && merged.until === 'hold')) {
    return verdict('review', 'none', { conflict: { ...conflict, result: conflict.server } });
  }
  const written = fields.filter(gained);
  const mixed = fields.some(({ merged }) => merged.result === 'merged');
  const outcome = fields.some(lost) ? 'superseded' : conflict || mixed ? 'merged' : 'applied';
  return verdict(outcome, written.length > 0 ? 'update' : 'none', {
    write: pick(written, ({ merged }) => merged.value),
    took: fields.filter((field) => gained(field) || agrees(table, field)).map(({ name }) => name),
    stamps: stampsOf(table, fields, facts),
    ...(conflict && { conflict }),
  });
};

/**
 * Merges an update into the row that the server has, field by field. Columns that the
 * change does not name are left alone, so edits of different columns never meet.
 */
export const mergeRow = (
  table: MergeTable,
  change: Change,
  serverRow: Values,
  facts: RowFacts,
): RowVerdict => {
  const fields: MergedField[] = [];
  for (const [name, client] of Object.entries(change.values ?? {})) {
    const column = columnOf(table.columns, name);
    if (!column) return rejected('column_unknown', { table: table.name, column: name });
    const policy = policyOf(table.conflicts, name);
    const versions = { client, ...versionsOf(change, name, serverRow[name] ?? null, facts) };
    const place = { table: table.name, key: change.key };
    fields.push({ name, policy, versions, merged: mergeField(column, versions, policy, facts, place) });
  }
  return summarizeFields(table, change.key, 'update', fields, facts);
};
