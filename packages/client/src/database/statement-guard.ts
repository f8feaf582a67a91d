import { SatchelError } from '@satchel/protocol';
import { type SqlToken, sqlTokens } from './sql-text.ts';

/** What the engine must do around an app's statement. */
export interface Guarded {
  /** The statement changes the local schema: capture is looked at again after it. */
  readonly ddl: boolean;
}

const refused = (reason: string) => new SatchelError('statement_refused', { reason });

const TRANSACTION = new Set(['begin', 'commit', 'end', 'rollback', 'savepoint', 'release']);
const SCHEMA = new Set(['create', 'drop', 'alter']);
const ROWS = new Set(['select', 'values', 'with', 'insert', 'replace', 'update', 'delete', 'explain']);

/**
 * Decides whether an app may run a statement here (rule 59): rows of any table, and
 * tables of its own beside the synced ones. Everything that would take the ground from
 * under the engine is refused.
 */
export const guardStatement = (sql: string, syncedSqlNames: ReadonlySet<string>): Guarded => {
  const tokens = sqlTokens(sql);
  const first = tokens[0]?.text.toLowerCase() ?? '';
  const end = tokens.findIndex(({ kind, text }) => kind === 'sign' && text === ';');
  if (TRANSACTION.has(first)) throw new SatchelError('interactive_transaction');
  if (SCHEMA.has(first)) {
    guardSchema(tokens, syncedSqlNames);
    return { ddl: true };
  }
  if (!ROWS.has(first)) throw refused(`${first.toUpperCase() || 'nothing'} is not for apps`);
  if (end !== -1 && end < tokens.length - 1) throw refused('one statement at a time');
  return { ddl: false };
};

/** Writes must leave the engine's own tables and columns alone. */
export const guardWrite = (sql: string): void => {
  const own = sqlTokens(sql).find((token) => isName(token) && /^satchel_/i.test(token.text));
  if (own) throw refused(`${own.text} belongs to Satchel`);
};

const isName = ({ kind }: SqlToken): boolean => kind === 'word' || kind === 'name';

const guardSchema = (tokens: readonly SqlToken[], synced: ReadonlySet<string>): void => {
  const words = tokens.map(({ text }) => text.toLowerCase());
  const action = words[0]!;
  const kind = words.slice(1, 4).find((word) => KINDS.has(word));
  if (kind === undefined) throw refused(`${action.toUpperCase()} of this kind is not for apps`);
  const target = tokens[targetAt(words, kind)]?.text.toLowerCase() ?? '';
  const on = words[words.indexOf('on') + 1] ?? '';
  if (/^satchel_/.test(target)) throw refused(`${target} belongs to Satchel`);
  if (kind === 'trigger' && action === 'create' && synced.has(on)) {
    throw new SatchelError('trigger_unknown', { trigger: target, table: on });
  }
  const unique = kind === 'index' && action === 'create' && words.slice(0, 3).includes('unique');
  const renamed =
    action === 'alter' ? words.find((word) => synced.has(word) || /^satchel_/.test(word)) : undefined;
  const touched = synced.has(target) ? target : unique && synced.has(on) ? on : renamed;
  if (touched) throw refused(`the table ${touched} is synced; its schema comes from defineApp`);
};

const KINDS: ReadonlySet<string> = new Set(['table', 'index', 'view', 'trigger']);

/** Where the name stands: after `table`, `if [not] exists`, a schema's name. */
const targetAt = (words: readonly string[], kind: string): number => {
  let at = words.indexOf(kind) + 1;
  while (['if', 'not', 'exists'].includes(words[at] ?? '')) at++;
  return words[at + 1] === '.' ? at + 2 : at;
};
