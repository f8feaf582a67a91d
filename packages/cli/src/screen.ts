/** Where a command writes: text for people, or one JSON value for machines. */
export interface Screen {
  readonly isTerminal: boolean;
  /** Writes as it is. */
  write(text: string): void;
  /** What is not the result: progress, warnings. */
  note(text: string): void;
}

export const terminal: Screen = {
  isTerminal: process.stdout.isTTY === true,
  write: (text) => {
    process.stdout.write(text);
  },
  note: (text) => {
    process.stderr.write(text);
  },
};

/** Rows as a table: the first row is its head. */
export const renderTable = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
};
