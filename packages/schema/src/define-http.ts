import { columnToSql } from '@satchel/core';
import type { Table } from './app.ts';
import { days, minutes } from './durations.ts';
import { DIALECTS, type DialectNames, type HttpSettings, type SyncHealthSettings } from './http-settings.ts';
import { checkKnown, checkSettings, checkTexts, checkWhole, checkWord, mistake } from './mistake.ts';

/** As an app writes it; see `HttpSettings` for defaults. */
export interface HttpInput extends Partial<Omit<HttpSettings, 'names' | 'health'>> {
  /** For tables whose names do not follow from their own. */
  readonly names?: Readonly<Record<string, Partial<DialectNames>>>;
  readonly health?: Partial<SyncHealthSettings>;
}

const SETTINGS: readonly (keyof HttpInput)[] = [
  'dialects',
  'auth',
  'deviceUser',
  'version',
  'maxItems',
  'overlap',
  'names',
  'given',
  'health',
];

const HEALTH: SyncHealthSettings = { delayedAfter: days(1), failingAfter: days(7), failures: 5 };

/** What tombstones are marked with in dialects whose rows have no other sign. */
export const DELETED_MARK = 'is_deleted';

/** The name of one row: `crop_records` gives `crop_record`, `market_queries` `market_query`. */
const singular = (many: string): string => {
  if (/[^aeiou]ies$/.test(many)) return `${many.slice(0, -3)}y`;
  if (/(?:s|x|z|ch|sh)es$/.test(many)) return many.slice(0, -2);
  return /[^s]s$/.test(many) ? many.slice(0, -1) : many;
};

const defineNames = (
  where: string,
  given: NonNullable<HttpInput['names']>,
  tables: readonly string[],
): HttpSettings['names'] => {
  checkSettings(where, given, Object.keys(given));
  for (const [table, names] of Object.entries(given)) {
    checkKnown(where, 'table', table, tables);
    checkSettings(`${where}.${table}`, names, ['one', 'many']);
    for (const [number, name] of Object.entries(names))
      if (typeof name !== 'string' || !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name))
        throw mistake(
          `${where}.${table}.${number}`,
          `${JSON.stringify(name)} is not snake_case`,
          'Write for example "crop_record".',
        );
  }
  const names: Record<string, DialectNames> = {};
  const taken = new Map<string, string>();
  for (const table of tables) {
    const many = given[table]?.many ?? columnToSql(table);
    const one = given[table]?.one ?? singular(many);
    for (const name of new Set([one, many])) {
      const other = taken.get(name);
      if (other !== undefined)
        throw mistake(
          `${where}.${table}`,
          `"${name}" is a name of the table ${other} too`,
          'Give one of them other names.',
        );
      taken.set(name, table);
    }
    names[table] = { one, many };
  }
  return names;
};

const checkMarks = (where: string, tables: Readonly<Record<string, Table>>): void => {
  for (const table of Object.values(tables))
    for (const column of Object.keys(table.columns))
      if (columnToSql(column) === DELETED_MARK)
        throw mistake(
          where,
          `the column ${table.name}.${column} has the name that dialects mark deleted rows with`,
          'Rename the column, or leave the dialects out.',
        );
};

const checkFunctions = (where: string, given: HttpInput['given'], tables: readonly string[]): void => {
  checkSettings(where, given, Object.keys(given ?? {}));
  for (const [table, value] of Object.entries(given ?? {})) {
    checkKnown(where, 'table', table, tables);
    if (typeof value !== 'function')
      throw mistake(`${where}.${table}`, 'not a function', 'Write ({ userId }) => ({ reporterId: userId }).');
  }
};

/** What the server answers over HTTP, with every default filled in. `named`: the names are needed beside dialects too. */
export const defineHttp = (
  where: string,
  given: HttpInput,
  tables: Readonly<Record<string, Table>>,
  named: boolean,
): HttpSettings => {
  checkSettings(where, given, SETTINGS);
  const { dialects = [], auth = 'bearer', version = '1.0.0', maxItems = 1_000, overlap = minutes(1) } = given;
  checkTexts(`${where}.dialects`, dialects);
  dialects.forEach((dialect, at) => {
    checkWord(`${where}.dialects[${at}]`, dialect, DIALECTS);
    if (dialects.indexOf(dialect) !== at)
      throw mistake(`${where}.dialects[${at}]`, `"${dialect}" is there twice`, 'Name it once.');
  });
  checkWord(`${where}.auth`, auth, ['bearer', 'private-network']);
  if (typeof version !== 'string') throw mistake(`${where}.version`, 'not a text', "Write '1.0.0'.");
  checkWhole(`${where}.maxItems`, maxItems, 1, 'items');
  checkWhole(`${where}.overlap`, overlap, 0, 'milliseconds');
  const deviceUser = given.deviceUser ?? (() => ({}));
  if (typeof deviceUser !== 'function')
    throw mistake(
      `${where}.deviceUser`,
      'not a function',
      'Write (deviceId) => ({ roles: [], claims: {} }).',
    );
  const names = Object.keys(tables);
  checkFunctions(`${where}.given`, given.given ?? {}, names);
  checkSettings(`${where}.health`, given.health ?? {}, Object.keys(HEALTH));
  const health = { ...HEALTH, ...given.health };
  checkWhole(`${where}.health.delayedAfter`, health.delayedAfter, 1, 'milliseconds');
  checkWhole(`${where}.health.failingAfter`, health.failingAfter, 1, 'milliseconds');
  checkWhole(`${where}.health.failures`, health.failures, 1, 'items');
  if (dialects.length > 0) checkMarks(`${where}.dialects`, tables);
  return {
    dialects: [...dialects],
    auth,
    deviceUser,
    version,
    maxItems,
    overlap,
    names:
      named || dialects.length > 0 || given.names !== undefined
        ? defineNames(`${where}.names`, given.names ?? {}, names)
        : {},
    given: { ...given.given },
    health,
  };
};
