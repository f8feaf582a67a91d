import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SatchelError } from '@satchel/protocol';
import type { Given } from './command.ts';

/** Folder of everything that development leaves behind; safe to delete. */
export const DEVELOPMENT_FOLDER = '.satchel';

/**
 * The secret with which `satchel dev` and `satchel token` sign, made once per folder.
 * Refuses production.
 */
export const developmentSecret = async (given: Given): Promise<string> => {
  if (given.environment.NODE_ENV === 'production')
    throw new SatchelError('production_refused', { what: 'The development issuer of tokens' });
  const path = join(DEVELOPMENT_FOLDER, 'secret');
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept !== undefined) return kept.trim();
  const secret = randomBytes(32).toString('hex');
  await mkdir(DEVELOPMENT_FOLDER, { recursive: true });
  await writeFile(path, `${secret}\n`, { mode: 0o600 });
  return secret;
};
