import { quote } from '../quote.ts';
import { sqlName } from '../sql-name.ts';
import { MODIFIED_NOW } from './column-text.ts';

/** Name of the trigger that keeps a `modifiedAt` column, whoever writes, and of its function in schema satchel. */
export const touchName = (table: string, column: string): string => sqlName('touch', table, column);

/**
 * Makes the function and the trigger. An update that changes nothing is no change in a
 * table of ours; adopted ones may have columns that cannot be compared, such as json.
 */
export const touchTrigger = (
  relation: string,
  table: string,
  column: string,
  update: 'when-changed' | 'always',
): string[] => {
  const name = quote(touchName(table, column));
  const assignment = `new.${quote(column)} := ${MODIFIED_NOW};`;
  const body =
    update === 'always'
      ? assignment
      : `if tg_op = 'INSERT' or new is distinct from old then ${assignment} end if;`;
  return [
    `create or replace function satchel.${name}() returns trigger
language plpgsql security definer set search_path = pg_catalog
as $$ begin ${body} return new; end $$`,
    `create trigger ${name} before insert or update on ${relation}
for each row execute function satchel.${name}()`,
  ];
};

export const dropTouchTrigger = (relation: string, name: string): string[] => [
  `drop trigger ${quote(name)} on ${relation}`,
  `drop function satchel.${quote(name)}()`,
];
