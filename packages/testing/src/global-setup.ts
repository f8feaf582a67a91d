import type { TestProject } from 'vitest/node';
import { leaseTestServer } from './postgres.ts';

/**
 * For vitest's `globalSetup`: a PostgreSQL for each worker of a project, named to them
 * by `SATCHEL_TEST_SERVERS`, stopped afterwards unless another run still uses it.
 * `SATCHEL_TEST_POSTGRES` in the project's `env` asks for another major version. A run
 * with no `*.pg.test.ts` and none in Chromium starts none.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (process.env.SATCHEL_TEST_DATABASE_URL) return undefined;
  const { testFiles } = await project.globTestFiles(namedFiles());
  const files = testFiles.filter((file) => /\.(pg|chromium)\.test\.tsx?$/.test(file)).length;
  if (files === 0) return undefined;
  const { env, maxWorkers } = project.config;
  const major = env.SATCHEL_TEST_POSTGRES ?? process.env.SATCHEL_TEST_POSTGRES;
  const workers = Array.from({ length: Math.min(files, maxWorkers) }, (_, at) => String(at + 1));
  const servers = await Promise.all(workers.map((worker) => leaseTestServer(major, worker)));
  env.SATCHEL_TEST_SERVERS = servers.map(({ url }) => url).join(' ');
  return async () => {
    for (const server of servers) await server.release();
  };
}

/** The files or folders that the command line names; all when it names none. */
const namedFiles = (): string[] =>
  process.argv.slice(2).filter((word) => word !== 'run' && !word.startsWith('-'));
