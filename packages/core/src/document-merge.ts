/** Merges text documents (Yjs updates in base64); given by the app, so that Yjs stays optional. */
export interface DocumentMerging {
  /** The result holds all edits of both. */
  merge(a: string, b: string): string;
}
