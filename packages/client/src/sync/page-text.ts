import { type PageLine, SatchelError } from '@satchel/protocol';

const LINES = new Set(['head', 'scope', 'rows', 'own', 'patch', 'gone', 'swept', 'outcomes', 'tail', 'step']);

const WITH_ROWS = new Set(['rows', 'own', 'patch', 'gone']);

/**
 * Reads a page from its JSON lines. The shape is checked where a wrong one could do
 * harm: a head first, a tail last (a page that was cut has none), columns as long as
 * their keys. Values are the server's word. Throws `answer_invalid`.
 */
export const readPage = (text: string): PageLine[] => {
  const lines = readLines(text);
  if (lines[0]?.line !== 'head' || lines.at(-1)?.line !== 'tail')
    throw new SatchelError('answer_invalid', { what: 'page cut short' });
  return lines;
};

/** The same of a live message, which comes whole or not at all: it may be a step. */
export const readLivePage = (text: string): PageLine[] =>
  text.startsWith('{"line":"step"') ? readLines(text) : readPage(text);

const readLines = (text: string): PageLine[] => {
  const lines: PageLine[] = [];
  for (const part of text.split('\n')) {
    if (part === '') continue;
    let line: unknown;
    try {
      line = JSON.parse(part);
    } catch (cause) {
      throw new SatchelError('answer_invalid', { what: 'page' }, { cause });
    }
    if (!isLine(line)) throw new SatchelError('answer_invalid', { what: 'page line' });
    lines.push(line);
  }
  return lines;
};

const isLine = (value: unknown): value is PageLine => {
  if (typeof value !== 'object' || value === null) return false;
  const line = value as {
    line?: unknown;
    keys?: unknown;
    versions?: unknown;
    bases?: unknown;
    columns?: unknown;
    reasons?: unknown;
  };
  if (typeof line.line !== 'string' || !LINES.has(line.line)) return false;
  if (!WITH_ROWS.has(line.line)) return true;
  if (!Array.isArray(line.keys) || !Array.isArray(line.versions)) return false;
  const { length } = line.keys;
  if (line.versions.length !== length) return false;
  if (line.line === 'own') return true;
  if (line.line === 'patch' && !(Array.isArray(line.bases) && line.bases.length === length)) return false;
  if (line.line === 'gone') return Array.isArray(line.reasons) && line.reasons.length === length;
  if (typeof line.columns !== 'object' || line.columns === null) return false;
  return Object.values(line.columns).every((column) => Array.isArray(column) && column.length === length);
};
