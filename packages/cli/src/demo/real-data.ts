import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Values } from '@satchel/protocol';
import { SatchelError } from '@satchel/protocol';

/** Rows of the demo by table, in the order in which references need them. */
export interface RealData {
  readonly airports: readonly Values[];
  readonly routes: readonly Values[];
  readonly flights: readonly Values[];
  readonly zipCodes: readonly Values[];
  readonly records: readonly Values[];
  /** Routes that the flights name and the file of routes lacks: added with a count of 0. */
  readonly addedRoutes: number;
}

/** Parts that the bulk records are divided into. */
export const RECORD_PARTS = 16;

/** Reads the public files of the npm package `vega-datasets`. */
export const readRealData = (): RealData => {
  const folder = dataFolder();
  const csv = (name: string): Record<string, string>[] => parseCsv(readFileSync(join(folder, name), 'utf8'));
  const json = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;

  const airports = csv('airports.csv').map((row) => ({
    iata: row.iata ?? '',
    name: row.name ?? '',
    city: row.city || null,
    state: row.state && row.state !== 'NA' ? row.state : null,
    country: row.country ?? '',
    latitude: Number(row.latitude),
    longitude: Number(row.longitude),
    visits: 0,
    labels: [],
    note: null,
  }));

  const routes: Values[] = csv('flights-airport.csv').map((row) => ({
    origin: row.origin ?? '',
    destination: row.destination ?? '',
    flightCount: Number(row.count),
  }));
  const known = new Set(routes.map((route) => `${route.origin} ${route.destination}`));
  const listed = routes.length;

  const flights = json<
    { date: string; delay: number; distance: number; origin: string; destination: string }[]
  >('flights-20k.json').map((row, line) => {
    const route = `${row.origin} ${row.destination}`;
    if (!known.has(route)) {
      known.add(route);
      routes.push({ origin: row.origin, destination: row.destination, flightCount: 0 });
    }
    return {
      id: `f${line}`,
      origin: row.origin,
      destination: row.destination,
      departedAt: Date.parse(`${row.date.replaceAll('/', '-').replace(' ', 'T')}:00Z`),
      delay: row.delay,
      distance: row.distance,
    };
  });

  const zipCodes = csv('zipcodes.csv').map((row) => ({
    zipCode: row.zip_code ?? '',
    city: row.city ?? '',
    county: row.county ?? '',
    state: row.state ?? '',
    latitude: row.latitude ? Number(row.latitude) : null,
    longitude: row.longitude ? Number(row.longitude) : null,
  }));

  const records = json<{ delay: number; distance: number; time: number }[]>('flights-200k.json').map(
    (row, line) => ({
      line: String(line),
      part: line % RECORD_PARTS,
      time: row.time,
      delay: row.delay,
      distance: row.distance,
    }),
  );

  return { airports, routes, flights, zipCodes, records, addedRoutes: routes.length - listed };
};

const dataFolder = (): string => {
  const resolve = createRequire(join(process.cwd(), 'package.json')).resolve;
  try {
    return join(dirname(resolve('vega-datasets/package.json')), 'data');
  } catch {
    const near = createRequire(import.meta.url).resolve.paths('vega-datasets') ?? [];
    const found = near.map((base) => join(base, 'vega-datasets', 'data')).find((path) => existsSync(path));
    if (found) return found;
    throw new SatchelError('file_missing', { path: 'node_modules/vega-datasets/data' });
  }
};

/** CSV with quoted fields, as these files use it: no line breaks inside a field. */
const parseCsv = (text: string): Record<string, string>[] => {
  const [header = '', ...lines] = text.split(/\r?\n/).filter((line) => line !== '');
  const names = splitLine(header);
  return lines.map((line) => {
    const fields = splitLine(line);
    return Object.fromEntries(names.map((name, i) => [name, fields[i] ?? '']));
  });
};

const splitLine = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  );
