import { appendRecord } from './records.ts';
import { runFacts } from './run-facts.ts';

/**
 * Keeps what a test counted, for the scorecard, in the file that SATCHEL_RECORD names; without it, nothing is kept.
 * `command`: the words that run the test again.
 */
export const recordCounted = async (
  by: string,
  command: string,
  figures: Readonly<Record<string, number>>,
): Promise<void> => {
  const file = process.env.SATCHEL_RECORD;
  if (file === undefined) return;
  const facts = runFacts(`SATCHEL_RECORD=docs/reliability.json ${command}`);
  await appendRecord(file, { kind: 'counted', by, ...facts, figures });
};
