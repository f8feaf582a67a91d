import { expect, it } from 'vitest';

/** As it is built: its workers are processes, which run no sources. */
const built = async <Module>(name: string): Promise<Module> =>
  (await import(new URL(`../dist/${name}.js`, import.meta.url).href)) as Module;

it('[SIM-64] a seed comes to the same in one of several processes', { timeout: 300_000 }, async () => {
  const { runWholeSideBySide } = await built<typeof import('./side-by-side.ts')>('side-by-side');
  const { stopSimulations } = await built<typeof import('./simulate.ts')>('simulate');
  const hashesOf = async (workers: number): Promise<ReadonlyMap<number, string>> => {
    const hashes = new Map<number, string>();
    const { seeds, failures } = await runWholeSideBySide(
      {
        seeds: { from: 1, to: 3 },
        steps: 4,
        faults: [],
        onSeed: (seed, hash) => hashes.set(seed, hash),
      },
      workers,
    );
    expect([seeds, failures]).toEqual([3, []]);
    return hashes;
  };
  // A worker takes what its parent was started with: this one is to take sources for packages.
  const started = process.execArgv.splice(0);
  try {
    const alone = await hashesOf(1);
    expect([...alone.keys()]).toEqual([1, 2, 3]);
    const together = await hashesOf(2);
    expect(new Map([...together].sort())).toEqual(alone);
  } finally {
    process.execArgv.push(...started);
    await stopSimulations();
  }
});
