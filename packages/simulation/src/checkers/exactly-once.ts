import { changeFrom, TABLES } from '../app/description.ts';
import type { Checker, Finding } from '../checker.ts';
import type { CommittedRow, HistoryEvent } from '../history.ts';
import { tableOf, wordOf } from './rows-seen.ts';

const EFFECTIVE: ReadonlySet<string> = new Set(['applied', 'merged', 'superseded']);

type Write = Extract<HistoryEvent, { kind: 'wrote' | 'write-torn' }>;

/** What a sum may be when each of these counts or does not. */
const withSome = (sum: number, moves: readonly number[]): ReadonlySet<number> => {
  const sums = new Set([sum]);
  for (const by of moves) for (const one of [...sums]) sums.add(one + by);
  return sums;
};

/**
 * Effects happen once (I3): no mutation is settled in two transactions, and each counter
 * moved, by the server's own hand, by the sum of what the settled mutations moved it. A
 * write that was torn by a kill, and never told, is there as a whole or not at all.
 * Rows that were deleted, or came under another key, are left out; so is what follows a
 * restore of the database.
 */
export const exactlyOnce = (): Checker => {
  const settledAt = new Map<string, number>();
  const outcomes = new Map<string, string>();
  const moved = new Map<string, number>();
  const wanted = new Map<string, Map<string, number>>();
  /** Where writes that were torn by a kill moved counters to: all of each, or nothing. */
  const torn = new Map<string, number[]>();
  const left = new Set<string>();
  let restored = false;

  const noteRow = ({ table, op, before, after }: CommittedRow): void => {
    const name = tableOf(table);
    const columns = TABLES[name]?.columns;
    if (!columns) return;
    const key = String((after ?? before)?.id);
    if (op === 'delete') left.add(`${name}/${key}`);
    if (op !== 'update' || !before || !after) return;
    for (const [column, value] of Object.entries(after)) {
      if (columns[wordOf(column)]?.kind !== 'counter') continue;
      const place = `${name}/${key}/${wordOf(column)}`;
      moved.set(place, (moved.get(place) ?? 0) + Number(value) - Number(before[column]));
    }
  };

  /** The places whose counters a write moves, and by how much. */
  const noteWrite = (event: Write): [place: string, by: number][] =>
    event.changes.flatMap(({ table, key, op, values, before }) => {
      const newest = changeFrom(event.schemaVersion, table, values);
      if (!newest) return [];
      // What an insert brought, and what its folded edits moved, comes with the row.
      if (op !== 'update') left.add(`${op === 'insert' ? 'made ' : ''}${newest.table}/${key}`);
      return Object.entries(newest.values).flatMap(([column, value]): [string, number][] =>
        op === 'update' && TABLES[newest.table]?.columns[column]?.kind === 'counter'
          ? [[`${newest.table}/${key}/${column}`, Number(value) - Number(before?.[column] ?? 0)]]
          : [],
      );
    });

  return {
    name: 'exactly once',
    hear(event: HistoryEvent): readonly Finding[] {
      if (event.kind === 'database-restored') restored = true;
      if (event.kind === 'wrote') {
        const moves = wanted.get(event.mutationId) ?? new Map<string, number>();
        for (const [place, by] of noteWrite(event)) moves.set(place, (moves.get(place) ?? 0) + by);
        wanted.set(event.mutationId, moves);
      }
      if (event.kind === 'write-torn')
        for (const [place, by] of noteWrite(event)) torn.set(place, [...(torn.get(place) ?? []), by]);
      if (event.kind === 'committed') {
        const findings: Finding[] = [];
        for (const row of event.rows) {
          if (event.by === 'server') noteRow(row);
          else if (row.op === 'delete') left.add(`${tableOf(row.table)}/${String(row.before?.id)}`);
        }
        for (const { mutationId, state, outcome } of event.mutations) {
          if (state !== 'settled') continue;
          const known = settledAt.get(mutationId);
          if (
            known !== undefined &&
            known !== event.order &&
            !restored &&
            outcome !== outcomes.get(mutationId)
          )
            findings.push({
              invariant: 'I3',
              message: `${mutationId} was settled in commit ${known} as ${outcomes.get(mutationId)} and again in ${event.order} as ${outcome}`,
            });
          settledAt.set(mutationId, event.order);
          if (outcome) outcomes.set(mutationId, outcome);
        }
        return findings;
      }
      if (event.kind !== 'quiesced' || restored) return [];
      const sums = new Map<string, number>();
      for (const [id, moves] of wanted) {
        if (!EFFECTIVE.has(outcomes.get(id) ?? '')) continue;
        for (const [place, by] of moves) sums.set(place, (sums.get(place) ?? 0) + by);
      }
      const findings: Finding[] = [];
      for (const place of new Set([...sums.keys(), ...moved.keys()])) {
        const row = place.slice(0, place.lastIndexOf('/'));
        if (left.has(row) || left.has(`made ${row}`)) continue;
        const [is, due] = [moved.get(place) ?? 0, sums.get(place) ?? 0];
        if (!withSome(due, torn.get(place) ?? []).has(is))
          findings.push({
            invariant: 'I3',
            message: `${place} moved by ${is}, the settled writes say ${due}`,
          });
      }
      return findings.slice(0, 5);
    },
  };
};
