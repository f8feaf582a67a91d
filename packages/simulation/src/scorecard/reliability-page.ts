import { unreachable } from '@satchel/protocol';
import { INVARIANTS } from '../checkers/invariants.ts';
import { CORE_FAULTS } from '../core-runner/run-core.ts';
import { FAULT_NAMES, familyPairs, NOT_SIMULATED } from '../faults.ts';
import { fired, pairsMetIn, whole } from './facts.ts';
import type { ReliabilityRecord, SeedsRecord } from './records.ts';
import type { Figure } from './scorecard.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** What ran, of what, and how much of it failed. */
const cellsOf = (record: ReliabilityRecord): readonly string[] => {
  switch (record.kind) {
    case 'planted':
      return ['planted', `${record.bugs} bugs`, '', `${record.missed.length} missed`];
    case 'counted':
      return [record.by, '', '', '0'];
    case 'core':
    case 'whole':
      return [record.kind, record.seeds.join(' to '), String(record.steps), String(record.failed.length)];
    default:
      return unreachable(record);
  }
};

/** `docs/reliability.md`: the scorecard, what is checked, what fired, what is not simulated. */
export const reliabilityPage = (
  figures: readonly Figure[],
  records: readonly ReliabilityRecord[],
): string => {
  const seeds = records.filter(
    (record): record is SeedsRecord => record.kind === 'whole' || record.kind === 'core',
  );
  const wholeRuns = seeds.filter(({ kind }) => kind === 'whole');
  const coreRuns = seeds.filter(({ kind }) => kind === 'core');
  return `# Reliability

How it is shown that nothing is lost, and what is not shown yet. Written by \`satchel scorecard --write docs/reliability.md\` from [reliability.json](reliability.json), to which \`satchel simulate --record\` appends; each figure has its command.

Two simulations run from a seed. The **pure core** (\`satchel simulate --core\`) puts the decisions (order of sending, merge, policies, overlay, clocks, cursors, states) over a small model in memory. The **whole system** (\`satchel simulate\`) is the real client on SQLite and the real server on PostgreSQL, one statement at a time, with time, randomness and network of the simulation. Both are watched by an oracle that shares no code with the engine.

## Scorecard

${table(
  ['', 'figure', 'measured', 'by'],
  figures.map(({ id, what, value, from }) => [
    id,
    what,
    value ?? 'not measured yet',
    value === null ? from : `\`${from}\``,
  ]),
)}

## Runs

${table(
  ['what', 'seeds', 'steps', 'failed', 'commit', 'machine', 'date', 'command'],
  records.map((record) => {
    const { commit, machine, date, command } = record;
    return [...cellsOf(record), commit, machine, date, `\`${command}\``];
  }),
)}

## Invariants

${table(
  ['', 'invariant', 'checked by', 'how'],
  INVARIANTS.map(({ id, what, checkedBy, how }) => [id, what, checkedBy.join(', '), how]),
)}

## Faults fired

${table(
  ['fault', 'whole system', 'pure core'],
  FAULT_NAMES.map((fault) => [
    fault,
    whole(fired(wholeRuns, fault)),
    (CORE_FAULTS as readonly string[]).includes(fault) ? whole(fired(coreRuns, fault)) : '',
  ]),
)}

${pairsMetIn(wholeRuns)} of ${familyPairs().length} pairs of families of faults met in a seed of the whole system.

Not simulated: ${Object.entries(NOT_SIMULATED)
    .map(([fault, why]) => `${fault} (${why})`)
    .join('; ')}.
`;
};
