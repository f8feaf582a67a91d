import type { DriverFactory, SqlRow, SqlValue } from '../../database/driver.ts';
import { nativeDriver } from '../react-native/native-driver.ts';
import { databaseNames } from '../settings/database-names.ts';
import type { SmallSettings } from '../settings/small-settings.ts';

/** What is used of `expo-sqlite`; the package itself has this shape. */
export interface ExpoSqlite {
  openDatabaseSync(name: string): ExpoDatabase;
  deleteDatabaseSync(name: string): void;
}
export interface ExpoDatabase {
  execSync(sql: string): void;
  prepareSync(sql: string): ExpoStatement;
  closeSync(): void;
}
export interface ExpoStatement {
  executeSync(parameters: ExpoValue[]): ExpoResult;
  finalizeSync(): void;
}
export interface ExpoResult {
  readonly changes: number;
  getAllSync(): unknown[];
  resetSync(): void;
}
/** Values as `expo-sqlite` binds them: integers beyond a number's precision go as text. */
export type ExpoValue = string | number | null | boolean | Uint8Array;

/**
 * Databases on `expo-sqlite`, by its synchronous calls. The module cannot list its
 * databases: their names are kept in `settings`.
 *
 * @example
 * ```ts
 * import * as SQLite from 'expo-sqlite';
 * const drivers = expoDrivers(SQLite, mmkvSettings(createMMKV()));
 * ```
 */
export const expoDrivers = (sqlite: ExpoSqlite, settings: SmallSettings): DriverFactory => {
  const names = databaseNames(settings);
  return {
    open: (name) => {
      const database = sqlite.openDatabaseSync(fileOf(name));
      names.add(name);
      return nativeDriver(
        {
          prepare: (sql) => {
            const statement = database.prepareSync(sql);
            const execute = <T>(parameters: readonly SqlValue[], read: (result: ExpoResult) => T): T => {
              const result = statement.executeSync(parameters.map(expoValue));
              try {
                return read(result);
              } finally {
                result.resetSync();
              }
            };
            return {
              run: (parameters) => execute(parameters, ({ changes }) => changes),
              all: (parameters) => execute(parameters, (result) => result.getAllSync() as SqlRow[]),
              finalize: () => statement.finalizeSync(),
            };
          },
          exec: (sql) => database.execSync(sql),
          close: () => database.closeSync(),
        },
        name,
      );
    },
    list: (prefix) => names.list(prefix),
    remove: (name) => {
      if (names.list(name).includes(name)) sqlite.deleteDatabaseSync(fileOf(name));
      names.remove(name);
    },
  };
};

const fileOf = (name: string): string => `${name}.sqlite`;

const expoValue = (value: SqlValue): ExpoValue => (typeof value === 'bigint' ? value.toString() : value);
