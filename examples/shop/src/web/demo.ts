import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startEmbedded } from '@satchel/server';
import { buildFront, SHOP_FRONT } from './build-front.ts';
import { startShop } from './shop-service.ts';

/** Where the demonstration's PostgreSQL keeps its data; safe to delete. */
const DATA = resolve('.satchel/demo-web');

/** `npm run demo:web`: PostgreSQL, server and the shop in a browser, at one address. */
const main = async (): Promise<void> => {
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());
  const directory = await mkdtemp(join(tmpdir(), 'satchel-shop-'));
  process.stdout.write('Building the shop and starting PostgreSQL…\n');
  const named = process.env.DATABASE_URL;
  const [postgres] = await Promise.all([
    named === undefined ? startEmbedded({ dataDir: DATA, signal: stopped.signal }) : undefined,
    buildFront(SHOP_FRONT, directory),
  ]);
  try {
    const port = Number(process.env.PORT ?? 0);
    const shop = await startShop({ database: named ?? postgres?.url ?? '', directory, port });
    process.stdout.write(
      `\n  ${shop.front.url}\n\nOpen it, and a second window as the office: ${shop.front.url}/?as=manager\n` +
        'Press "Go offline", sell, close the window, open it again, go online: the sale arrives in the other.\n' +
        'Ctrl-C stops the server; the page that was opened once goes on without it.\n',
    );
    await new Promise<void>((done) => stopped.signal.addEventListener('abort', () => done(), { once: true }));
    await shop.stop();
  } finally {
    await postgres?.stop();
    await rm(directory, { recursive: true, force: true });
  }
};

await main();
