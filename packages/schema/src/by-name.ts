/** Things by column name, with some taken out. */
export const without = <T>(
  byName: Readonly<Record<string, T>>,
  names: readonly string[],
): Record<string, T> => Object.fromEntries(Object.entries(byName).filter(([name]) => !names.includes(name)));

/** Those of the names that are there. */
export const pick = <T>(byName: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(byName).filter(([name]) => names.includes(name)));

/** Renamed in its place: the order of columns stays. */
export const renamed = <T>(
  byName: Readonly<Record<string, T>>,
  from: string,
  to: string,
): Record<string, T> =>
  Object.fromEntries(Object.entries(byName).map(([name, value]) => [name === from ? to : name, value]));
