/** Digits of a decimal, before and after the point together. PostgreSQL would take more. */
export const MAX_DECIMAL_DIGITS = 1_000;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/;

/**
 * The canonical text of a decimal number: no exponent, no leading zeros, no trailing
 * zeros in the fraction, no `-0`. `undefined` for what is not a number of at most
 * 1,000 digits.
 *
 * @example normalizeDecimal('+01.50e1') // '15'
 */
export const normalizeDecimal = (text: string): string | undefined => {
  if (text.length > MAX_DECIMAL_DIGITS + 10) return undefined;
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  if (digits === '') return undefined;
  const point = whole.length + Number(exponent);
  if (Math.abs(point) > MAX_DECIMAL_DIGITS) return /^0*$/.test(digits) ? '0' : undefined;
  const shifted = point < 0 ? '0'.repeat(-point) + digits : digits.padEnd(point, '0');
  const cut = Math.max(0, point);
  const before = shifted.slice(0, cut).replace(/^0+/, '');
  const after = shifted.slice(cut).replace(/0+$/, '');
  if (before.length + after.length > MAX_DECIMAL_DIGITS) return undefined;
  if (before === '' && after === '') return '0';
  return `${sign === '-' ? '-' : ''}${before || '0'}${after && `.${after}`}`;
};

const MIN_BIGINT = -(2n ** 63n);
const MAX_BIGINT = 2n ** 63n - 1n;

/** The canonical text of a whole number; `undefined` for what is not one. */
export const normalizeInteger = (text: string): string | undefined =>
  /^[+-]?\d{1,40}$/.test(text) ? BigInt(text.replace('+', '')).toString() : undefined;

/** Whether a canonical whole number fits PostgreSQL's bigint, 64 bits. */
export const fitsBigint = (text: string): boolean => {
  const value = BigInt(text);
  return value >= MIN_BIGINT && value <= MAX_BIGINT;
};
