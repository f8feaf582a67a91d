/** A value as the oracle sees it: JSON, and nothing of the engine's types. */
export type Cell = null | boolean | number | string | readonly Cell[] | { readonly [name: string]: Cell };
/** A row, or some columns of one. */
export type Cells = Readonly<Record<string, Cell>>;

/** How a column behaves when two edits of it meet. */
export type CellKind =
  | 'plain'
  /** Adds up: what counts of an edit is by how much it moved the value. */
  | 'counter'
  /** A set of texts: what counts of an edit is who joined and who left. */
  | 'set'
  /** The server's own: nobody's edit of it counts. */
  | 'given';

const spelled = (cell: Cell): string => {
  if (cell === null || typeof cell !== 'object') return JSON.stringify(cell);
  if (Array.isArray(cell)) return `[${cell.map(spelled).join()}]`;
  const names = Object.keys(cell).sort();
  const object = cell as { readonly [name: string]: Cell };
  return `{${names.map((name) => `${JSON.stringify(name)}:${spelled(object[name]!)}`).join()}}`;
};

/** The members of a set, in one order. */
export const membersOf = (cell: Cell | undefined): string[] =>
  Array.isArray(cell) ? [...new Set(cell as readonly string[])].sort() : [];

/** Whether two cells hold the same. What is not there is null. */
export const alike = (kind: CellKind, one: Cell | undefined, other: Cell | undefined): boolean => {
  const [a, b] = [one ?? null, other ?? null];
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  return kind === 'set' ? membersOf(a).join('\n') === membersOf(b).join('\n') : spelled(a) === spelled(b);
};

const MOST = 2 ** 53 - 1;

/** The counter after somebody else's edit of it; `undefined` when it leaves the whole numbers. */
export const addedUp = (now: Cell, from: Cell | undefined, to: Cell): number | undefined => {
  const moved = Number(to ?? 0) - Number(from ?? 0);
  const sum = Number(now ?? 0) + moved;
  return Math.abs(sum) > MOST || Math.abs(moved) > MOST ? undefined : sum;
};

/** The set after somebody else's edit of it. */
export const joined = (now: Cell, from: Cell | undefined, to: Cell): string[] => {
  const [before, after] = [membersOf(from), membersOf(to)];
  const left = before.filter((member) => !after.includes(member));
  const came = after.filter((member) => !before.includes(member));
  return [...new Set([...membersOf(now).filter((member) => !left.includes(member)), ...came])].sort();
};
