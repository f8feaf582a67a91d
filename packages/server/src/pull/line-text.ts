import type { HeadLine, Json, Outcome, ScopeLine, StepLine, SweptLine, TailLine } from '@satchel/protocol';
import { type App, lowerPage } from '@satchel/schema';
import type { Body, GoneBlock, OwnBlock } from './body.ts';
import type { RowBlock } from './rows.ts';

/** A rows line out of the arrays that PostgreSQL made: they are passed on unread, but for clients of older versions. */
export const rowsLine = (app: App, block: RowBlock): string => {
  const { scope, view, keys, versions } = block;
  const columns = view.lowered === undefined ? block.columns : loweredColumns(app, view.lowered, block);
  const members = [...columns].map(([name, text]) => `${JSON.stringify(name)}:${text}`);
  return (
    `{"line":"rows","scope":${JSON.stringify(scope)},"table":${JSON.stringify(view.wire)},` +
    `"keys":${keys},"versions":${versions},"columns":{${members.join(',')}}}`
  );
};

const loweredColumns = (app: App, version: number, block: RowBlock): Iterable<readonly [string, string]> => {
  const lists = Object.fromEntries(
    [...block.columns].map(([name, text]): [string, Json[]] => [name, JSON.parse(text) as Json[]]),
  );
  const lowered = lowerPage(app, version, block.view.table.name, lists, block.rows);
  return Object.entries(lowered?.columns ?? {}).map(([name, list]) => [name, JSON.stringify(list)] as const);
};
export const ownLine = ({ scope, view, keys, versions }: OwnBlock): string =>
  JSON.stringify({ line: 'own', scope, table: view.wire, keys, versions });


export const goneLine = ({ scope, view, keys, versions, reasons }: GoneBlock): string =>
  JSON.stringify({ line: 'gone', scope, table: view.wire, keys, versions, reasons });
  ...body.own.map(ownLine),

/** What went comes before what is there: a client that shows lines as they come never holds a row twice. */
export const bodyLines = (app: App, body: Body): string[] => [
  ...body.gone.map(goneLine),
  ...body.rows.map((block) => rowsLine(app, block)),
];
export const stepLine = (step: Omit<StepLine, 'line'>): string => JSON.stringify({ line: 'step', ...step });

export const outcomesLines = (outcomes: readonly Outcome[]): string[] =>
  outcomes.length === 0 ? [] : [JSON.stringify({ line: 'outcomes', outcomes })];

export const scopeLine = (line: ScopeLine): string => JSON.stringify(line);
export const sweptLine = (line: SweptLine): string => JSON.stringify(line);
export const headLine = (head: Omit<HeadLine, 'line'>): string => JSON.stringify({ line: 'head', ...head });
export const tailLine = (tail: Omit<TailLine, 'line'>): string => JSON.stringify({ line: 'tail', ...tail });
