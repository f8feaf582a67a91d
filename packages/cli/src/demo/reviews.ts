import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ConflictList } from '@satchel/protocol';
import { signToken, systemClock } from '@satchel/server';

const run = promisify(execFile);
const satchel = fileURLToPath(new URL('../../bin/satchel.js', import.meta.url));

/** Resolves what waits for a person the way a person would: with `satchel conflicts`. */
export const resolveOpenReviews = async (given: {
  readonly server: string;
  readonly secret: string;
  readonly say: (text: string) => void;
}): Promise<void> => {
  const { server, secret, say } = given;
  const token = await signToken(secret, { userId: 'admin', roles: ['admin'] }, systemClock);
  const ask = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(process.execPath, [
      satchel,
      'conflicts',
      ...args,
      '--server',
      server,
      '--token',
      token,
    ]);
    return stdout;
  };
  const { conflicts } = JSON.parse(await ask('list', '--state', 'open', '--json')) as ConflictList;
  for (const { conflictId, table, key, columns } of conflicts) {
    say(
      `  $ satchel conflicts resolve ${conflictId.slice(0, 8)}… --take client   (${table} ${key}: ${columns.join(', ')})`,
    );
    await ask('resolve', conflictId, '--take', 'client', '--note', 'Both notes say the same');
  }
  if (conflicts.length === 0) say('  none');
};
