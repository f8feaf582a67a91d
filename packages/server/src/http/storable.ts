const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** Whether PostgreSQL can hold the text: it takes neither NUL nor lone surrogates, in text or jsonb. */
export const isStorable = (text: string): boolean => !UNSTORABLE.test(text);

/** Path of the first text in JSON data that PostgreSQL cannot hold; `undefined` if it can hold all. */
export const unstorableAt = (data: unknown): string | undefined => {
  const walk = (value: unknown, path: string): string | undefined => {
    if (typeof value === 'string') return isStorable(value) ? undefined : path;
    if (typeof value !== 'object' || value === null) return undefined;
    for (const [name, inner] of Object.entries(value)) {
      const at = path === '' ? name : `${path}.${name}`;
      if (!isStorable(name)) return path;
      const found = walk(inner, at);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk(data, '');
};
