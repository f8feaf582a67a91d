import type { Driver, Parameter, SqlValue } from './driver.ts';
import { isList } from './row-by-row.ts';

/** A statement for one row, and the same for several at once. */
export interface RowStatements {
  readonly one: string;
  readonly together: { readonly rows: number; readonly sql: string };
}

/**
 * As `runEach` of the statement for one row, with most rows run several at once: half
 * of what a row costs is the start of its statement. The last parameter is one for all
 * rows. Rows of a statement that did not change all of its own are run again, one by
 * one, to know which: it must come to the same to run it twice.
 */
export const runTogether = (
  db: Driver,
  { one, together }: RowStatements,
  rows: number,
  parameters: readonly Parameter[],
): number[] => {
  const runs = Math.floor(rows / together.rows);
  const alone: number[] = [];
  if (runs > 0) {
    const joined = joinedParameters(parameters, together.rows, runs);
    for (const run of db.prepare(together.sql).runEach(runs, joined, together.rows))
      for (let at = 0; at < together.rows; at++) alone.push(run * together.rows + at);
  }
  for (let row = runs * together.rows; row < rows; row++) alone.push(row);
  if (alone.length === 0) return alone;
  const left = db.prepare(one).runEach(
    alone.length,
    parameters.map((parameter) => pickRows(parameter, alone)),
  );
  return left.map((at) => alone[at]!);
};

/** Of a list the values of these rows. */
export const pickRows = (parameter: Parameter, rows: readonly number[]): Parameter =>
  isList(parameter) ? rows.map((row) => parameter[row] ?? null) : parameter;

const joinedParameters = (parameters: readonly Parameter[], each: number, runs: number): Parameter[] => {
  const joined: Parameter[] = [];
  const ofRow = parameters.slice(0, -1);
  for (let at = 0; at < each; at++) {
    for (const parameter of ofRow) {
      if (!isList(parameter)) {
        joined.push(parameter);
        continue;
      }
      const values: SqlValue[] = [];
      for (let run = 0; run < runs; run++) values.push(parameter[run * each + at] ?? null);
      joined.push(values);
    }
  }
  joined.push(parameters.at(-1) ?? null);
  return joined;
};
