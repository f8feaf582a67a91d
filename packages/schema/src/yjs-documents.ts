import { SatchelError } from '@satchel/protocol';
import type { DocumentMerger } from './app.ts';
import { fromBase64, toBase64 } from './base64.ts';

/** The one function of Yjs that is needed. */
export interface YjsModule {
  mergeUpdates(updates: Uint8Array[]): Uint8Array;
}

const bytesOf = (text: string): Uint8Array => {
  const bytes = fromBase64(text);
  if (bytes !== undefined) return bytes;
  throw new SatchelError('value_type', { expected: 'a Yjs update in base64', found: 'other text' });
};

/**
 * The merger of `textDocument()` columns, over the app's own Yjs.
 *
 * @example
 * ```ts
 * yjsDocuments(Y).merge('', 'AQ=='); // 'AQ=='
 * ```
 */
export const yjsDocuments = (yjs: YjsModule): DocumentMerger => ({
  merge(a, b) {
    if (a === b || b === '') return a;
    return a === '' ? b : toBase64(yjs.mergeUpdates([bytesOf(a), bytesOf(b)]));
  },
});
