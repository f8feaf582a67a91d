import { spawn } from 'node:child_process';
import { type PlantedBug, readPlantedBugs } from './planted-bug.ts';
import { PlantedTree } from './planted-tree.ts';

/** How a planted bug fared. */
export interface Hunted {
  readonly bug: PlantedBug;
  /** Seeds until one caught it; `null`: none did. */
  readonly seeds: number | null;
  /** The seed that did, and what it said. */
  readonly seed: number | null;
  readonly found: string;
}

export interface HuntOptions {
  /** Only bugs whose name holds one of these. Default: all. */
  readonly only?: readonly string[];
  /** Seeds of the pure core to try for each. Default 40,000. */
  readonly coreSeeds?: number;
  /** Seeds of the whole system to try for each. Default 30. */
  readonly wholeSeeds?: number;
  /** Milliseconds of real time after which a hunt is ended. Default 10 minutes. */
  readonly within?: number;
  readonly signal?: AbortSignal;
  readonly onHunted?: (hunted: Hunted) => void;
}

const WHOLE_SEEDS = 30;

interface Answer {
  readonly seeds: number | null;
  readonly seed: number | null;
  readonly found: string;
}

interface Said {
  readonly line: string;
  readonly ended: string;
  readonly tookTooLong: boolean;
}

/** Runs the hunt of a tree as a process and gives its last line. */
const ask = (tree: PlantedTree, words: readonly string[], options: HuntOptions): Promise<Said> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [tree.hunt, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.within ?? 600_000,
      ...(options.signal && { signal: options.signal }),
    });
    let said = '';
    let complained = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complained = (complained + chunk.toString('utf8')).slice(-2_000);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({
        line: said.trim().split('\n').at(-1) ?? '',
        ended: `it ended with ${code}: ${complained.trim().split('\n').at(-1)}`,
        tookTooLong: signal === 'SIGTERM',
      });
    });
  });

const huntOne = async (
  tree: PlantedTree,
  bug: PlantedBug,
  skip: readonly number[],
  options: HuntOptions,
): Promise<Answer> => {
  const seeds = bug.runner === 'core' ? (options.coreSeeds ?? 40_000) : (options.wholeSeeds ?? WHOLE_SEEDS);
  const said = await ask(tree, [bug.runner, String(seeds), skip.join(',')], options);
  if (said.line.startsWith('{')) return JSON.parse(said.line) as Answer;
  if (said.tookTooLong) return { seeds: null, seed: null, found: 'the hunt took too long' };
  // A bug that keeps the engine from starting shows itself at the first seed.
  return { seeds: 1, seed: 1, found: said.ended };
};

/** Seeds of the whole system that complain of the engine as it is: they prove nothing about a bug. */
const survey = async (tree: PlantedTree, options: HuntOptions): Promise<readonly number[]> => {
  const said = await ask(tree, ['whole', String(options.wholeSeeds ?? WHOLE_SEEDS), '', 'survey'], options);
  return said.line.startsWith('{')
    ? (JSON.parse(said.line) as { readonly complaining: readonly number[] }).complaining
    : [];
};

/**
 * Plants one classic bug after the other into a copy of the built sources and lets the
 * simulation look for it, seed after seed from 1.
 */
export const huntPlantedBugs = async (options: HuntOptions = {}): Promise<readonly Hunted[]> => {
  const { only } = options;
  const bugs = readPlantedBugs().filter(({ name }) => !only || only.some((part) => name.includes(part)));
  const tree = await PlantedTree.make();
  const hunted: Hunted[] = [];
  try {
    const skip = bugs.some(({ runner }) => runner === 'whole') ? await survey(tree, options) : [];
    for (const bug of bugs) {
      options.signal?.throwIfAborted();
      tree.plant(bug);
      const one: Hunted = { bug, ...(await huntOne(tree, bug, bug.runner === 'whole' ? skip : [], options)) };
      tree.weed(bug);
      hunted.push(one);
      options.onHunted?.(one);
    }
  } finally {
    tree.remove();
  }
  return hunted;
};

/** The middle of some counts; `null` of none. */
export const medianOf = (values: readonly number[]): number | null => {
  const counts = [...values].sort((a, b) => a - b);
  const middle = counts.length >> 1;
  if (counts.length === 0) return null;
  return counts.length % 2 === 1 ? counts[middle]! : (counts[middle - 1]! + counts[middle]!) / 2;
};

/** The median number of seeds that it took, over those that were caught. */
export const medianSeeds = (hunted: readonly Hunted[]): number | null =>
  medianOf(hunted.flatMap(({ seeds }) => (seeds === null ? [] : [seeds])));
