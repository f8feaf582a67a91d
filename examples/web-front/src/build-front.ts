import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { build, defaultClientConditions, type Plugin } from 'vite';

/** What stands for the list of files in the service worker until it is built. */
const PLACE = 'self.__PRECACHE__';

/** The service worker is the same for every front: it knows its files, and nothing else. */
const SERVICE_WORKER = fileURLToPath(new URL('../browser/service-worker.ts', import.meta.url));

const filesBelow = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    }),
  );
  return found.flat();
};

/** Tells the service worker which files the app is made of, so that it starts with no network. */
const precacheManifest = (): Plugin => ({
  name: 'precache-manifest',
  apply: 'build',
  async writeBundle({ dir }) {
    const folder = dir ?? '';
    const worker = join(folder, 'service-worker.js');
    const files = (await filesBelow(folder)).filter((path) => path !== worker);
    const entries = await Promise.all(
      files.sort().map(async (path) => {
        const url = `/${relative(folder, path).replaceAll('\\', '/')}`;
        const revision = createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
          .slice(0, 16);
        // A file with its hash in its name never changes.
        return { url, revision: url.startsWith('/assets/') ? null : revision };
      }),
    );
    const code = await readFile(worker, 'utf8');
    if (!code.includes(PLACE)) throw new Error('the service worker has no place for its list of files');
    await writeFile(worker, code.replace(PLACE, JSON.stringify(entries)));
  },
});

/**
 * Builds a front from the `index.html` in `root`, with a service worker that knows every file of it.
 *
 * @param conditions export conditions of packages; `source` in a checkout that is not built
 */
export const buildFront = async (
  root: string,
  outDir: string,
  conditions: readonly string[] = [],
): Promise<void> => {
  // Vite leaves NODE_ENV=production behind, which is not how this process was started.
  const { NODE_ENV } = process.env;
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [react(), precacheManifest()],
    resolve: { conditions: [...conditions, ...defaultClientConditions] },
    worker: { format: 'es' },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'esnext',
      chunkSizeWarningLimit: 10_000,
      rolldownOptions: {
        input: { index: join(root, 'index.html'), 'service-worker': SERVICE_WORKER },
        output: {
          entryFileNames: ({ name }) =>
            name === 'service-worker' ? 'service-worker.js' : 'assets/[name]-[hash].js',
        },
      },
    },
  });
  if (NODE_ENV === undefined) delete process.env.NODE_ENV;
  else process.env.NODE_ENV = NODE_ENV;
};
