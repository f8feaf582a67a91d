import type { HeadLine, Outcome, ScopeLine, SweptLine, TailLine } from '@satchel/protocol';
import type { Body, GoneBlock } from './body.ts';
import type { RowBlock } from './rows.ts';

/** A rows line out of the arrays that PostgreSQL made: they are passed on unread. */
export const rowsLine = ({ scope, view, keys, versions, columns }: RowBlock): string => {
  const members = [...columns].map(([name, text]) => `${JSON.stringify(name)}:${text}`);
  return (
    `{"line":"rows","scope":${JSON.stringify(scope)},"table":${JSON.stringify(view.table.name)},` +
    `"keys":${keys},"versions":${versions},"columns":{${members.join(',')}}}`
  );
};

export const goneLine = ({ scope, view, keys, versions, reasons }: GoneBlock): string =>
  JSON.stringify({ line: 'gone', scope, table: view.table.name, keys, versions, reasons });

/** What went comes before what is there: a client that shows lines as they come never holds a row twice. */
export const bodyLines = (body: Body): string[] => [...body.gone.map(goneLine), ...body.rows.map(rowsLine)];

export const outcomesLines = (outcomes: readonly Outcome[]): string[] =>
  outcomes.length === 0 ? [] : [JSON.stringify({ line: 'outcomes', outcomes })];

export const scopeLine = (line: ScopeLine): string => JSON.stringify(line);
export const sweptLine = (line: SweptLine): string => JSON.stringify(line);
export const headLine = (head: Omit<HeadLine, 'line'>): string => JSON.stringify({ line: 'head', ...head });
export const tailLine = (tail: Omit<TailLine, 'line'>): string => JSON.stringify({ line: 'tail', ...tail });
