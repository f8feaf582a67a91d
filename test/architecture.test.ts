import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Imports go one way: a package may import the packages named here and no other of ours. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  protocol: [],
  core: ['protocol'],
  schema: ['protocol', 'core'],
  server: ['protocol', 'core', 'schema'],
  client: ['protocol', 'core', 'schema'],
  react: ['protocol', 'core', 'schema', 'client'],
  testing: ['protocol', 'core', 'schema', 'server', 'client'],
  simulation: ['protocol', 'core', 'schema', 'server', 'client', 'testing'],
  cli: ['protocol', 'core', 'schema', 'server', 'client', 'testing', 'simulation', 'bench'],
};

/** Packages that know neither Node nor the browser. */
const PURE = ['protocol', 'core', 'schema'];

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return entry.name === 'dist' || entry.name === 'node_modules' ? [] : filesBelow(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });

interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const importsOf = (file: string): Import[] => {
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const found = text.matchAll(
    /^\s*(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?'([^']+)'|import\(\s*'([^']+)'\s*\)/gm,
  );
  return [...found].map(([, type, named, dynamic]) => ({
    from: file,
    specifier: named ?? dynamic ?? '',
    typeOnly: type !== undefined || (named === undefined && dynamic !== undefined),
  }));
};

const packages = readdirSync(join(root, 'packages'));
const sources = packages.flatMap((name) =>
  filesBelow(join(root, 'packages', name, 'src')).map((file) => ({ name, file })),
);
const production = sources.filter(({ file }) => !/\.test(-d)?\.tsx?$/.test(file));
const show = ({ from, specifier }: Import): string => `${relative(root, from)} imports ${specifier}`;

describe('the house', () => {
  it('[ARCH-01] lets imports go one way only', () => {
    const wrong = production.flatMap(({ name, file }) =>
      importsOf(file).filter(({ specifier }) => {
        const ours = /^@satchel\/([a-z]+)/.exec(specifier)?.[1];
        return ours !== undefined && ours !== name && !MAY_IMPORT[name]?.includes(ours);
      }),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  it('[ARCH-02] reaches other packages by name, never by path', () => {
    const wrong = sources.flatMap(({ name, file }) =>
      importsOf(file).filter(({ specifier }) => {
        if (!specifier.startsWith('.')) return false;
        return relative(join(root, 'packages', name), resolve(dirname(file), specifier)).startsWith('..');
      }),
    );
    expect(wrong.map(show)).toEqual([]);
  });

  it('[ARCH-03] keeps protocol, core and schema free of any platform', () => {
    const wrong = production
      .filter(({ name }) => PURE.includes(name))
      .flatMap(({ file }) => importsOf(file).filter(({ specifier }) => specifier.startsWith('node:')));
    expect(wrong.map(show)).toEqual([]);
    const ambient = production
      .filter(({ name }) => PURE.includes(name))
      .filter(({ file }) => /\b(Date\.now|Math\.random|setTimeout|new Date\(\))\b/.test(code(file)));
    expect(ambient.map(({ file }) => relative(root, file))).toEqual([]);
  });

  it('[ARCH-04] has no ambient time or randomness in the engines: they are given', () => {
    const shells = /(system|progress)\.ts$|packages\/(testing|cli)\//;
    const wrong = production
      .filter(({ name, file }) => ['server', 'client'].includes(name) && !shells.test(file))
      .filter(({ file }) => /\b(Date\.now\(\)|Math\.random\(\)|new Date\(\))/.test(code(file)));
    expect(wrong.map(({ file }) => relative(root, file))).toEqual([]);
  });

  it('[ARCH-05] has no cycle of imports inside a package', () => {
    const graph = new Map(
      production.map(({ file }) => [
        file,
        importsOf(file)
          .filter(({ specifier, typeOnly }) => specifier.startsWith('.') && !typeOnly)
          .map(({ specifier }) => resolve(dirname(file), specifier)),
      ]),
    );
    const cycles: string[] = [];
    const done = new Set<string>();
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) {
        cycles.push([...path.slice(path.indexOf(file)), file].map((one) => relative(root, one)).join(' -> '));
        return;
      }
      if (done.has(file)) return;
      for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
      done.add(file);
    };
    for (const file of graph.keys()) walk(file, []);
    expect(cycles).toEqual([]);
  });

  it('[ARCH-06] has barrels only at the entries of a package', () => {
    const wrong = production
      .filter(({ name, file }) => !entriesOf(name).includes(file))
      .filter(({ file }) => /^export \* from/m.test(readFileSync(file, 'utf8')));
    expect(wrong.map(({ file }) => relative(root, file))).toEqual([]);
  });

  it('[ARCH-07] speaks of itself alone: no machine paths, no registry hosts', () => {
    const wrong = sources.filter(({ file }) =>
      /\/(root|work|home)\/[a-z]|registry\.npmjs/.test(readFileSync(file, 'utf8')),
    );
    expect(wrong.map(({ file }) => relative(root, file))).toEqual([]);
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved": "https?:/);
  });
});

/** The files that a package's `exports` name. */
const entriesOf = (name: string): string[] => {
  const folder = join(root, 'packages', name);
  const { exports = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports?: Record<string, { readonly source: string }>;
  };
  return Object.values(exports).map(({ source }) => join(folder, source));
};

const code = (file: string): string =>
  readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '');
