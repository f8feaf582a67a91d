import type { FaultCounts } from '@satchel/testing/faulty-proxy';
import { renderTable } from '../screen.ts';
import type { Comparison } from './compare.ts';
import type { DeviceReport } from './device-link.ts';

export interface DeviceFigures {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly firstSyncMs: number;
  readonly firstSyncRows: number;
  readonly edits: number;
  readonly offlineMs: number;
  readonly killed: number;
  readonly report: DeviceReport;
  readonly comparisons: readonly Comparison[];
}

export interface DemoFigures {
  readonly seed: number;
  readonly loadedRows: number;
  readonly addedRoutes: number;
  readonly loadMs: number;
  readonly drainMs: number;
  readonly totalMs: number;
  readonly faults: Readonly<FaultCounts>;
  readonly serverKills: number;
  readonly devices: readonly DeviceFigures[];
  readonly told: number;
  /** Told mutations by how many outcomes the server keeps of them; only `1` is right. */
  readonly outcomesPerMutation: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly conflicts: readonly {
    readonly kind: string;
    readonly policy: string;
    readonly decision: string;
    readonly count: number;
  }[];
  readonly counters: {
    readonly airports: number;
    readonly expected: number;
    readonly found: number;
    readonly wrong: number;
  };
  readonly openConflicts: number;
}

const number = (value: number): string => value.toLocaleString('en');
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(2)} MB`;

/** What is wrong, in words; empty when the demo proved its point. */
export const faultsOf = (figures: DemoFigures): string[] => {
  const wrong: string[] = [];
  for (const { name, comparisons, report } of figures.devices) {
    for (const { table, differing } of comparisons)
      if (differing.length > 0)
        wrong.push(
          `${name}: ${number(differing.length)} rows of ${table} differ, for example ${differing.slice(0, 3).join(', ')}`,
        );
    if (report.pending > 0) wrong.push(`${name}: ${report.pending} mutations are still pending`);
  }
  for (const [outcomes, count] of Object.entries(figures.outcomesPerMutation))
    if (outcomes !== '1') wrong.push(`${number(count)} mutations have ${outcomes} outcomes instead of one`);
  if (figures.counters.wrong > 0) wrong.push(`${figures.counters.wrong} counters do not add up`);
  if (figures.openConflicts > 0) wrong.push(`${figures.openConflicts} conflicts are still open`);
  return wrong;
};

const table = (rows: readonly (readonly string[])[]): string =>
  renderTable(rows).trimEnd().replace(/^/gm, '  ');

/** The report as text for people. */
export const renderReport = (figures: DemoFigures): string => {
  const { devices, faults } = figures;
  const outcomes = Object.entries(figures.outcomes)
    .map(([outcome, count]) => `${number(count)} ${outcome}`)
    .join(', ');
  const sections = [
    `Loaded   ${number(figures.loadedRows)} rows by plain SQL in ${seconds(figures.loadMs)} (${number(figures.addedRoutes)} routes that the file of routes lacks were added)`,
    `Devices\n${table([
      ['', 'first sync', 'rows', 'edits', 'made offline in', 'killed', 'sent', 'received'],
      ...devices.map((device) => [
        device.name,
        seconds(device.firstSyncMs),
        number(device.firstSyncRows),
        number(device.edits),
        seconds(device.offlineMs),
        `${device.killed}x`,
        megabytes(device.report.sent),
        megabytes(device.report.received),
      ]),
    ])}`,
    `The road lost ${faults.lostRequests} requests and ${faults.lostAnswers} answers, cut ${faults.cutAnswers} answers and ${faults.cutSockets} sockets, doubled ${faults.duplicates}; the server was killed ${figures.serverKills}x`,
    `Drained  in ${seconds(figures.drainMs)}: ${number(figures.told)} told mutations, each with one outcome (${outcomes})`,
    `Conflicts\n${
      figures.conflicts.length === 0
        ? '  none'
        : table([
            ['kind', 'policy', 'decision', 'count'],
            ...figures.conflicts.map(({ kind, policy, decision, count }) => [
              kind,
              policy,
              decision,
              number(count),
            ]),
          ])
    }`,
    `Counters ${number(figures.counters.airports)} airports counted on: ${number(figures.counters.expected)} expected, ${number(figures.counters.found)} found`,
    `Compared with plain SQL, row for row\n${table([
      ['', ...(devices[0]?.comparisons.map(({ table: name }) => name) ?? []), 'equal'],
      ...devices.map(({ name, comparisons }) => [
        name,
        ...comparisons.map(({ server }) => number(server)),
        comparisons.every(({ differing }) => differing.length === 0) ? 'yes' : 'NO',
      ]),
    ])}`,
  ];
  const wrong = faultsOf(figures);
  const verdict =
    wrong.length === 0
      ? `All devices equal the server; nothing lost, nothing doubled. ${seconds(figures.totalMs)} in all.`
      : `NOT EQUAL:\n${wrong.map((line) => `  - ${line}`).join('\n')}`;
  return `${sections.join('\n\n')}\n\n${verdict}\n`;
};
