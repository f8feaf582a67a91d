type Scalar = string | number | boolean | null;

/**
 * Values of one column as a parameter for `unnest($1::type[])`: text in the form of a
 * PostgreSQL array. Nulls stay null; values of json columns are given as their text.
 *
 * Where nothing needs an escape, JSON's list is such an array but for its brackets, and
 * the engine writes it in one go.
 *
 * @example arrayParameter(['a', null, 'say "b"']) // '{"a",NULL,"say \\"b\\""}'
 */
export const arrayParameter = (values: readonly Scalar[]): string => {
  const json = JSON.stringify(values);
  const isPlain = !json.includes('\\');
  return `{${isPlain ? json.slice(1, -1) : values.map(elementText).join(',')}}`;
};

const elementText = (value: Scalar): string => {
  if (value === null) return 'NULL';
  return typeof value === 'string' ? `"${value.replace(/["\\]/g, '\\$&')}"` : String(value);
};
