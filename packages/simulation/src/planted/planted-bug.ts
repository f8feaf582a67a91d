import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invariant } from '@satchel/protocol';

/** Which simulation must catch a planted bug. */
export type Hunter = 'core' | 'whole';

/** A classic bug, kept as one replacement in one source file. It never touches the checkout. */
export interface PlantedBug {
  /** Number and name, as the file is called. */
  readonly name: string;
  /** What is wrong with it, in one line. */
  readonly what: string;
  readonly runner: Hunter;
  /** From the root of the repository. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** The folder of this package in a checkout: the bugs are kept beside the sources. */
export const packageFolder = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const repositoryFolder = join(packageFolder, '..', '..');

const FOLDER = join(packageFolder, 'planted');

/** All planted bugs, by number. */
export const readPlantedBugs = (): readonly PlantedBug[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({
      name: name.slice(0, -'.json'.length),
      ...(JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Omit<PlantedBug, 'name'>),
    }));

/** The source with the bug in it. Throws where the text is not there exactly once. */
export const withBug = ({ name, file, find, replace }: PlantedBug): string => {
  const source = readFileSync(join(repositoryFolder, file), 'utf8');
  const parts = source.split(find);
  invariant(
    parts.length === 2,
    `the planted bug ${name} finds its text ${parts.length - 1} times in ${file}`,
  );
  return parts.join(replace);
};
