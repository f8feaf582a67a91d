import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import * as client from '@satchel/client';
import * as documents from '@satchel/client/documents';
import * as node from '@satchel/client/node';
import * as schema from '@satchel/schema';
import * as civicReports from '@satchel-examples/civic-reports/app';
import * as shop from '@satchel-examples/shop/app';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { type Field, openField } from './field/field.ts';
import { CASTS } from './policies/cast.ts';
import { Requests } from './policies/requests.ts';
import { Stage } from './policies/stage.ts';

const folder = fileURLToPath(new URL('../docs/guides/', import.meta.url));

/** The guides whose code is run here. */
const GUIDES = [
  'good-practice.md',
  'http-contracts.md',
  'mobile-integration.md',
  'testing-scenarios.md',
] as const;

/** What the guides import. */
const MODULES: Readonly<Record<string, object>> = {
  '@satchel/client': client,
  '@satchel/client/documents': documents,
  '@satchel/client/node': node,
  '@satchel/schema': schema,
  '@satchel-examples/civic-reports/app': civicReports,
  '@satchel-examples/shop/app': shop,
};

interface Block {
  /** What stands behind the three back-ticks. */
  readonly info: string;
  readonly text: string;
}

const blocksOf = (guide: string): readonly Block[] =>
  [...readFileSync(folder + guide, 'utf8').matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)].map(
    ([, info = '', text = '']) => ({ info: info.trim(), text }),
  );

/** `import { a } from 'b'` and `import c from 'd'`, as statements that run inside a function. */
const withoutImports = (text: string): string =>
  text
    .replace(/^import (\w+) from '([^']+)';$/gm, "const { default: $1 } = load('$2');")
    .replace(/^import \{([^}]+)\} from '([^']+)';$/gm, "const {$1} = load('$2');");

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
  ...text: string[]
) => (...values: unknown[]) => Promise<unknown>;

/** Runs the code of a guide from top to bottom, as one program. */
const run = async (guide: string, given: Readonly<Record<string, unknown>>): Promise<void> => {
  const program = blocksOf(guide)
    .filter(({ info }) => info === 'js')
    .map(({ text }) => withoutImports(text))
    .join('\n');
  const load = (name: string): object => {
    const found = MODULES[name];
    if (found === undefined) throw new Error(`the guide imports ${name}, which nobody has`);
    return found;
  };
  await new AsyncFunction('load', 'expect', ...Object.keys(given), program)(
    load,
    expect,
    ...Object.values(given),
  );
};

/** The guide's TypeScript without its types, and what it exports by default as what it returns. */
const asProgram = (text: string): string =>
  withoutImports(
    ts
      .transpileModule(text, {
        compilerOptions: { target: ts.ScriptTarget.ESNext, verbatimModuleSyntax: true },
      })
      .outputText.replace(/^export default /m, 'return '),
  );

const open: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of open.reverse()) await close();
});
const fieldOf = async <A extends schema.App>(app: A): Promise<{ field: Field<A>; directory: string }> => {
  // The devices of a guide have the machine's clock: so has its server.
  const field = await openField(app, { at: new Date().toISOString() });
  const directory = await mkdtemp(join(tmpdir(), 'satchel-guide-'));
  open.push(
    () => field.close(),
    () => rm(directory, { recursive: true, force: true }),
  );
  return { field, directory };
};

describe('the guides', () => {
  it('[S3-14] [S3-135] are there: contracts, integration, scenarios, practice', () => {
    expect(readdirSync(folder)).toEqual(expect.arrayContaining([...GUIDES]));
  });

  it('hold no code that is not run here', () => {
    const kinds = GUIDES.flatMap((guide) => blocksOf(guide).map(({ info }) => info.split(' ')[0]));
    expect(new Set(kinds)).toEqual(new Set(['js', 'http', 'json']));
  });

  it('[S4-01] HTTP contracts: each request is answered as the guide says', async () => {
    const blocks = blocksOf('http-contracts.md').filter(({ info }) => /^(http|json)/.test(info));
    const stages = new Map<string, Requests>();
    let count = 0;
    for (let at = 0; at < blocks.length; at += 2) {
      const [asked, told] = [blocks[at], blocks[at + 1]];
      const [, name = '', who = '', status = '200'] = asked?.info.split(' ') ?? [];
      expect(told?.info, `the answer to ${asked?.text}`).toBe('json');
      const cast = CASTS[name];
      if (cast === undefined) throw new Error(`no app ${name}`);
      if (!stages.has(name)) {
        const stage = await Stage.open(cast);
        open.push(() => stage.close());
        stages.set(name, new Requests(stage));
      }
      const [request = '', ...body] = (asked?.text ?? '').trim().split('\n');
      await stages.get(name)?.play({
        who,
        request,
        status,
        body: body.length === 0 ? '-' : body.join('\n'),
        answer: told?.text ?? '{}',
      });
      count += 1;
    }
    expect(count).toBeGreaterThan(5);
  });

  it('[S3-137] mobile integration: its code runs from top to bottom', async () => {
    const { field, directory } = await fieldOf(civicReports.default);
    const token = await field.token({ userId: 'citizen', roles: ['citizen'] });
    await run('mobile-integration.md', { directory, server: field.server.url, token, toasts: [] });
    const { rows } = await field.db.query('select count(*)::int as reports from reports');
    expect(rows).toEqual([{ reports: 2 }]);
  });

  it('testing scenarios: its code runs', async () => {
    const { field, directory } = await fieldOf(shop.default);
    const claims = { storeId: '42' };
    const tokens = {
      staff: await field.token({ userId: 'staff', roles: ['staff'], claims }),
      manager: await field.token({ userId: 'manager', roles: ['manager'], claims }),
    };
    await run('testing-scenarios.md', { directory, server: field.server.url, tokens });
  });

  it('a first app: its code runs, and prints what the guide says', async () => {
    const [definition = '', main = ''] = blocksOf('first-app.md')
      .filter(({ info }) => info === 'ts')
      .map(({ text }) => text);
    const app = await new AsyncFunction('load', asProgram(definition))((name: string) => MODULES[name]);
    const { field, directory } = await fieldOf(app as unknown as schema.App);
    const claims = { district: 'north' };
    const [ANA, BEN] = await Promise.all(
      ['ana', 'ben'].map((userId) => field.token({ userId, roles: ['adviser'], claims })),
    );
    const printed: string[] = [];
    const log = (...values: unknown[]): void => {
      printed.push(values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' '));
    };
    const here = main.replace('http://127.0.0.1:7330', field.server.url).replace('./data', directory);
    await new AsyncFunction('load', 'console', 'process', asProgram(here))(
      (name: string) => (name === './satchel.app.js' ? { default: app } : MODULES[name]),
      { log },
      { env: { ANA, BEN } },
    );
    const said = [...main.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = '']) => text);
    expect(said.map((text, at) => text.slice(0, printed[at]?.length))).toEqual(printed);
    expect(printed).toHaveLength(6);
  });

  it('good practice: its code runs', () => run('good-practice.md', {}));
});
