import { createHash } from 'node:crypto';

/** Bytes of the longest identifier of PostgreSQL. */
const LONGEST = 63;

/**
 * A name made of several, for constraints, indexes and columns kept aside. One that
 * would be too long ends in a hash of the whole.
 *
 * @example sqlName('products', 'store_id', 'fkey') // 'products_store_id_fkey'
 */
export const sqlName = (...parts: readonly string[]): string => {
  const name = parts.join('_');
  if (name.length <= LONGEST) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 10);
  const suffix = `_${hash}_${parts.at(-1)}`;
  return `${name.slice(0, LONGEST - suffix.length)}${suffix}`;
};
