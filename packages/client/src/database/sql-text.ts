/**
 * The little of SQL's grammar that the engine must see in an app's statement: words,
 * names, parameters. Strings and comments are told apart from them, nothing else.
 */
export type SqlToken = {
  readonly kind: 'word' | 'name' | 'parameter' | 'text' | 'sign';
  readonly text: string;
  readonly at: number;
};

const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"((?:[^"]|"")*)"?|`((?:[^`]|``)*)`?|\[([^\]]*)\]?|\?\d*|[:@$][A-Za-z_0-9$]+|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\d[\w.]*|\s+|[\s\S]/g;

export const sqlTokens = (sql: string): SqlToken[] => {
  const tokens: SqlToken[] = [];
  for (const match of sql.matchAll(TOKEN)) {
    const text = match[0];
    const at = match.index;
    const name = match[1]?.replaceAll('""', '"') ?? match[2]?.replaceAll('``', '`') ?? match[3];
    if (name !== undefined) tokens.push({ kind: 'name', text: name, at });
    else if (text.startsWith('--') || text.startsWith('/*') || text.trim() === '') continue;
    else if (text.startsWith("'")) tokens.push({ kind: 'text', text, at });
    else if (/^[?:@$]./.test(text) || text === '?') tokens.push({ kind: 'parameter', text, at });
    else if (/^[A-Za-z_\u0080-\uffff]/.test(text)) tokens.push({ kind: 'word', text, at });
    else tokens.push({ kind: 'sign', text, at });
  }
  return tokens;
};

/** The statement with `null` in the place of each parameter, so that it can be explained unbound. */
export const withoutParameters = (sql: string): string => {
  let result = '';
  let from = 0;
  for (const token of sqlTokens(sql)) {
    if (token.kind !== 'parameter') continue;
    result += `${sql.slice(from, token.at)}null`;
    from = token.at + token.text.length;
  }
  return result + sql.slice(from);
};

/** The statements of a text, apart. The body of a trigger belongs to its statement. */
export const statementsOf = (sql: string): string[] => {
  const statements: string[] = [];
  let from = 0;
  /** `begin` and `case` that are open within a trigger. */
  let depth = 0;
  let isTrigger = false;
  const cut = (to: number): void => {
    const statement = sql.slice(from, to).trim();
    if (statement !== '') statements.push(statement);
    from = to + 1;
    isTrigger = false;
  };
  for (const { kind, text, at } of sqlTokens(sql)) {
    const word = kind === 'word' ? text.toLowerCase() : '';
    if (word === 'trigger') isTrigger = true;
    else if (isTrigger && (word === 'begin' || word === 'case')) depth += 1;
    else if (isTrigger && word === 'end') depth -= 1;
    else if (kind === 'sign' && text === ';' && depth === 0) cut(at);
  }
  cut(sql.length);
  return statements;
};
