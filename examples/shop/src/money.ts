/** Hundredths of an amount such as `'12.5'`. More than two decimals are refused: a till has none. */
const hundredths = (amount: string): bigint => {
  const [, sign = '', whole = '', part = ''] = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(amount) ?? [];
  if (whole === '') throw new RangeError(`not an amount: ${amount}`);
  return BigInt(`${sign}${whole}${part.padEnd(2, '0')}`);
};

const written = (sum: bigint): string => {
  const digits = (sum < 0n ? -sum : sum).toString().padStart(3, '0');
  return `${sum < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

/**
 * The exact sum of quantities times prices; floating point would be off by a paisa.
 *
 * @example
 * ```ts
 * totalOf([{ quantity: 3, price: '0.1' }]); // '0.30'
 * ```
 */
export const totalOf = (lines: readonly { readonly quantity: number; readonly price: string }[]): string =>
  written(lines.reduce((sum, { quantity, price }) => sum + BigInt(quantity) * hundredths(price), 0n));
