import type { DriverFactory, SqlRow, SqlValue } from '../../database/driver.ts';
import { statementsOf, withoutParameters } from '../../database/sql-text.ts';
import { nativeDriver } from '../react-native/native-driver.ts';
import { databaseNames } from '../settings/database-names.ts';
import type { SmallSettings } from '../settings/small-settings.ts';

/** What is used of `@op-engineering/op-sqlite`; the package itself has this shape. */
export interface OpSqlite {
  open(options: { readonly name: string }): OpDatabase;
}
export interface OpDatabase {
  executeSync(sql: string, parameters?: OpValue[]): OpResult;
  close(): void;
  delete(): void;
}
export interface OpResult {
  readonly rowsAffected: number;
  readonly rows: Record<string, unknown>[];
}
export type OpValue = string | number | null | boolean | ArrayBuffer | ArrayBufferView;

/**
 * Databases on `@op-engineering/op-sqlite`, by its synchronous calls. The module cannot
 * list its databases: their names are kept in `settings`.
 *
 * @example
 * ```ts
 * import * as sqlite from '@op-engineering/op-sqlite';
 * const drivers = opSqliteDrivers(sqlite, mmkvSettings(createMMKV()));
 * ```
 */
export const opSqliteDrivers = (sqlite: OpSqlite, settings: SmallSettings): DriverFactory => {
  const names = databaseNames(settings);
  return {
    open: (name) => {
      const database = sqlite.open({ name: fileOf(name) });
      names.add(name);
      const execute = (sql: string, parameters: readonly SqlValue[]): OpResult =>
        database.executeSync(sql, parameters.map(opValue));
      return nativeDriver(
        {
          prepare: (sql) => {
            // The module prepares with each call: that a statement can be is asked once.
            if (!/^\s*explain\b/i.test(sql)) database.executeSync(`explain ${withoutParameters(sql)}`);
            return {
              run: (parameters) => execute(sql, parameters).rowsAffected,
              all: (parameters) => execute(sql, parameters).rows.map(sqlRow),
              finalize: () => undefined,
            };
          },
          exec: (sql) => {
            for (const one of statementsOf(sql)) database.executeSync(one);
          },
          close: () => database.close(),
        },
        name,
      );
    },
    list: (prefix) => names.list(prefix),
    remove: (name) => {
      if (names.list(name).includes(name)) sqlite.open({ name: fileOf(name) }).delete();
      names.remove(name);
    },
  };
};

const fileOf = (name: string): string => `${name}.sqlite`;

const opValue = (value: SqlValue): OpValue => (typeof value === 'bigint' ? value.toString() : value);

/** Blobs come as `ArrayBuffer`. */
const sqlRow = (row: Record<string, unknown>): SqlRow =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof ArrayBuffer ? new Uint8Array(value) : (value as SqlValue),
    ]),
  );
