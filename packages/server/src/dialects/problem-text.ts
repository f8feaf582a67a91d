import { isErrorCode, type Json, type Problem, SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { namesOf, wireName } from './names.ts';

const TABLES: ReadonlySet<string> = new Set(['table', 'parentTable']);
const COLUMNS: ReadonlySet<string> = new Set(['column', 'columns']);

/** A problem as a sentence that says what is wrong and what to do, in the documents' names. */
export const problemText = (app: App, { code, params }: Problem): string => {
  const told = Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, inWireNames(app, name, value)]),
  );
  if (isErrorCode(code)) return new SatchelError(code, told).message;
  // A code of the app's own validators: the app has the text.
  const rest = Object.entries(told).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `${code.replaceAll('_', ' ')} (${rest.join(', ')}). Correct the value and send it again.`;
};

const inWireNames = (app: App, name: string, value: Json): Json => {
  if (Array.isArray(value)) return value.map((one) => inWireNames(app, name, one));
  if (typeof value !== 'string') return value;
  if (COLUMNS.has(name)) return wireName(value);
  const table = TABLES.has(name) && Object.hasOwn(app.tables, value) ? app.tables[value] : undefined;
  return table === undefined ? value : namesOf(app).many(table);
};
