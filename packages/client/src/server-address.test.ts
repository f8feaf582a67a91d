import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineApp, id, table } from '@satchel/schema';
import { expect, it } from 'vitest';
import { openSatchel } from './index.ts';
import { nodePlatform } from './node.ts';

const app = defineApp({
  name: 'notes',
  tables: { notes: table({ id: id() }, { scope: 'all' }) },
  scopesOf: () => ['all'],
});

it.each(['sync.example.org', 'localhost:7330', '/sync', ''])(
  '[SYNC-73] a server at "%s" is refused when it is named, and no database is made',
  async (server) => {
    const directory = await mkdtemp(join(tmpdir(), 'satchel-address-'));
    const opening = openSatchel({
      app,
      platform: nodePlatform({ directory }),
      server,
      user: { id: 'ana' },
      token: () => 'x',
    });
    await expect(opening).rejects.toMatchObject({ code: 'config_invalid', params: { name: 'server' } });
    expect(await readdir(directory)).toEqual([]);
    await rm(directory, { recursive: true });
  },
);
