import { mergeRanges, type Ranges } from '@satchel/core';

/** Ranges as PostgreSQL writes an `int8multirange`: ends are excluded there. */
export const rangesToSql = (ranges: Ranges): string =>
  `{${mergeRanges(ranges, [])
    .map(([from, to]) => `[${from},${to + 1})`)
    .join(',')}}`;

/** @example rangesFromSql('{[1,4),[7,8)}') // [[1, 3], [7, 7]] */
export const rangesFromSql = (text: string): Ranges =>
  [...text.matchAll(/\[(-?\d+),(-?\d+)\)/g)].map(([, from, to]) => [Number(from), Number(to) - 1] as const);
