import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Place } from './start-front.ts';

const fileOf = (folder: string): string => join(folder, 'place.json');

const isFree = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });

const freePort = async (port: number): Promise<number> => ((await isFree(port)) ? port : 0);

/** Where the last demonstration stood, as far as nobody else stands there now; a port that was asked for stays as it is. */
export const keptPlace = async (folder: string, frontPort: number): Promise<Place> => {
  const kept = await readFile(fileOf(folder), 'utf8').then(
    (text) => JSON.parse(text) as Place,
    () => null,
  );
  return {
    frontPort: frontPort || (await freePort(kept?.frontPort ?? 0)),
    serverPort: await freePort(kept?.serverPort ?? 0),
    secret: kept?.secret ?? randomBytes(32).toString('hex'),
  };
};

export const keepPlace = async (folder: string, place: Place): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await writeFile(fileOf(folder), JSON.stringify(place), { mode: 0o600 });
};
