import type { TestResult } from '@satchel/testing/suite-in-page';

const worker = new Worker(new URL('./driver-suite.worker.ts', import.meta.url), { type: 'module' });
const results = new Promise<TestResult[]>((done, failed) => {
  worker.onmessage = ({ data }) => done(data);
  worker.onerror = ({ message, filename, lineno }) =>
    failed(new Error(`${message} at ${filename}:${lineno}`));
});
Object.assign(globalThis, { suiteResults: () => results });
