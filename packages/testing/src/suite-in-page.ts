import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  customMatchers,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect';

/**
 * Stands for `vitest` in a page: the contract suites of drivers and clients are then
 * bundled as they are, and run where OPFS and workers are. `runSuites` runs what was
 * declared and tells each test's result, which a test of vitest's own asserts on.
 */
type Work = () => unknown;

interface Declared {
  readonly name: string;
  readonly work: Work;
  readonly before: readonly Work[];
  readonly after: readonly Work[];
}

interface Frame {
  readonly name: string;
  readonly before: Work[];
  readonly after: Work[];
}

const declared: Declared[] = [];
const frames: Frame[] = [];

export const describe = (name: string, declare: () => void): void => {
  frames.push({ name, before: [], after: [] });
  declare();
  frames.pop();
};

export const it = (name: string, work: Work): void => {
  declared.push({
    name: [...frames.map((frame) => frame.name), name].join(' > '),
    work,
    // Read when it runs: hooks may be declared after the test.
    before: frames.at(-1)?.before ?? [],
    after: frames.at(-1)?.after ?? [],
  });
};

export const beforeEach = (work: Work): void => {
  frames.at(-1)?.before.push(work);
};
export const afterEach = (work: Work): void => {
  frames.at(-1)?.after.push(work);
};

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

type Expect = Chai.ExpectStatic & {
  poll<T>(read: () => T | Promise<T>): { toBe(expected: T): Promise<void> };
};

const POLL_FOR = 5_000;
const POLL_EVERY = 20;

export const expect = ((value: unknown, message?: string) => chai.expect(value, message)) as Expect;
Object.assign(expect, chai.expect, Reflect.get(globalThis, ASYMMETRIC_MATCHERS_OBJECT));
Reflect.set(globalThis, GLOBAL_EXPECT, expect);
setState(
  { assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null },
  expect as never,
);
(chai.expect as unknown as { extend(expect: unknown, matchers: object): void }).extend(
  expect,
  customMatchers,
);
Object.assign(expect, {
  poll: (read: () => unknown) => ({
    async toBe(expected: unknown): Promise<void> {
      const until = performance.now() + POLL_FOR;
      for (;;) {
        const found = await read();
        if (Object.is(found, expected)) return;
        if (performance.now() > until) throw new Error(`expected ${String(found)} to be ${String(expected)}`);
        await new Promise((done) => setTimeout(done, POLL_EVERY));
      }
    },
  }),
});

export interface TestResult {
  readonly name: string;
  /** The stack of what was thrown; `null` when the test passed. */
  readonly error: string | null;
}

/** Runs the declared tests one after the other. */
export const runSuites = async (): Promise<TestResult[]> => {
  const results: TestResult[] = [];
  for (const { name, work, before, after } of declared) {
    let error: string | null = null;
    const attempt = async (step: Work): Promise<void> => {
      try {
        await step();
      } catch (thrown) {
        error ??= told(thrown);
      }
    };
    for (const step of before) await attempt(step);
    if (error === null) await attempt(work);
    for (const step of after) await attempt(step);
    results.push({ name, error });
  }
  return results;
};

const told = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown);
  return `${thrown.message}\n${thrown.stack ?? ''}`;
};
