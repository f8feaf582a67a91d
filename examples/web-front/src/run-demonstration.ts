import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startEmbedded } from '@satchel/server';
import { buildFront } from './build-front.ts';
import { type StartFront, startFront } from './start-front.ts';

export interface Demonstration extends Pick<StartFront, 'app' | 'people' | 'seed'> {
  /** Of the folder below `.satchel` where its PostgreSQL keeps its data. */
  readonly name: string;
  /** The folder with the front's `index.html`. */
  readonly root: string;
  /** What to try there, told below the address. */
  readonly hint: (url: string) => string;
}

/**
 * PostgreSQL, server and a front at one address, until Ctrl-C. `DATABASE_URL` names
 * another PostgreSQL, `PORT` the front's port.
 */
export const runDemonstration = async (given: Demonstration): Promise<void> => {
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
  const directory = await mkdtemp(join(tmpdir(), 'satchel-front-'));
  process.stdout.write('Building the app and starting PostgreSQL…\n');
  const named = process.env.DATABASE_URL;
  const [postgres] = await Promise.all([
    named === undefined
      ? startEmbedded({ dataDir: resolve('.satchel', given.name), signal: stopped.signal })
      : undefined,
    buildFront(given.root, directory),
  ]);
  try {
    const service = await startFront({
      app: given.app,
      seed: given.seed,
      people: given.people,
      database: named ?? postgres?.url ?? '',
      directory,
      port: Number(process.env.PORT ?? 0),
    });
    process.stdout.write(
      `\n  ${service.front.url}\n\n${given.hint(service.front.url)}\n` +
        'Ctrl-C stops the server; a page that was opened once goes on without it.\n',
    );
    await new Promise<void>((done) => stopped.signal.addEventListener('abort', () => done(), { once: true }));
    await service.stop();
  } finally {
    await postgres?.stop();
    await rm(directory, { recursive: true, force: true });
  }
};
