import type { AlertSettings, Table, UnacknowledgedRows } from './app.ts';
import { hours, minutes } from './durations.ts';
import { checkKnown, checkSettings, checkWhole, mistake } from './mistake.ts';
import { checkColumn } from './names.ts';

/** Operators' alerts as an app writes them. */
export interface AlertsInput {
  readonly conflictRate?: Partial<AlertSettings['conflictRate']>;
  readonly unacknowledged?: readonly UnacknowledgedInput[];
}

export interface UnacknowledgedInput {
  readonly table: string;
  /** The column that is null until somebody acknowledges. */
  readonly column: string;
  /** The column with the time the row was made; absent: when the server first had it. */
  readonly made?: string;
  /** Milliseconds. Default 15 minutes. */
  readonly after?: number;
}

const CONFLICT_RATE: AlertSettings['conflictRate'] = { above: 0.05, within: hours(24), from: 100 };
const ACKNOWLEDGED_WITHIN = minutes(15);

export const defineAlerts = (
  where: string,
  given: AlertsInput,
  tables: Readonly<Record<string, Table>>,
): AlertSettings => {
  checkSettings(where, given, ['conflictRate', 'unacknowledged']);
  return {
    conflictRate: defineConflictRate(`${where}.conflictRate`, given.conflictRate ?? {}),
    unacknowledged: defineUnacknowledged(`${where}.unacknowledged`, given.unacknowledged ?? [], tables),
  };
};

const defineConflictRate = (
  where: string,
  given: Partial<AlertSettings['conflictRate']>,
): AlertSettings['conflictRate'] => {
  checkSettings(where, given, ['above', 'within', 'from']);
  const rate = { ...CONFLICT_RATE, ...given };
  if (typeof rate.above !== 'number' || !(rate.above >= 0 && rate.above < 1))
    throw mistake(`${where}.above`, 'expected a share of 1', 'Write 0.05 for 5 percent.');
  checkWhole(`${where}.within`, rate.within, 1, 'milliseconds');
  checkWhole(`${where}.from`, rate.from, 1, 'changes');
  return rate;
};

const defineUnacknowledged = (
  where: string,
  given: readonly UnacknowledgedInput[],
  tables: Readonly<Record<string, Table>>,
): readonly UnacknowledgedRows[] => {
  if (!Array.isArray(given)) {
    throw mistake(where, 'expected a list', "Write [{ table: 'alerts', column: 'acknowledgedAt' }].");
  }
  return given.map((rule: UnacknowledgedInput, at) => {
    const here = `${where}[${at}]`;
    checkSettings(here, rule, ['table', 'column', 'made', 'after']);
    checkKnown(`${here}.table`, 'table', rule.table, Object.keys(tables));
    const { columns, audit } = tables[rule.table]!;
    checkColumn(`${here}.column`, rule.table, rule.column, columns);
    if (!columns[rule.column]!.nullable) {
      throw mistake(
        `${here}.column`,
        `${rule.column} is never null`,
        'Name the column that is null until somebody acknowledges.',
      );
    }
    if (rule.made === undefined) {
      if (!audit) {
        throw mistake(here, `${rule.table} is not audited`, 'Name the column with its time as made.');
      }
    } else {
      checkColumn(`${here}.made`, rule.table, rule.made, columns);
      const { type } = columns[rule.made]!;
      if (type !== 'timestamp') {
        throw mistake(`${here}.made`, `${rule.made} is of type ${type}`, 'Name a timestamp column.');
      }
    }
    const after = rule.after ?? ACKNOWLEDGED_WITHIN;
    checkWhole(`${here}.after`, after, 1, 'milliseconds');
    return {
      table: rule.table,
      column: rule.column,
      after,
      ...(rule.made === undefined ? {} : { made: rule.made }),
    };
  });
};
