import type { HeadLine, Json, Outcome, ScopeLine, StepLine, SweptLine, TailLine } from '@satchel/protocol';
import { type App, lowerPage } from '@satchel/schema';
import type { Body, GoneBlock, OwnBlock } from './body.ts';
import type { RowBlock } from './rows.ts';

/** A rows line out of the arrays that PostgreSQL made: they are passed on unread, but for clients of older versions. */
export const rowsLine = (app: App, block: RowBlock): string => {
  const { scope, view, keys, versions } = block;
  const columns = view.lowered === undefined ? block.columns : loweredColumns(app, view.lowered, block);
  return (
    `{"line":"rows","scope":${JSON.stringify(scope)},"table":${JSON.stringify(view.wire)},` +
    `"keys":${keys},"versions":${versions},"columns":${columns}}`
  );
};

const loweredColumns = (app: App, version: number, block: RowBlock): string => {
  const lists = JSON.parse(block.columns) as Record<string, Json[]>;
  return JSON.stringify(lowerPage(app, version, block.view.table.name, lists, block.rows)?.columns ?? {});
};

export const goneLine = ({ scope, view, keys, versions, reasons }: GoneBlock): string =>
  JSON.stringify({ line: 'gone', scope, table: view.wire, keys, versions, reasons });

export const ownLine = ({ scope, view, keys, versions }: OwnBlock): string =>
  JSON.stringify({ line: 'own', scope, table: view.wire, keys, versions });

/** What went comes before what is there: a client that shows lines as they come never holds a row twice. */
export const bodyLines = (app: App, body: Body): string[] => [
  ...body.gone.map(goneLine),
  ...body.own.map(ownLine),
  ...body.rows.map((block) => rowsLine(app, block)),
];

export const outcomesLines = (outcomes: readonly Outcome[]): string[] =>
  outcomes.length === 0 ? [] : [JSON.stringify({ line: 'outcomes', outcomes })];

export const stepLine = (step: Omit<StepLine, 'line'>): string => JSON.stringify({ line: 'step', ...step });
export const scopeLine = (line: ScopeLine): string => JSON.stringify(line);
export const sweptLine = (line: SweptLine): string => JSON.stringify(line);
export const headLine = (head: Omit<HeadLine, 'line'>): string => JSON.stringify({ line: 'head', ...head });
export const tailLine = (tail: Omit<TailLine, 'line'>): string => JSON.stringify({ line: 'tail', ...tail });
