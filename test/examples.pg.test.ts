import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { recordCounted } from '@satchel/simulation';
import { loadRows, type RowsByTable } from '@satchel/testing/load-rows';
import { seed as civicSeed } from '@satchel-examples/civic-reports/seed';
import { seed as farmSeed } from '@satchel-examples/farm-advisory/seed';
import { seed as meterSeed } from '@satchel-examples/meter-readings/seed';
import { seed as shopSeed } from '@satchel-examples/shop/seed';
import { seed as formsSeed } from '@satchel-examples/store-forms/seed';
import { afterAll, describe, expect, it } from 'vitest';
import { type Field, openField, type Person } from './field/field.ts';
import { CASTS } from './policies/cast.ts';

interface Example {
  readonly seed: RowsByTable;
  /** Whose token the curl lines are run with. */
  readonly user: Person;
  readonly admin: Person;
  /** What its tables are called in the document. */
  readonly tables: readonly string[];
}

const claims = { storeId: '42', district: 'd-1', region: 'north' };
const admin = { userId: 'admin', roles: ['admin'], claims };

const EXAMPLES: Readonly<Record<string, Example>> = {
  shop: {
    seed: shopSeed,
    user: { userId: 'staff', roles: ['staff'], claims },
    admin,
    tables: ['products', 'sales', 'saleLines', 'customers', 'payments', 'settings', 'reports'],
  },
  'store-forms': {
    seed: formsSeed,
    user: { userId: 'store', roles: ['store'], claims },
    admin,
    tables: [
      'forms',
      'formSections',
      'fields',
      'formTemplates',
      'submissions',
      'submissionAnswers',
      'team',
      'kpiData',
      'settings',
      'templates',
    ],
  },
  'farm-advisory': {
    seed: farmSeed,
    user: { userId: 'farmer', roles: ['farmer'], claims },
    admin,
    tables: [
      'profiles',
      'cropRecords',
      'alerts',
      'marketQueries',
      'insurancePolicies',
      'insuranceClaims',
      'advisoryBookmarks',
    ],
  },
  'civic-reports': {
    seed: civicSeed,
    user: { userId: 'citizen', roles: ['citizen'] },
    admin,
    tables: ['reports', 'profiles', 'tasks'],
  },
  'meter-readings': {
    seed: meterSeed,
    user: { userId: 'reader', roles: ['reader'], claims },
    admin,
    tables: ['meters', 'forms', 'formVersions', 'submissions', 'submissionMedia'],
  },
};

const folder = (name: string): string => fileURLToPath(new URL(`../examples/${name}/`, import.meta.url));
const run = promisify(execFile);

/** The paths that the server documents for the app's dialects. */
const contractOf = async (field: Field): Promise<readonly string[]> => {
  const answer = await fetch(`${field.server.url}/openapi.json`);
  const { paths } = (await answer.json()) as { paths: Readonly<Record<string, unknown>> };
  return Object.keys(paths).filter((path) => path.startsWith('/api/v1/'));
};

/** Of documents with a contract of their own: a request that is not answered with 2xx ends the script. */
const counted = { documents: 0, payloads: 0, endpoints: 0, requests: 0 };
const DOCUMENTS = 3;

afterAll(async () => {
  if (counted.documents === DOCUMENTS)
    await recordCounted('interop', 'npx vitest run test/examples.pg.test.ts', counted);
});

describe.each(Object.entries(EXAMPLES))('the example %s', (name, example) => {
  const { app } = CASTS[name] ?? { app: undefined };
  if (app === undefined) throw new Error(`no app ${name}`);

  it('[APP-02] has the tables of its document, and parents before children', () => {
    expect(Object.keys(app.tables)).toEqual(expect.arrayContaining([...example.tables]));
    for (const { name: child, foreignKeys } of Object.values(app.tables))
      for (const { references } of foreignKeys)
        expect(app.tableOrder.indexOf(references)).toBeLessThan(app.tableOrder.indexOf(child));
  });

  it('its seed loads, the second time nothing is new, and a device gets it', async () => {
    const field = await openField(app);
    try {
      const rows = Object.values(example.seed).reduce((sum, list) => sum + (list?.length ?? 0), 0);
      expect(await loadRows(field.db, app, example.seed)).toBe(rows);
      expect(await loadRows(field.db, app, example.seed)).toBe(0);
      const device = await field.device(example.user);
      await device.sync();
      expect((await device.db.status()).complete).toBe(true);
      expect(await device.db.verify({ depth: 'deep' })).toMatchObject({ equal: true });
    } finally {
      await field.close();
    }
  });

  it('[S2-117] [S2-119] its curl lines ask every endpoint of its contract, and are answered', async () => {
    const field = await openField(app);
    try {
      await loadRows(field.db, app, example.seed);
      const script = `${folder(name)}http/requests.sh`;
      const text = readFileSync(script, 'utf8').replace(/\$\w+_id/g, '{id}');
      const endpoints = await contractOf(field);
      expect(endpoints.filter((path) => !text.includes(path))).toEqual([]);
      const payloads = readdirSync(`${folder(name)}http`).filter((file) => file.endsWith('.json'));
      expect(payloads.filter((file) => !text.includes(`/${file}"`))).toEqual([]);
      const { stdout } = await run('sh', [script], {
        env: {
          PATH: process.env.PATH ?? '',
          URL: field.server.url,
          TOKEN: await field.token(example.user),
          ADMIN_TOKEN: await field.token(example.admin),
        },
      });
      const answers = stdout.split('\n').filter((line) => line !== '');
      expect(answers.length).toBeGreaterThan(3);
      for (const answer of answers) expect(JSON.parse(answer)).toBeTypeOf('object');
      expect(field.log.filter(({ level }) => level === 'error')).toEqual([]);
      if (endpoints.length === 0) return;
      counted.documents += 1;
      counted.payloads += payloads.length;
      counted.endpoints += endpoints.length;
      counted.requests += text.split('\n').filter((line) => /\bask "/.test(line)).length;
    } finally {
      await field.close();
    }
  });

  it('its README names how it starts, its seed, its users and its curl lines', () => {
    const readme = readFileSync(`${folder(name)}README.md`, 'utf8');
    expect(readme).toContain(`npx satchel dev --app examples/${name}/src/app.ts`);
    expect(readme).toContain(`node examples/load-seed.mjs ${name}`);
    expect(readme).toContain(`npx satchel token ${example.user.userId}`);
    expect(readme).toContain(`examples/${name}/http/requests.sh`);
  });
});
