import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startEmbedded } from '@satchel/server';
import { buildFront } from './build-front.ts';
import { keepPlace, keptPlace } from './kept-place.ts';
import { type StartFront, startFront } from './start-front.ts';

export interface Demonstration extends Pick<StartFront, 'app' | 'people' | 'seed'> {
  /** Of the folder below `.satchel` where it keeps its data; safe to delete. */
  readonly name: string;
  /** The folder with the front's `index.html`. */
  readonly root: string;
  /** What to try there, told below the address. */
  readonly hint: (url: string) => string;
}

/**
 * PostgreSQL, server and a front at one address, until Ctrl-C; the next start has the
 * same address, so that a page that was left open goes on. `DATABASE_URL` names another
 * PostgreSQL, `PORT` the front's port.
 */
export const runDemonstration = async (given: Demonstration): Promise<void> => {
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
  const directory = await mkdtemp(join(tmpdir(), 'satchel-front-'));
  process.stdout.write('Building the app and starting PostgreSQL…\n');
  const folder = resolve('.satchel', given.name);
  const named = process.env.DATABASE_URL;
  const [postgres] = await Promise.all([
    named === undefined
      ? startEmbedded({ dataDir: join(folder, 'postgres'), signal: stopped.signal })
      : undefined,
    buildFront(given.root, directory),
  ]);
  try {
    const place = await keptPlace(folder, Number(process.env.PORT ?? 0));
    const service = await startFront({
      app: given.app,
      seed: given.seed,
      people: given.people,
      database: named ?? postgres?.url ?? '',
      directory,
      place,
    });
    await keepPlace(folder, {
      frontPort: Number(new URL(service.front.url).port),
      serverPort: service.server.port,
      secret: place.secret,
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
