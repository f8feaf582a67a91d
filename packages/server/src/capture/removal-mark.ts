import { quoteText } from '../postgres/quote.ts';
import type { CapturedTable } from './captured-table.ts';
import type { Relation } from './relation.ts';

/*
 * Push audits what it writes itself. What references take along, or set to null, when it
 * deletes a row it never sees: PostgreSQL does that inside the same statement. So that the
 * triggers of the tables that refer can tell, push leaves a mark in the delete: the table,
 * and the time of the statement, which no later statement of the transaction has.
 */

const SETTING = 'satchel.removing';
const AT = 'statement_timestamp()::text';

/** SQL that leaves the mark when it is evaluated; one row. */
export const markRemoval = ({ sql }: Relation): string =>
  `select set_config('${SETTING}', ${quoteText(`${sql} `)} || ${AT}, true) as mark`;

/**
 * Condition that a statement of push on another table brought this about; `null` for
 * tables whose references do nothing of the kind. A table that refers to itself is not
 * told apart.
 */
export const isTakenAlong = ({ table, relation }: CapturedTable): string | null => {
  if (table.foreignKeys.every(({ onDelete }) => onDelete === 'restrict')) return null;
  const mark = `coalesce(current_setting('${SETTING}', true), '')`;
  return `(right(${mark}, length(${AT}) + 1) = ' ' || ${AT} and ${mark} <> ${quoteText(`${relation.sql} `)} || ${AT})`;
};
