import type { Database } from '@satchel/server';
import SqliteDatabase from 'better-sqlite3';

/**
 * Compares a device with the server, row for row by canonical values, with plain SQL
 * on both sides. It shares nothing with the engine: the scopes are written out here
 * once more, as WHERE clauses.
 */
export interface Comparison {
  readonly table: string;
  readonly server: number;
  readonly device: number;
  readonly differing: readonly string[];
}

interface Side {
  readonly table: string;
  /** Both give the same columns in the same order; the first names the row. */
  readonly server: string;
  readonly device: string;
}

const ms = (column: string): string => `floor(extract(epoch from ${column}) * 1000)::bigint`;

/** `$1`: states as text[], `$2`: parts as bigint[]. */
const SIDES: readonly Side[] = [
  {
    table: 'airports',
    server: `select a.iata, a.name, a.city, a.state, a.country, a.latitude, a.longitude, a.visits,
                    (select coalesce(json_agg(l order by l collate "C"), '[]') from unnest(a.labels) l)::text as labels, a.note
             from airports a where a.state = any($1) and ($2::bigint[] is not null)`,
    device:
      'select iata, name, city, state, country, latitude, longitude, visits, labels, note from airports',
  },
  {
    table: 'routes',
    server: `select r.origin || ' ' || r.destination as name, r.flight_count
             from routes r join airports a on a.iata = r.origin
             where a.state = any($1) and ($2::bigint[] is not null)`,
    device: `select origin || ' ' || destination as name, flight_count from routes`,
  },
  {
    table: 'flights',
    server: `select f.id, f.origin, f.destination, ${ms('f.departed_at')} as departed_at, f.delay, f.distance
             from flights f join airports a on a.iata = f.origin
             where a.state = any($1) and ($2::bigint[] is not null)`,
    device: 'select id, origin, destination, departed_at, delay, distance from flights',
  },
  {
    table: 'zipCodes',
    server: `select z.zip_code, z.city, z.county, z.state, z.latitude, z.longitude
             from zip_codes z where z.state = any($1) and ($2::bigint[] is not null)`,
    device: 'select zip_code, city, county, state, latitude, longitude from zip_codes',
  },
  {
    table: 'records',
    server: `select r.line::text as line, r.part, r.time, r.delay, r.distance
             from records r where r.part = any($2) and ($1::text[] is not null)`,
    device: 'select line, part, time, delay, distance from records',
  },
];

/** One text for one row, whatever the two databases call their types. */
const canonical = (values: readonly unknown[]): string =>
  JSON.stringify(
    values.map((value) => {
      if (value === null || value === undefined) return null;
      if (typeof value === 'string' && value.startsWith('[')) return JSON.parse(value);
      if (typeof value === 'string' && /^-?(0|[1-9]\d*)(\.\d+)?$/.test(value)) return Number(value);
      return value;
    }),
  );

export const compareDevice = async (
  db: Database,
  file: string,
  states: readonly string[],
  parts: readonly number[],
): Promise<Comparison[]> => {
  const sqlite = new SqliteDatabase(file, { readonly: true });
  try {
    const comparisons: Comparison[] = [];
    for (const { table, server, device } of SIDES) {
      const there = new Map<string, string>();
      const { rows } = await db.query(server, [[...states], [...parts]]);
      for (const row of rows) {
        const values = Object.values(row);
        there.set(String(values[0]), canonical(values));
      }
      const differing: string[] = [];
      let held = 0;
      for (const row of sqlite.prepare(device).raw().iterate() as Iterable<unknown[]>) {
        held += 1;
        const key = String(row[0]);
        if (there.get(key) !== canonical(row)) differing.push(key);
        there.delete(key);
      }
      differing.push(...there.keys());
      comparisons.push({ table, server: rows.length, device: held, differing });
    }
    return comparisons;
  } finally {
    sqlite.close();
  }
};
