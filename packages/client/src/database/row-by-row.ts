import type { Parameter, SqlValue } from './driver.ts';

/** `Statement.runEach` for drivers whose calls are cheap: one run for each row. */
export const rowByRow = (
  run: (parameters: readonly SqlValue[]) => number,
  rows: number,
  parameters: readonly Parameter[],
  expected = 1,
): number[] => {
  const unchanged: number[] = [];
  const lists = parameters.flatMap((parameter, index) =>
    isList(parameter) ? [{ index, values: parameter }] : [],
  );
  const bound: SqlValue[] = parameters.map((parameter) => (isList(parameter) ? null : parameter));
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < lists.length; at++) {
      const { index, values } = lists[at]!;
      bound[index] = values[row] ?? null;
    }
    if (run(bound) < expected) unchanged.push(row);
  }
  return unchanged;
};

export const isList = (parameter: Parameter): parameter is readonly SqlValue[] => Array.isArray(parameter);
