import type { Column } from '@satchel/core';
import { InvariantError, unreachable } from '@satchel/protocol';

/**
 * How each column type is stored in PostgreSQL, and how its canonical value (rule 1)
 * is read from there and written there. The one place on the server that knows.
 *
 * | column type | PostgreSQL | in a JSON record |
 * |---|---|---|
 * | id, ref | text, uuid, integer, bigint | the same |
 * | text, document | text | text |
 * | integer, counter, serverId | bigint | bigint |
 * | bigint | bigint | bigint |
 * | real | double precision | double precision |
 * | decimal | numeric | numeric |
 * | boolean | boolean | boolean |
 * | date | date | date |
 * | timestamp, modifiedAt | timestamp(3) with time zone | bigint, UTC milliseconds |
 * | json, media | jsonb | jsonb |
 * | set | text[] | text[] |
 *
 * Adopted columns may have other types that hold the same values: every expression
 * here works on those as well.
 */
export const pgType = (column: Column): string => {
  switch (column.type) {
    case 'id':
    case 'ref':
      return column.keyType ?? 'text';
    case 'text':
    case 'document':
      return 'text';
    case 'integer':
    case 'counter':
    case 'serverId':
    case 'bigint':
      return 'bigint';
    case 'real':
      return 'double precision';
    case 'decimal':
      return 'numeric';
    case 'boolean':
      return 'boolean';
    case 'date':
      return 'date';
    case 'timestamp':
    case 'modifiedAt':
      return 'timestamp(3) with time zone';
    case 'json':
    case 'media':
      return 'jsonb';
    case 'set':
      return 'text[]';
    default:
      return unreachable(column.type);
  }
};

/**
 * SQL whose value `to_json` (and `json_agg`, `json_build_array`, …) turns into the
 * canonical value. `reference` is the SQL of the column, quoted.
 *
 * What no canonical value can say (NaN, infinite dates; columns that Satchel made
 * refuse them) is read as null.
 *
 * @example readExpression(createdAt, 't."created_at"')
 */
export const readExpression = (column: Column, reference: string): string => {
  const x = `(${reference})`;
  switch (column.type) {
    case 'id':
    case 'ref':
    case 'text':
    case 'document':
      return `${x}::text`;
    case 'integer':
    case 'counter':
    case 'serverId':
      return `${x}::bigint`;
    case 'bigint':
      return `${x}::bigint::text`;
    // Only a finite number less itself is 0; plus 0, -0 is 0.
    case 'real':
      return `(case when ${x} - ${x} = 0 then ${x}::double precision + 0 end)`;
    case 'decimal':
      return `(case when ${x} - ${x} = 0 then trim_scale(${x}::numeric)::text end)`;
    case 'boolean':
      return x;
    // JSON writes a date in ISO form whatever DateStyle says.
    case 'date':
      return `(case when isfinite(${x}) then ${x}::date end)`;
    // A double holds the milliseconds of all years exactly once they are rounded, and
    // takes three quarters of the time of extract(), which is numeric.
    case 'timestamp':
    case 'modifiedAt':
      return `(case when isfinite(${x}) then round(date_part('epoch', ${x}) * 1000)::bigint end)`;
    case 'json':
    case 'media':
      return x;
    case 'set':
      return `satchel.canonical_set(${x}::text[])`;
    default:
      return unreachable(column.type);
  }
};

/**
 * The type that a column has in the list of `json_to_recordset(…) as r(…)`, where the
 * records hold canonical values.
 */
export const recordType = (column: Column): string =>
  column.type === 'timestamp' || column.type === 'modifiedAt' ? 'bigint' : pgType(column);

/** SQL that turns a field of such a record (or any value of `recordType`) into what the column stores. */
export const fromRecord = (column: Column, reference: string): string => {
  if (column.type !== 'timestamp' && column.type !== 'modifiedAt') return reference;
  // Whole seconds and the rest apart: each is exact in a double, their sum is not.
  return `(to_timestamp((${reference} / 1000)::double precision) + (${reference} % 1000) * interval '1 millisecond')`;
};

/** SQL that turns the JSON text of a canonical value, for example a parameter `$1::text`, into what the column stores. */
export const fromCanonical = (column: Column, jsonText: string): string => {
  const json = `(${jsonText})::json`;
  switch (column.type) {
    case 'json':
    case 'media':
      return `nullif((${jsonText})::jsonb, 'null'::jsonb)`;
    case 'set':
      return `(case when json_typeof(${json}) = 'array' then array(select json_array_elements_text(${json})) end)`;
    default:
      return fromRecord(column, `(${json} #>> '{}')::${recordType(column)}`);
  }
};

/** SQL that turns the text of one part of a key, as the wire has it, into what the column stores. */
export const fromKeyText = (column: Column, text: string): string => {
  switch (column.type) {
    case 'json':
    case 'media':
    case 'set':
    case 'document':
    case 'real':
      throw new InvariantError(`a ${column.type} cannot be part of a key`);
    default:
      return fromRecord(column, `(${text})::${recordType(column)}`);
  }
};

/** SQL of a column's canonical value as text: what a key of one column, and a scope name, hold. */
export const canonicalText = (column: Column, reference: string): string => {
  switch (column.type) {
    case 'id':
    case 'ref':
    case 'text':
    case 'document':
    case 'integer':
    case 'counter':
    case 'serverId':
    case 'bigint':
    case 'decimal':
    case 'timestamp':
    case 'modifiedAt':
    case 'boolean':
      return `${readExpression(column, reference)}::text`;
    case 'date':
    case 'real':
    case 'json':
    case 'media':
    case 'set':
      return `(to_json(${readExpression(column, reference)}) #>> '{}')`;
    default:
      return unreachable(column.type);
  }
};
