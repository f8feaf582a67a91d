import { NO_BENCH, SCENARIO } from './commands.ts';
import { type Line, ofBench, ofRun } from './line.ts';

const seconds = (ms: number | undefined): string => `${((ms ?? 0) / 1_000).toLocaleString('en-US')} s`;

const listed = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([line, value]) => `${line} ${value}`)
    .join(', ');

/** What runs with a name counted: scenarios, tests with real processes, benchmarks. */
export const LINES_OF_RUNS: readonly Line[] = [
  {
    id: 'R9',
    what: 'lost acknowledged writes, real processes killed',
    measure: ofRun(
      'kills',
      ({ devices, servers, databases, told, lost }) =>
        `${lost} of ${told} told writes, in ${devices} kills of devices, ${servers} of servers, ${databases} of PostgreSQL`,
    ),
    otherwise: 'run SATCHEL_RECORD=docs/reliability.json npx vitest run test/kill.pg.test.ts',
  },
  {
    id: 'R11',
    what: 'power-loss model: unsynced sectors lost or kept in any choice',
    measure: ofRun(
      'power',
      ({ cuts, told, lost, damaged }) =>
        `${damaged} databases damaged and ${lost} of ${told} told writes lost, in ${cuts} cuts`,
    ),
    otherwise: 'run SATCHEL_RECORD=docs/reliability.json npx vitest run test/power-loss.test.ts',
  },
  {
    id: 'R14',
    what: 'longest offline proved',
    measure: ofRun(
      'ninety-days-offline',
      ({ days, edits, lost, drainedMs }) =>
        `${days} days, ${edits} edits, a token that ended, schema +2: ${lost} lost, all sent in ${seconds(drainedMs)} (virtual)`,
    ),
    otherwise: SCENARIO,
  },
  {
    id: 'R17',
    what: 'cloned devices detected',
    measure: ofRun(
      'cloned-devices',
      ({ clones, detected, lost, slowestMs }) =>
        `${detected} of ${clones}, within ${seconds(slowestMs)} (virtual), ${lost} writes lost`,
    ),
    otherwise: SCENARIO,
  },
  {
    id: 'R18',
    what: 'delay that a poisoned item causes to others',
    measure: ofRun(
      'poison-delays-nobody',
      ({ items, bad, withP50Ms, withP99Ms, withoutP50Ms, withoutP99Ms, laterP50Ms, laterP99Ms }) =>
        laterP50Ms === undefined
          ? undefined
          : `from the local commit to the server’s: p50 ${withP50Ms} ms, p99 ${withP99Ms} ms with ${bad} bad items among ${items}; p50 ${withoutP50Ms} ms, p99 ${withoutP99Ms} ms without; the same item comes later by p50 ${laterP50Ms} ms, p99 ${laterP99Ms} ms (virtual)`,
    ),
    otherwise: SCENARIO,
  },
  {
    id: 'R21',
    what: 'upload bytes wasted at 30% loss, 20 MB file',
    measure: () => undefined,
    otherwise: 'media are not built yet',
  },
  {
    id: 'R22',
    what: 'bytes for a one-field edit, both ways',
    measure: ofBench('edit-bytes', listed),
    otherwise: NO_BENCH,
  },
  {
    id: 'R23',
    what: 'idle cost per device-hour',
    measure: ofBench('idle-hour', listed),
    otherwise: NO_BENCH,
  },
  {
    id: 'R24',
    what: 'local write latency (ratios to the machine’s own limit where there is one)',
    measure: ofBench('local-writes', listed),
    otherwise: NO_BENCH,
  },
  {
    id: 'R25',
    what: 'first sync (ratios to the machine’s own limit where there is one)',
    measure: ofBench('first-sync', listed),
    otherwise: NO_BENCH,
  },
  {
    id: 'R26',
    what: 'sustained push throughput (ratios to the machine’s own limit where there is one)',
    measure: ofBench('upload', listed),
    otherwise: NO_BENCH,
  },
  {
    id: 'R27',
    what: 'interop: the source documents’ own payloads',
    measure: ofRun(
      'interop',
      ({ documents, payloads, requests, endpoints }) =>
        `${payloads} payloads of ${documents} documents in ${requests} requests by curl, to all ${endpoints} endpoints of their contracts: each answered, 2xx; what the answers say is held by the tests of packages/server/src/dialects; older versions are not among them`,
    ),
    otherwise: 'run SATCHEL_RECORD=docs/reliability.json npx vitest run test/examples.pg.test.ts',
  },
];
