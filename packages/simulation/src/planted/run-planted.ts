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
  /** Seeds of the pure core to try for each. Default 5,000. */
  readonly coreSeeds?: number;
  /** Seeds of the whole system to try for each. Default 20. */
  readonly wholeSeeds?: number;
  /** Milliseconds of real time after which a hunt is ended. Default 10 minutes. */
  readonly within?: number;
  readonly signal?: AbortSignal;
  readonly onHunted?: (hunted: Hunted) => void;
}

interface Answer {
  readonly seeds: number | null;
  readonly seed: number | null;
  readonly found: string;
}

const huntOne = (tree: PlantedTree, bug: PlantedBug, options: HuntOptions): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const seeds = bug.runner === 'core' ? (options.coreSeeds ?? 5_000) : (options.wholeSeeds ?? 20);
    const child = spawn(process.execPath, [tree.hunt, bug.runner, String(seeds)], {
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
      const line = said.trim().split('\n').at(-1) ?? '';
      if (line.startsWith('{')) resolve(JSON.parse(line) as Answer);
      // A bug that keeps the engine from starting, or hangs it, shows itself at the first seed.
      else if (signal === 'SIGTERM') resolve({ seeds: null, seed: null, found: 'the hunt took too long' });
      else
        resolve({
          seeds: 1,
          seed: 1,
          found: `it ended with ${code}: ${complained.trim().split('\n').at(-1)}`,
        });
    });
  });

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
    for (const bug of bugs) {
      options.signal?.throwIfAborted();
      tree.plant(bug);
      const one: Hunted = { bug, ...(await huntOne(tree, bug, options)) };
      tree.weed(bug);
      hunted.push(one);
      options.onHunted?.(one);
    }
  } finally {
    tree.remove();
  }
  return hunted;
};

/** The median number of seeds that it took, over those that were caught. */
export const medianSeeds = (hunted: readonly Hunted[]): number | null => {
  const counts = hunted.flatMap(({ seeds }) => (seeds === null ? [] : [seeds])).sort((a, b) => a - b);
  const middle = counts.length >> 1;
  if (counts.length === 0) return null;
  return counts.length % 2 === 1 ? counts[middle]! : (counts[middle - 1]! + counts[middle]!) / 2;
};
