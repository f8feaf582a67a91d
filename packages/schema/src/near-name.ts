/** Edits (insert, delete, replace, swap of neighbours) between two names, case aside. */
const distance = (left: string, right: string): number => {
  const a = left.toLowerCase();
  const b = right.toLowerCase();
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let best = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + cost);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        best = Math.min(best, before[column - 2]! + 1);
      current.push(best);
    }
    before = above;
    above = current;
  }
  return above[b.length]!;
};

/** The known name that was probably meant, or `undefined` when none is near. */
export const nearName = (name: string, known: readonly string[]): string | undefined => {
  const bound = Math.max(1, Math.floor(name.length / 3));
  let nearest: { readonly name: string; readonly edits: number } | undefined;
  for (const candidate of known) {
    const edits = distance(name, candidate);
    if (edits <= bound && (nearest === undefined || edits < nearest.edits)) {
      nearest = { name: candidate, edits };
    }
  }
  return nearest?.name;
};

/** `Did you mean "stock"?`, or the names that there are. Ends a remedy. */
export const suggestName = (name: string, known: readonly string[]): string => {
  const near = nearName(name, known);
  if (near !== undefined) return `Did you mean "${near}"?`;
  return known.length === 0 ? 'There is none to choose from.' : `There are: ${known.join(', ')}.`;
};
