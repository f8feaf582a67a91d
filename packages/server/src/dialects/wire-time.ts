import { SatchelError } from '@satchel/protocol';

/** ISO 8601 in UTC, with milliseconds: how dialects write times. */
export const timeText = (millis: number): string => new Date(millis).toISOString();

const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;
/** What `Date` can hold. */
const MOST = 8.64e15;

/** UTC milliseconds of a time as dialects write it: ISO 8601 (without a zone: UTC) or the number itself. */
export const timeOf = (given: unknown): number | undefined => {
  if (typeof given === 'number')
    return Number.isInteger(given) && Math.abs(given) <= MOST ? given : undefined;
  if (typeof given !== 'string' || !ISO.test(given)) return undefined;
  const text = given.replace(' ', 'T');
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text) || !text.includes('T') ? text : `${text}Z`;
  const millis = Date.parse(zoned);
  return Number.isNaN(millis) ? undefined : millis;
};

/** As `timeOf`, of a place in a request. @throws `request_invalid` */
export const timeAt = (path: string, given: unknown): number => {
  const millis = timeOf(given);
  if (millis === undefined)
    throw new SatchelError('request_invalid', {
      path,
      reason: 'expected a time as ISO 8601, for example 2025-12-18T10:30:00Z',
    });
  return millis;
};
