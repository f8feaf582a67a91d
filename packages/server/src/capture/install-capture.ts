import type { App } from '@satchel/schema';
import type { Transaction } from '../postgres/database.ts';
import { quote } from '../postgres/quote.ts';
import { type CaptureFunction, functionText, triggerTexts } from './capture-plan.ts';
import { type CaptureComparison, compareCapture } from './check-capture.ts';
import { planCapture, readCapturedTables } from './plan-capture.ts';
import { settleDifferences } from './verify-entries.ts';

/**
 * Makes or replaces the triggers that capture every write to the app's tables, and the
 * entries of rows that are there already. Touches nothing that is as it should be, so
 * it may run at each start. Tables must exist and have their numbers.
 *
 * @throws `adopt_unfit` if a table is not there, or row level security hides its rows
 */
export const installCapture = async (
  tx: Transaction,
  app: App,
  tableIds: ReadonlyMap<string, number>,
): Promise<void> => {
  const captured = await readCapturedTables(tx, app, tableIds);
  const plan = await planCapture(tx, app, captured);
  const comparison = await compareCapture(tx, plan);
  if (comparison.differences.length === 0) return;
  await dropLeft(tx, comparison);
  for (const made of comparison.functions) await tx.query(functionText(made));
  for (const trigger of comparison.triggers) {
    for (const text of triggerTexts(trigger)) await tx.query(text);
  }
  for (const one of captured) {
    const touched =
      comparison.functions.some(({ name }) => name === `settle_${one.id}`) ||
      comparison.triggers.some(({ relationOid }) => one.facts.parts.some(({ oid }) => oid === relationOid));
    if (touched) await settleDifferences(tx, one);
  }
};

const dropLeft = async (
  tx: Transaction,
  { leftTriggers, leftFunctions }: CaptureComparison,
): Promise<void> => {
  for (const { name, relation } of leftTriggers) {
    await tx.query(`drop trigger if exists ${quote(name)} on ${relation}`);
  }
  for (const left of leftFunctions) {
    await tx.query(`drop function if exists satchel.${quote(left.name)}(${left.arguments})`);
  }
};

/** Takes capture off: the tables stay, writes are captured no more. Entries stay as they are. */
export const uninstallCapture = async (tx: Transaction): Promise<void> => {
  const none: readonly CaptureFunction[] = [];
  await dropLeft(tx, await compareCapture(tx, { functions: none, triggers: [] }));
};
