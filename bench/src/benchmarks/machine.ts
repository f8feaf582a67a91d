import type { Benchmark } from '../benchmark.ts';
import { limitModule } from '../limits/modules.ts';
import type { NetworkLimits } from '../limits/network.ts';
import type { NotifyLimits, PostgresLimits } from '../limits/postgres.ts';
import type { SqliteLimit } from '../limits/sqlite.ts';
import type { TextLimits } from '../limits/text.ts';

const ROWS = 20_000;
const TIMES = 300;

/** The machine alone: what each building block can do here, today. */
export const machine: Benchmark = {
  name: 'machine',
  title: 'The machine alone',
  lines: [
    {
      name: 'sqliteNormal',
      what: 'SQLite inserts, 1,000 a transaction, synchronous = normal',
      unit: 'rows/s',
    },
    { name: 'sqliteFull', what: 'SQLite inserts, one a transaction, synchronous = full', unit: 'writes/s' },
    { name: 'copyOut', what: 'PostgreSQL: COPY out as JSON', unit: 'rows/s' },
    { name: 'insertFromJson', what: 'PostgreSQL: insert from JSON, 1,000 a statement', unit: 'rows/s' },
    { name: 'notify', what: 'PostgreSQL: UPDATE and NOTIFY, heard', unit: 'ms' },
    { name: 'encode', what: 'JSON.stringify', unit: 'rows/s' },
    { name: 'parse', what: 'JSON.parse', unit: 'rows/s' },
    { name: 'gzip', what: 'gzip 1', unit: 'rows/s' },
    { name: 'rowBytes', what: 'a row as JSON', unit: 'bytes' },
    { name: 'rowGzip', what: 'a row after gzip 1', unit: 'bytes' },
    { name: 'http', what: 'HTTP over the loopback', unit: 'ms' },
    { name: 'echo', what: 'WebSocket echo', unit: 'ms' },
  ],
  async open(world) {
    const database = await world.database(0);
    const child = world.child();
    return async () => {
      const sqlite = async (
        rows: number,
        perTransaction: number,
        synchronous: SqliteLimit['synchronous'],
      ) => {
        const directory = await world.newFolder();
        const given: SqliteLimit = { directory, rows, perTransaction, synchronous };
        return (rows * 1_000) / (await child.call<number>(limitModule('sqlite'), 'bareInserts', given));
      };
      const postgres = limitModule('postgres');
      const server = await child.call<PostgresLimits>(postgres, 'postgresLimits', database, ROWS);
      const notify = await child.call<NotifyLimits>(postgres, 'updateAndNotify', database, TIMES);
      const text = await child.call<TextLimits>(limitModule('text'), 'textLimits', ROWS);
      const network = await child.call<NetworkLimits>(limitModule('network'), 'networkLimits', TIMES);
      return {
        figures: {
          sqliteNormal: await sqlite(ROWS, 1_000, 'normal'),
          sqliteFull: await sqlite(2_000, 1, 'full'),
          ...server,
          notify: notify.p50,
          encode: text.encode,
          parse: text.parse,
          gzip: text.gzip,
          rowBytes: text.plainBytes,
          rowGzip: text.gzipBytes,
          ...network,
        },
      };
    };
  },
};
