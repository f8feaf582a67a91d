import { readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Data folders and folders of sockets of clusters; the number is the process whose they are. */
const FOLDER = /^satchel-sim(?:ulation)?-(\d+)-\w{6,8}$/;
/** Somebody else's, or gone meanwhile: another run cleans up at the same moment. */
const NOT_OURS = ['EACCES', 'EPERM', 'ENOENT', 'ENOTEMPTY', 'ESRCH'];

/**
 * Deletes what runs that were killed had no time to delete: the folders of clusters whose
 * owner is gone, with the PostgreSQL that still runs in one. A folder stays while its
 * owner's number belongs to any process.
 */
export const removeStaleClusters = (temporary: string): void => {
  for (const name of readdirSync(temporary)) {
    const owner = FOLDER.exec(name)?.[1];
    if (owner === undefined || isThere(Number(owner))) continue;
    const folder = join(temporary, name);
    try {
      // It may be a link to where PostgreSQL's account can enter.
      const data = realpathSync(folder);
      for (const pid of serversIn(data)) process.kill(pid, 'SIGKILL');
      rmSync(data, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
      rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (!NOT_OURS.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
};

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
};

/** Processes of PostgreSQL that work in the folder, as all of a server do. Only Linux can say. */
const serversIn = (folder: string): readonly number[] => {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const isServer = readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres');
        return isServer && readlinkSync(`/proc/${pid}/cwd`) === folder;
      } catch {
        return false;
      }
    })
    .map(Number);
};
