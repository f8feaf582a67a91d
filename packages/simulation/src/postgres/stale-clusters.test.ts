import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeStaleClusters } from './stale-clusters.ts';

let temporary = '';
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'satchel-stale-'));
});
afterEach(() => {
  rmSync(temporary, { recursive: true, force: true });
});

/** Number of a process that has ended. */
const gone = (): number => spawnSync(process.execPath, ['--version']).pid;
const folder = (name: string): string => {
  mkdirSync(join(temporary, name));
  writeFileSync(join(temporary, name, 'PG_VERSION'), '17');
  return join(temporary, name);
};

it('[SIM-70] what a killed run left is deleted; what belongs to a living process, or is none of ours, stays', () => {
  const pid = gone();
  folder(`satchel-simulation-${pid}-0123abcd`);
  folder(`satchel-sim-${pid}-Ab3dE6`);
  const kept = [`satchel-simulation-${process.pid}-0123abcd`, `satchel-simulation-${pid}`, 'satchel-pg-1'];
  for (const name of kept) folder(name);
  removeStaleClusters(temporary);
  expect(readdirSync(temporary).sort()).toEqual([...kept].sort());
});

it.runIf(process.platform === 'linux')(
  '[SIM-70] its server is ended, and nothing else that works there',
  async () => {
    const stale = folder(`satchel-simulation-${gone()}-0123abcd`);
    symlinkSync(process.execPath, join(temporary, 'postgres'));
    const wait = ['-e', 'process.stdout.write("."); setInterval(() => {}, 1_000)'];
    const inStale = { cwd: stale, stdio: ['ignore', 'pipe', 'ignore'] as const };
    const server = spawn(join(temporary, 'postgres'), wait, { ...inStale, stdio: [...inStale.stdio] });
    const other = spawn(process.execPath, wait, { ...inStale, stdio: [...inStale.stdio] });
    try {
      await Promise.all([server, other].map(({ stdout }) => stdout && once(stdout, 'data')));
      const ended = once(server, 'exit');
      removeStaleClusters(temporary);
      expect((await ended)[1]).toBe('SIGKILL');
      expect(other.exitCode ?? other.signalCode).toBeNull();
      expect(readdirSync(temporary)).toEqual(['postgres']);
    } finally {
      server.kill('SIGKILL');
      other.kill('SIGKILL');
    }
  },
);
