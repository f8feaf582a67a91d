/** JSON's escapes of NUL and of lone surrogates, after an even number of backslashes. */
const UNSTORABLE = /(?<=(?:^|[^\\])(?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g;

/**
 * Data as a JSON parameter that PostgreSQL can hold as jsonb. What it cannot (NUL, lone
 * surrogates) comes only in refused mutations; it is shown as U+FFFD.
 */
export const jsonParameter = (data: unknown): string => {
  const text = JSON.stringify(data);
  return text.includes('\\u') ? text.replace(UNSTORABLE, '\\ufffd') : text;
};
