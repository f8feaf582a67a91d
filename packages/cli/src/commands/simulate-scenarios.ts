import { SatchelError } from '@satchel/protocol';
import {
  appendRecord,
  runFacts,
  runnable,
  runScenario,
  SCENARIOS,
  type ScenarioResult,
} from '@satchel/simulation';
import { type Given, isSet, textOption } from '../command.ts';

const chosen = (name: string): ReturnType<typeof runnable> => {
  const found = runnable().filter(
    ({ place, scenario }) => name === 'all' || name === place || name === scenario.name,
  );
  if (found.length > 0) return found;
  const names = runnable().map(({ place, scenario }) => `${place} ${scenario.name}`);
  throw new SatchelError('usage', { detail: `there is no scenario ${name}; there are: ${names.join(', ')}` });
};

const tell = ({ screen }: Given, place: string, result: ScenarioResult): void => {
  const { violations, figures, title, name, virtualMs, realMs } = result;
  const numbers = Object.entries(figures).map(([figure, value]) => `${figure} ${value}`);
  screen.write(`${violations.length === 0 ? 'holds ' : 'BREAKS'} ${place.padStart(3)}  ${title}\n`);
  screen.write(
    `            ${name}: ${Math.round(virtualMs / 1_000)} s of virtual time in ${(realMs / 1_000).toFixed(1)} s${numbers.length > 0 ? `; ${numbers.join(', ')}` : ''}\n`,
  );
  for (const { invariant, message } of violations.slice(0, 3))
    screen.write(`            ${invariant}: ${message}\n`);
};

const tellOthers = ({ screen }: Given): void => {
  for (const [place, shown] of Object.entries(SCENARIOS)) {
    if (shown.by === 'elsewhere')
      screen.write(`       ${place.padStart(3)}  proven by ${shown.file} (${shown.rule})\n`);
    if (shown.by === 'not-yet') screen.write(`not yet ${place.padStart(2)}  ${shown.title}: ${shown.why}\n`);
  }
};

/** `satchel simulate --scenario`: what hurt other systems, as named runs of the whole system. */
export const runScenarios = async (given: Given, name: string): Promise<number> => {
  const isJson = isSet(given, 'json');
  const file = textOption(given, 'record');
  const results: ScenarioResult[] = [];
  for (const { place, scenario } of chosen(name)) {
    if (given.signal.aborted) break;
    const result = await runScenario(scenario);
    results.push(result);
    if (!isJson) tell(given, place, result);
    if (file === undefined || result.violations.length > 0) continue;
    const facts = runFacts(`satchel simulate --scenario ${scenario.name}`);
    await appendRecord(file, { kind: 'counted', ...facts, by: scenario.name, figures: result.figures });
  }
  if (isJson) given.screen.write(`${JSON.stringify(results)}\n`);
  else if (name === 'all') tellOthers(given);
  return results.every(({ violations }) => violations.length === 0) ? 0 : 1;
};
