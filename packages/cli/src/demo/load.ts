import { columnToSql, quoteIdentifier } from '@satchel/core';
import type { Values } from '@satchel/protocol';
import type { Database } from '@satchel/server';
import type { RealData } from './real-data.ts';

/** Rows of one insert. */
const ROWS_AT_ONCE = 5_000;

/** PostgreSQL types that the demo's own SQL reads the rows as. */
const TYPES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  airports: {
    iata: 'text',
    name: 'text',
    city: 'text',
    state: 'text',
    country: 'text',
    latitude: 'float8',
    longitude: 'float8',
    visits: 'bigint',
  },
  routes: { origin: 'text', destination: 'text', flightCount: 'bigint' },
  flights: {
    id: 'text',
    origin: 'text',
    destination: 'text',
    departedAt: 'timestamptz',
    delay: 'bigint',
    distance: 'bigint',
  },
  zipCodes: {
    zipCode: 'text',
    city: 'text',
    county: 'text',
    state: 'text',
    latitude: 'float8',
    longitude: 'float8',
  },
  records: { line: 'bigint', part: 'bigint', time: 'float8', delay: 'bigint', distance: 'bigint' },
};

/**
 * Writes the public data with plain SQL, as any other program would: capture has to
 * see it.
 */
export const loadRealData = async (
  db: Database,
  data: RealData,
  progress: (table: string, done: number, total: number) => void,
): Promise<number> => {
  let loaded = 0;
  for (const [table, types] of Object.entries(TYPES)) {
    const rows = data[table as keyof typeof TYPES & keyof RealData] as readonly Values[];
    const names = Object.keys(types);
    const columns = names.map((name) => quoteIdentifier(columnToSql(name))).join(', ');
    const record = names.map((name) => `${quoteIdentifier(name)} ${types[name]}`).join(', ');
    const values = names.map((name) => `r.${quoteIdentifier(name)}`).join(', ');
    const insert = `insert into ${quoteIdentifier(columnToSql(table))} (${columns})
                    select ${values} from json_to_recordset($1::json) as r (${record})`;
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
      const part = rows
        .slice(from, from + ROWS_AT_ONCE)
        .map((row) =>
          typeof row.departedAt === 'number'
            ? { ...row, departedAt: new Date(row.departedAt).toISOString() }
            : row,
        );
      await db.query(insert, [JSON.stringify(part)]);
      progress(table, Math.min(rows.length, from + ROWS_AT_ONCE), rows.length);
    }
    loaded += rows.length;
  }
  return loaded;
};
