import { readdirSync, readFileSync } from 'node:fs';

/** What a process, or several, have used so far. */
export interface Usage {
  /** Seconds of CPU, user and system. */
  readonly cpu: number;
  /** Most bytes of memory at any moment; `null` where the system does not tell. */
  readonly peak: number | null;
}

const KILO = 1_024;

export const ownUsage = (): Usage => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpu: (userCPUTime + systemCPUTime) / 1e6, peak: maxRSS * KILO };
};

export const usedSince = (before: Usage, after: Usage): Usage => ({
  cpu: after.cpu - before.cpu,
  peak: after.peak,
});

/** Of `getconf CLK_TCK`, which is 100 wherever Linux runs Node. */
const TICKS = 100;

/**
 * CPU of PostgreSQL: its postmaster, the backends that are there and those that are
 * gone, whom the postmaster has counted. Linux only; elsewhere `null`.
 */
export const postgresCpu = (postmaster: number): number | null => {
  try {
    let ticks = 0;
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const stat = statOf(name);
      if (!stat) continue;
      if (Number(name) === postmaster) ticks += stat.own + stat.gone;
      else if (stat.parent === postmaster) ticks += stat.own;
    }
    return ticks / TICKS;
  } catch {
    return null;
  }
};

/** Bytes that PostgreSQL's processes hold now, shared pages counted once. Linux only; elsewhere `null`. */
export const postgresMemory = (postmaster: number): number | null => {
  try {
    let bytes = 0;
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      if (Number(name) !== postmaster && statOf(name)?.parent !== postmaster) continue;
      const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${name}/smaps_rollup`, 'utf8'));
      bytes += Number(pss?.[1] ?? 0) * KILO;
    }
    return bytes;
  } catch {
    return null;
  }
};

const statOf = (pid: string): { parent: number; own: number; gone: number } | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold spaces and brackets: what follows the last one is plain numbers.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return { parent: fields[1]!, own: fields[11]! + fields[12]!, gone: fields[13]! + fields[14]! };
  } catch {
    return undefined;
  }
};
