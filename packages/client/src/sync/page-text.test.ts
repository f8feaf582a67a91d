import { describe, expect, it } from 'vitest';
import { readPage } from './page-text.ts';

const head =
  '{"line":"head","from":null,"epoch":"e","serverTime":0,"schemaVersion":1,"offer":false,"mode":"delta"}';
const rows =
  '{"line":"rows","scope":"s","table":"t","keys":["a","b"],"versions":[1,2],"columns":{"n":[1,2]}}';
const tail = '{"line":"tail","cursor":"c","checkpoint":true,"more":false}';

describe('page text', () => {
  it('[SYNC-10] reads a whole page', () => {
    expect(readPage([head, rows, tail, ''].join('\n')).map(({ line }) => line)).toEqual([
      'head',
      'rows',
      'tail',
    ]);
  });

  it('[SYNC-11] refuses a page cut at any byte', () => {
    const text = [head, rows, tail].join('\n');
    for (let end = 0; end < text.length; end++)
      expect(() => readPage(text.slice(0, end)), `cut at ${end}`).toThrow(
        expect.objectContaining({ code: 'answer_invalid' }),
      );
  });

  it.each([
    ['no head', [rows, tail]],
    ['no tail', [head, rows]],
    ['an unknown line', [head, '{"line":"surprise"}', tail]],
    ['a column shorter than its keys', [head, rows.replace('[1,2]}}', '[1]}}'), tail]],
    ['versions fewer than keys', [head, rows.replace('"versions":[1,2]', '"versions":[1]'), tail]],
    ['a list', [head, '[]', tail]],
  ])('[SYNC-12] refuses %s', (_, lines) => {
    expect(() => readPage(lines.join('\n'))).toThrow(expect.objectContaining({ code: 'answer_invalid' }));
  });
});
