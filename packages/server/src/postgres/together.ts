/**
 * Waits for statements of one transaction that were sent one behind the other, without
 * a round trip between them; PostgreSQL runs them in the order in which they were
 * asked for. Resolves when all have ended, so that none comes after the end of the
 * transaction, and throws the first failure.
 *
 * @example const [rows, scopes] = await together([lockRows(tx), readScopes(tx)]);
 */
export const together = async <T extends readonly unknown[] | []>(
  statements: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> => {
  const ended = await Promise.allSettled(statements);
  const results = ended.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
  return results as { -readonly [K in keyof T]: Awaited<T[K]> };
};
