import { type ErrorCode, SatchelError } from '@satchel/protocol';
import { type TestDatabase, type TestDatabaseOptions, testDatabase } from '@satchel/testing/postgres';
import { afterEach } from 'vitest';

const opened: TestDatabase[] = [];

/** A database that is dropped after the test. */
export const open = async (options?: TestDatabaseOptions): Promise<TestDatabase> => {
  const test = await testDatabase(options);
  opened.push(test);
  return test;
};
afterEach(async () => {
  for (const test of opened.splice(0)) await test.drop();
});

/** The error that some work is refused with. */
export const refusal = async (work: Promise<unknown>): Promise<{ code: ErrorCode; detail: string }> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof SatchelError) return { code: error.code, detail: error.message };
    throw error;
  }
  throw new Error('it was not refused');
};
