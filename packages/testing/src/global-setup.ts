import type { TestProject } from 'vitest/node';
import { leaseTestServer } from './postgres.ts';

/**
 * For vitest's `globalSetup`: one PostgreSQL for all files of a project, named to them
 * by `SATCHEL_TEST_DATABASE_URL`, stopped afterwards unless another run still uses it.
 * `SATCHEL_TEST_POSTGRES` in the project's `env` asks for another major version. A run
 * with no `*.pg.test.ts` starts none.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (process.env.SATCHEL_TEST_DATABASE_URL) return undefined;
  const { testFiles } = await project.globTestFiles(namedFiles());
  if (!testFiles.some((file) => file.endsWith('.pg.test.ts'))) return undefined;
  const { env } = project.config;
  const server = await leaseTestServer(env.SATCHEL_TEST_POSTGRES ?? process.env.SATCHEL_TEST_POSTGRES);
  env.SATCHEL_TEST_DATABASE_URL = server.url;
  return () => server.release();
}

/** The files or folders that the command line names; all when it names none. */
const namedFiles = (): string[] =>
  process.argv.slice(2).filter((word) => word !== 'run' && !word.startsWith('-'));
