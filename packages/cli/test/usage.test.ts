import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectError, expectJsonError, newPlace, type Place } from './command.ts';

let place: Place;
let empty: Place;
beforeAll(async () => {
  [place, empty] = [newPlace(), newPlace()];
  expect(await place.json(['init'])).toEqual({ written: 'satchel.app.ts' });
});
afterAll(() => {
  place.remove();
  empty.remove();
});

const COMMANDS = [
  'init',
  'dev',
  'start',
  'migrate',
  'doctor',
  'verify',
  'conflicts',
  'quarantine',
  'token',
  'demo',
  'bench',
  'simulate',
  'scorecard',
];

describe('usage', () => {
  it('[CMD-01] lists every command, and each has help that names its options', async () => {
    const overview = await place.run(['--help']);
    expect(overview.code).toBe(0);
    expect((await place.run([])).code).toBe(2);
    const helps = await Promise.all(COMMANDS.map((name) => place.run([name, '--help'])));
    for (const [i, name] of COMMANDS.entries()) {
      expect(overview.stdout).toMatch(new RegExp(`^  ${name} +\\w`, 'm'));
      expect(helps[i]).toMatchObject({ code: 0, stderr: '' });
      expect(helps[i]?.stdout).toContain(`satchel ${name}`);
      expect(helps[i]?.stdout).toMatch(/--json .+\n.*--help /);
    }
    expect(helps[COMMANDS.indexOf('start')]?.stdout).toMatch(/^ {2}SATCHEL_SECRET +\w/m);
    expect((await place.run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  const wrong: readonly (readonly [string, readonly string[]])[] = [
    ['an unknown command', ['nope']],
    ['an unknown option', ['dev', '--wat']],
    ['an option without its value', ['dev', '--port']],
    ['a demo of no number', ['demo', '--edits', 'x']],
    ['an unknown benchmark', ['bench', '--only', 'nothing']],
    ['benchmarks over no rows', ['bench', '--rows', '0']],
    ['a token for nobody', ['token']],
    ['claims that are no object', ['token', 'ana', '--claims', '[1]']],
    ['hours that are no number', ['token', 'ana', '--hours', 'x']],
    ['a word too many', ['token', 'ana', 'ben']],
    ['a word where none belongs', ['migrate', 'all']],
    ['a verb that is none', ['conflicts', 'nope', '--token', 'x']],
    ['a conflict without id', ['conflicts', 'show', '--token', 'x']],
    ['an id that is none', ['conflicts', 'show', 'f1e5f064', '--token', 'x']],
    ['a state that is none', ['conflicts', '--state', 'opened', '--token', 'x']],
    ['a decision that says nothing', ['conflicts', 'resolve', 'id', '--token', 'x']],
    ['a field without value', ['conflicts', 'resolve', 'id', '--field', 'name', '--token', 'x']],
    ['a field that is no JSON', ['conflicts', 'resolve', 'id', '--field', 'name=x', '--token', 'x']],
    ['a quarantine of no database', ['quarantine']],
  ];
  it.each(wrong)('[CMD-02] %s is wrong usage: exit code 2, and what to do', async (_, words) => {
    const told = await place.run(words);
    expect(told.code).toBe(2);
    const command = words[0] === 'nope' ? '' : `${words[0]} `;
    expect(expectError(told, 'usage')).toContain(`See satchel ${command}--help.`);
  });

  const unfit: readonly (readonly [string, string, readonly string[], Record<string, string>])[] = [
    ['no app', 'file_missing', ['migrate', '--app', 'none.ts'], {}],
    ['no database', 'config_invalid', ['migrate'], {}],
    ['no address', 'config_invalid', ['doctor', '--database', 'shop'], {}],
    [
      'a database that is away',
      'config_invalid',
      ['verify'],
      { DATABASE_URL: 'postgres://u:hush@127.0.0.1:1/x' },
    ],
    [
      'a server that is away',
      'config_invalid',
      ['conflicts'],
      { SATCHEL_TOKEN: 'x', SATCHEL_SERVER: 'http://127.0.0.1:9' },
    ],
    ['a server that is none', 'config_invalid', ['conflicts', '--token', 'x', '--server', 'shop'], {}],
    ['no token', 'config_invalid', ['conflicts'], {}],
    ['no keys', 'config_invalid', ['start'], { DATABASE_URL: 'postgres://u:hush@127.0.0.1:1/x' }],
    ['a port that is none', 'config_invalid', ['dev', '--port', 'x'], {}],
    ['development in production', 'production_refused', ['dev'], { NODE_ENV: 'production' }],
    ['tokens in production', 'production_refused', ['token', 'ana'], { NODE_ENV: 'production' }],
    ['an app that is there', 'file_exists', ['init'], {}],
  ];
  it.each(unfit)('[CMD-03] %s is %s: exit code 1, and what to do', async (_, code, words, environment) => {
    const told = await place.run(words, environment);
    expect(told.code).toBe(1);
    expect(expectError(told, code)).not.toContain('hush');
  });

  it('[CMD-03] with --json an error is one JSON value beside the output', async () => {
    const usage = await place.run(['token', '--json']);
    expect(usage.code).toBe(2);
    expectJsonError(usage, 'usage');
    const unreachable = await place.run([
      'doctor',
      '--json',
      '--database',
      'postgres://u:hush@127.0.0.1:1/x',
    ]);
    expect(unreachable.code).toBe(1);
    expectJsonError(unreachable, 'config_invalid');
    expect(unreachable.stderr).not.toContain('hush');
  });

  it('[CMD-04] an app that cannot be loaded, or is none, is told with its file', async () => {
    const cases: [string, string][] = [
      ['broken.ts', 'export default {{'],
      ['lonely.ts', `import 'not-installed'; export default {};`],
      ['none.ts', 'export default 7;'],
      [
        'mistaken.ts',
        `import { defineApp, text, table } from '@satchel/schema';
         export default defineApp({ name: 'x', tables: { t: table({ name: text() }, { scope: 'all' }) }, scopesOf: () => [] });`,
      ],
    ];
    expect(expectError(await empty.run(['migrate']), 'app_invalid')).toContain('satchel init');
    for (const [file, text] of cases) {
      writeFileSync(join(empty.folder, file), text);
      const told = await empty.run(['migrate', '--app', file]);
      expect(told.code).toBe(1);
      expectError(told, 'app_invalid');
      expect(told.stderr).not.toContain('    at ');
    }
  });
});

describe('token', () => {
  it('[CMD-05] has the user, roles, claims and time that were asked for; one secret for a folder', async () => {
    const words = ['token', 'ana', '--roles', 'admin,clerk', '--claims', '{"storeId":"42"}', '--hours', '2'];
    const { token } = await place.json<{ token: string }>([...words, '--channel', 'web']);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ sub: 'ana', roles: ['admin', 'clerk'], storeId: '42', channel: 'web' });
    expect(claims.exp - claims.iat).toBe(7_200);
    const secret = readFileSync(join(place.folder, '.satchel/secret'), 'utf8');
    expect((await place.run(words)).stdout.split('.')).toHaveLength(3);
    expect(readFileSync(join(place.folder, '.satchel/secret'), 'utf8')).toBe(secret);
  });

  it('[CMD-05] makes nothing in production', async () => {
    await empty.run(['token', 'ana'], { NODE_ENV: 'production' });
    expect(existsSync(join(empty.folder, '.satchel'))).toBe(false);
  });
});
