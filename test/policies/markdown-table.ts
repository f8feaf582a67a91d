/** One line of a table of a Markdown file, by the names in the table's head. */
export type Line = Readonly<Record<string, string>>;

/** The lines of the table under a heading. */
export const tableUnder = (markdown: string, heading: string): readonly Line[] => {
  const section = markdown.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`no heading "${heading}"`);
  const [head, , ...rows] = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split('|')
        .map((cell) => cell.trim()),
    );
  return rows.map((cells) => Object.fromEntries((head ?? []).map((name, at) => [name, cells[at] ?? ''])));
};
