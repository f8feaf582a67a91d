import { TABLES } from '../app/description.ts';
import type { Checker, Finding } from '../checker.ts';
import type { FinalServer, HistoryEvent, KeptOnDevice, KeptOnServer } from '../history.ts';
import { scopesIn } from './convergence.ts';
import { tableOf } from './rows-seen.ts';

/** Hours in the longest time for which a client may be away, and one more for the hour that runs. */
const HOURS = 90 * 24 + 1;

/** How often rows are in scopes: what the server must keep an entry of. */
const placesOf = (server: FinalServer): number => {
  const scopesOf = scopesIn(server);
  let places = 0;
  for (const [named, rows] of Object.entries(server.tables)) {
    const table = tableOf(named);
    if (TABLES[table]) for (const row of rows) places += new Set(scopesOf(table, row)).size;
  }
  return places;
};

interface Bound {
  readonly what: string;
  readonly is: number;
  readonly most: number;
}

const ofServer = (kept: KeptOnServer, server: FinalServer, changed: number): readonly Bound[] => [
  { what: 'entries of rows in scopes', is: kept.present, most: placesOf(server) },
  // Whoever was away for so long starts over: nobody needs to hear what went before.
  { what: 'entries of what is gone', is: kept.gone, most: 0 },
  { what: 'stored outcomes', is: kept.settled, most: 0 },
  // Settled numbers of a run are one range, but for those that wait between them, or never came.
  {
    what: 'ranges of settled numbers',
    is: kept.ranges,
    most: kept.runs + kept.waiting + server.unknownSeqs.reduce((sum, { seqs }) => sum + seqs, 0),
  },
  // Two for a change whose writer came by push and whose rule then moved the row once more.
  { what: 'entries of the audit', is: kept.audit, most: 2 * changed },
  { what: 'hours', is: kept.hours, most: HOURS },
];

const ofDevice = (kept: KeptOnDevice): readonly Bound[] => [
  // Settled work grows old by the server's clock: who is not told it keeps what there was.
  { what: 'settled mutations', is: kept.settled, most: kept.shutOut ? Number.POSITIVE_INFINITY : 0 },
  { what: 'staged lines', is: kept.stage, most: 0 },
];

/** What is kept beside the rows themselves stays within its formula, once all is old (I19). */
export const bounds = (): Checker => {
  let changed = 0;
  return {
    name: 'bounds',
    hear(event: HistoryEvent): readonly Finding[] {
      if (event.kind === 'committed') changed += event.rows.length;
      if (event.kind !== 'aged') return [];
      const found = (where: string, all: readonly Bound[]): Finding[] =>
        all
          .filter(({ is, most }) => is > most)
          .map(({ what, is, most }) => ({
            invariant: 'I19',
            message: `${where}: ${is} ${what}, at most ${most}`,
          }));
      return [
        ...found('server', ofServer(event.kept, event.server, changed)),
        ...event.clients.flatMap((kept) => found(kept.client, ofDevice(kept))),
      ].slice(0, 5);
    },
  };
};
