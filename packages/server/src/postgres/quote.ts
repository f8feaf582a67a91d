import { InvariantError } from '@satchel/protocol';

/**
 * A name as an identifier of PostgreSQL. Longer ones than 63 bytes would be cut
 * silently, and two names could become one.
 */
export const quote = (name: string): string => {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > 63) {
    throw new InvariantError(`not an identifier of PostgreSQL: ${JSON.stringify(name)}`);
  }
  return `"${name.replaceAll('"', '""')}"`;
};

/** A constant text, for the few places where a parameter cannot stand: DDL and trigger bodies. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
