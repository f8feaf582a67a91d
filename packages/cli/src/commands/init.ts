import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { SatchelError } from '@satchel/protocol';
import { type Command, isSet } from '../command.ts';

const FILE = 'satchel.app.ts';

const STARTER = `import { boolean, defineApp, id, modifiedAt, table, text } from '@satchel/schema';

// One object describes the app: it types the client, makes the tables in PostgreSQL,
// and says who may see and change what, and how clashes are settled.
export default defineApp({
  name: 'notes',
  schemaVersion: 1,
  tables: {
    notes: table(
      { id: id(), owner: text(), body: text(), done: boolean({ default: false }), updatedAt: modifiedAt() },
      {
        scope: 'user:{owner}',
        lane: 'urgent',
        conflicts: { update: 'latest-wins', delete: 'edit-wins' },
      },
    ),
  },
  // Which scopes a signed-in user may hold.
  scopesOf: ({ userId }) => [\`user:\${userId}\`],
});
`;

/** `satchel init`: a first app to start from. */
export const init: Command = {
  usage: [''],
  options: {},
  help: {},
  async run(given) {
    if (existsSync(FILE)) throw new SatchelError('file_exists', { path: FILE });
    await writeFile(FILE, STARTER, { flag: 'wx' });
    given.screen.write(
      isSet(given, 'json')
        ? `${JSON.stringify({ written: FILE })}\n`
        : `Wrote ${FILE}.\nNext: npx satchel dev\n`,
    );
    return 0;
  },
};
