import { gzipSync } from 'node:zlib';
import { makeTasks } from '../rows.ts';

/* The machine's limit of what goes over the wire: JSON and gzip of the same rows. */

const PAGE = 1_000;

export interface TextLimits {
  /** Rows a second. */
  readonly encode: number;
  readonly parse: number;
  readonly gzip: number;
  /** Bytes of a row as JSON, and after gzip 1 in pages of 1,000. */
  readonly plainBytes: number;
  readonly gzipBytes: number;
}

export const textLimits = (rows: number): TextLimits => {
  const tasks = makeTasks(rows);
  const pages = Array.from({ length: Math.ceil(rows / PAGE) }, (_, page) =>
    tasks.slice(page * PAGE, (page + 1) * PAGE),
  );
  const [texts, encode] = each(pages, (page) => JSON.stringify(page));
  const [, parse] = each(texts, (text) => JSON.parse(text) as unknown);
  const [packed, gzip] = each(texts, (text) => gzipSync(text, { level: 1 }));
  const perRow = (lengths: readonly number[]): number => lengths.reduce((a, b) => a + b, 0) / rows;
  return {
    encode: rows / encode,
    parse: rows / parse,
    gzip: rows / gzip,
    plainBytes: perRow(texts.map((text) => Buffer.byteLength(text))),
    gzipBytes: perRow(packed.map(({ length }) => length)),
  };
};

/** Results, and the seconds that they took. */
const each = <T, R>(list: readonly T[], work: (item: T) => R): [R[], number] => {
  const start = performance.now();
  const results = list.map(work);
  return [results, (performance.now() - start) / 1_000];
};
