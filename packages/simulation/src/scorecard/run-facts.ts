import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import type { RunFacts } from './records.ts';

const commitHere = (): string => {
  try {
    const git = (...words: string[]): string =>
      execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return git('rev-parse', '--short', 'HEAD');
  } catch {
    return 'unknown';
  }
};

/** Where and when a figure was measured, and by which command. */
export const runFacts = (command: string): RunFacts => {
  const cores = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    command,
    commit: commitHere(),
    machine: `${cores.length} x ${cores[0]?.model.trim() ?? 'CPU'}, ${memory} GiB, Node ${process.versions.node}`,
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
  };
};
