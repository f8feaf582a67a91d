import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { SatchelError } from '@satchel/protocol';
import type { App } from '@satchel/schema';
import { createJiti } from 'jiti';
import { type Given, textOption } from './command.ts';
import { problemOf } from './render-error.ts';

export const appOptions = { app: { type: 'string' } } as const;
export const appHelp = {
  app: 'file that exports the app (or SATCHEL_APP); default satchel.app.ts, .mts, .js or .mjs',
};

const USUAL = ['satchel.app.ts', 'satchel.app.mts', 'satchel.app.js', 'satchel.app.mjs'];

/** The app of this folder: the default export of its definition, in TypeScript or JavaScript. */
export const loadApp = async (given: Given): Promise<App> => {
  const named = textOption(given, 'app') ?? given.environment.SATCHEL_APP;
  const path = named === undefined ? USUAL.map((name) => resolve(name)).find(existsSync) : resolve(named);
  if (path === undefined)
    throw new SatchelError('app_invalid', {
      where: 'satchel.app.ts',
      mistake: 'this folder has no such file',
      remedy: 'Write one with satchel init, or name yours with --app.',
    });
  if (!existsSync(path)) throw new SatchelError('file_missing', { path });
  const app = await importDefault(path);
  if (typeof app !== 'object' || app === null || !('tables' in app) || !('schemaVersion' in app))
    throw new SatchelError('app_invalid', {
      where: path,
      mistake: 'the default export is not an app',
      remedy: 'Write export default defineApp({ … }).',
    });
  return app as App;
};

/** Nothing is kept on the disk: an app is small, and a folder of a tool that is gone helps nobody. */
const importDefault = async (path: string): Promise<unknown> => {
  try {
    return await createJiti(import.meta.url, { fsCache: false }).import(path, { default: true });
  } catch (cause) {
    if (problemOf(cause)) throw cause;
    const detail = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
    throw new SatchelError(
      'app_invalid',
      {
        where: path,
        mistake: `it cannot be loaded: ${detail}`,
        remedy: 'Correct the file; what it imports has to be installed (npm install @satchel/schema).',
      },
      { cause },
    );
  }
};
