import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What a running server says of itself in `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Empty on Windows. */
  readonly socketFolder: string;
  readonly ready: boolean;
}

/** Reads `postmaster.pid`; `undefined` if there is none, or if it is only half written. */
export const readPostmaster = (dataDir: string): Postmaster | undefined => {
  let text: string;
  try {
    text = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8');
  } catch {
    return undefined;
  }
  // pid, data folder, start time, port, socket folder, address, shared memory, status
  const [pid, , , port, socketFolder, , , status] = text.split('\n').map((line) => line.trim());
  if (!pid || !port || socketFolder === undefined) return undefined;
  return { pid: Number(pid), port: Number(port), socketFolder, ready: status === 'ready' };
};

/** A process as it can be known again after its number was given to another. */
export const processIdentity = (pid: number): string | undefined => {
  if (process.platform === 'linux') {
    try {
      // After the name in parentheses: state is the first field, start time the 20th.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return fields[0] === 'Z' ? undefined : `${pid}:${fields[19]}`;
    } catch {
      return undefined;
    }
  }
  return isNumberTaken(pid) ? String(pid) : undefined;
};

/** Whether there is a process of this number, a dead one that nobody has waited for included. */
export const isNumberTaken = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Whether the process is alive and, where that can be seen, the server of this data folder, in which it works. */
export const isServerOf = (dataDir: string, pid: number): boolean => {
  if (processIdentity(pid) === undefined) return false;
  if (process.platform !== 'linux') return true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === dataDir;
  } catch {
    // The process of another account: its name is all that we may know.
    return isNamedPostgres(pid);
  }
};

const isNamedPostgres = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres');
  } catch {
    return false;
  }
};

/**
 * Whether any process works in the data folder, as every process of PostgreSQL does:
 * those of a server that was killed go on for a moment. Only Linux can say; elsewhere
 * `undefined`.
 */
export const isFolderInUse = (dataDir: string): boolean | undefined => {
  if (process.platform !== 'linux') return undefined;
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === dataDir;
    } catch {
      return false;
    }
  });
};
