import { unreachable } from '@satchel/protocol';
import { type ClockBounds, clampHlc } from './clamp.ts';
import type { Columns } from './column.ts';
import { compareHlc, type Hlc } from './hlc.ts';
import { type ConflictPolicies, policyOf, type UpdatePolicy } from './policy.ts';

/** Who wrote a field last, as `satchel.writers` keeps it (rule 65). */
export interface FieldWriter {
  /** As the server believed it; plain SQL has the server's clock at capture. */
  readonly hlc: Hlc;
  /** Authenticated roles at receipt; none for plain SQL. */
  readonly roles: readonly string[];
  readonly mutationId?: string;
}

/** Which of two edits the policy prefers. */
export type Wanted = 'later' | 'earlier';

/**
 * A stamp as far as the server believes it. A clock that is far out loses either way:
 * it counts as the lower bound where the later edit wins, as the upper where the
 * earlier one does.
 */
export const believedStamp = (hlc: Hlc, { lower, upper, tolerance }: ClockBounds, wanted: Wanted): Hlc =>
  clampHlc(hlc, lower, upper, tolerance, wanted === 'later' ? 'lower' : 'upper');

type Edit = Pick<FieldWriter, 'hlc' | 'mutationId'>;

const compareEdits = (a: Edit, b: Edit): number => {
  const [left, right] = [a.mutationId ?? '', b.mutationId ?? ''];
  return compareHlc(a.hlc, b.hlc) || (left < right ? -1 : left > right ? 1 : 0);
};

/** Whether `mine` beats `theirs`; ties go by node, then by mutation. */
export const comesBefore = (wanted: Wanted, mine: Edit, theirs: Edit): boolean =>
  wanted === 'later' ? compareEdits(mine, theirs) > 0 : compareEdits(mine, theirs) < 0;

/**
 * The columns whose last writer the policies of a table ask for, and which of two
 * edits counts there: what `satchel.writers` must keep.
 */
export const writerColumns = (columns: Columns, conflicts: ConflictPolicies): ReadonlyMap<string, Wanted> => {
  const asked = new Map<string, Wanted>();
  const ask = (name: string, wanted: Wanted): void => {
    if (asked.get(name) !== 'earlier') asked.set(name, wanted);
  };
  const walk = (name: string, policy: UpdatePolicy): void => {
    switch (policy.kind) {
      case 'latest-wins':
        ask(name, 'later');
        break;
      case 'earliest-wins':
        ask(policy.column ?? name, 'earlier');
        break;
      case 'role-wins':
        ask(name, 'later');
        if (policy.then) walk(name, policy.then);
        break;
      case 'merge':
        if (policy.then) walk(name, policy.then);
        break;
      case 'server-wins':
      case 'client-wins':
      case 'review':
      case 'custom':
        break;
      default:
        unreachable(policy);
    }
  };
  for (const name of Object.keys(columns)) walk(name, policyOf(conflicts, name));
  return asked;
};
