import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from './base64.ts';
import { yjsDocuments } from './index.ts';

describe('base64', () => {
  it('[DOC-01] is that of everybody else, both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        expect(toBase64(bytes)).toBe(text);
        expect(Array.from(fromBase64(text)!)).toEqual(Array.from(bytes));
      }),
    );
  });

  it.each(['a', 'ab=', 'a===', 'ab c', '=abc', 'YQ'])('[DOC-01] refuses %s', (text) => {
    expect(fromBase64(text)).toBeUndefined();
  });
});

describe('yjsDocuments', () => {
  const merger = yjsDocuments({
    mergeUpdates: (updates) => Uint8Array.from([...new Set(updates.flatMap((one) => [...one]))].toSorted()),
  });
  const doc = (...bytes: number[]) => toBase64(Uint8Array.from(bytes));

  it('[DOC-02] hands both updates to Yjs and the result back', () => {
    expect(merger.merge(doc(1, 3), doc(2, 3))).toBe(doc(1, 2, 3));
  });

  it('[DOC-02] an empty document adds nothing', () => {
    expect(merger.merge('', doc(1))).toBe(doc(1));
    expect(merger.merge(doc(1), '')).toBe(doc(1));
    expect(merger.merge(doc(1), doc(1))).toBe(doc(1));
  });

  it('[DOC-02] text that is no update is refused', () => {
    expect(() => merger.merge('not base64!', doc(1))).toThrow('a Yjs update in base64');
  });
});
