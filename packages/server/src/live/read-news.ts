import { parseSnapshot } from '@satchel/core';
import type { Queryable } from '../postgres/database.ts';
import { type Entry, entriesText } from '../pull/entries.ts';
import { type ClientOutcome, outcomesText } from '../pull/outcomes.ts';

export interface NewsAsked {
  readonly scopes: readonly string[];
  readonly since: string;
  readonly tableIds: readonly number[];
  /** Entries of all scopes, and of each, at most. */
  readonly limit: number;
  readonly perScope: number;
  readonly clients: readonly string[];
  readonly outcomesSince: string;
}

export interface FoundNews {
  readonly entries: readonly Entry[];
  readonly outcomes: readonly ClientOutcome[];
}

/** What `entriesSince` and `outcomesSince` find, by one statement: a round has no others, mostly. */
export const findNews = async (tx: Queryable, asked: NewsAsked): Promise<FoundNews> => {
  const since = parseSnapshot(asked.since);
  const outcomesSince = parseSnapshot(asked.outcomesSince);
  const isRunning = since.xip.length > 0;
  const parameters: unknown[] = [
    asked.scopes,
    String(since.xmax),
    asked.limit,
    asked.tableIds,
    asked.perScope,
    asked.clients,
    String(outcomesSince.xmax),
    outcomesSince.xip.map(String),
  ];
  if (isRunning) parameters.push(since.xip.map(String));
  const { rows } = await tx.query<FoundNews>(
    `select (select coalesce(json_agg(n), '[]') from (${entriesText(isRunning ? '$9' : undefined)}) n) as entries,
       (select coalesce(json_agg(o), '[]') from (${outcomesText('$6', '$7', '$8')}) o) as outcomes`,
    parameters,
    isRunning ? 'live_news_running' : 'live_news',
  );
  return rows[0] ?? { entries: [], outcomes: [] };
};
