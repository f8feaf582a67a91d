import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An address of PostgreSQL that stays the same whatever is behind it: as a server's own address does. */
export interface Road {
  readonly folder: string;
  readonly port: number;
  /** What is behind it from now on; connections to what was are cut. */
  leadTo(url: string): void;
  /** While closed, connections are refused. */
  cut(): void;
  close(): Promise<void>;
}

const PORT = 5432;

export const openRoad = async (): Promise<Road> => {
  const folder = mkdtempSync(join(tmpdir(), 'satchel-road-'));
  chmodSync(folder, 0o700);
  const open = new Set<Socket>();
  let target: URL | undefined;
  const server = createServer((near) => {
    if (!target) {
      near.destroy();
      return;
    }
    const far = connect(join(decodeURIComponent(target.hostname), `.s.PGSQL.${target.port}`));
    const end = (): void => {
      near.destroy();
      far.destroy();
      open.delete(near);
    };
    open.add(near);
    for (const side of [near, far]) {
      side.once('error', end);
      side.once('close', end);
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(join(folder, `.s.PGSQL.${PORT}`), done);
  });
  const cut = (): void => {
    target = undefined;
    for (const socket of open) socket.destroy();
  };
  return {
    folder,
    port: PORT,
    cut,
    leadTo: (url) => {
      cut();
      target = new URL(url);
    },
    close: async () => {
      cut();
      await new Promise<void>((done) => server.close(() => done()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
