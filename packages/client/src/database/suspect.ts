import { type Column, MAX_TIMESTAMP, MIN_TIMESTAMP } from '@satchel/core';
import { unreachable } from '@satchel/protocol';

const MAX_SAFE = Number.MAX_SAFE_INTEGER;
const MAX_REAL = Number.MAX_VALUE;
const UUID_GLOB = [8, 4, 4, 4, 12].map((length) => '[0-9a-f]'.repeat(length)).join('-');

/**
 * SQL that is true when a cell surely holds a canonical value of its column. Anything
 * else is looked at by `canonicalize`: this decides how fast a local write is checked,
 * never whether it is good. So it must not be true for a value that `canonicalize`
 * would refuse or write otherwise.
 */
export const surelyCanonical = (column: Column, ref: string, maxTextBytes: number): string => {
  // What the app checks by a function, or the server gives, is always looked at.
  if (column.validators?.length || column.type === 'serverId') return nullOr(column, ref, '0');
  return nullOr(column, ref, surely(column, ref, column.maxBytes ?? maxTextBytes));
};

const nullOr = (column: Column, ref: string, sure: string): string =>
  column.nullable && !column.validators?.length ? `(${ref} is null or ${sure})` : `(${sure})`;

const within = (ref: string, low: number, high: number): string =>
  `${ref} between ${low} and ${high} and ${ref}=(${ref}|0)`;

const surely = (column: Column, ref: string, limit: number): string => {
  // Below a blob and above numbers: it is text. `length` ends at a NUL, and counts characters:
  // equal to the bytes, there is no NUL. Half as many calls as `typeof`, and no search for it.
  const text =
    `${ref}<x'' and (length(${ref}) between octet_length(${ref}) and ${limit} ` +
    `or (octet_length(${ref})<=${limit} and instr(${ref},char(0))=0))`;
  switch (column.type) {
    case 'id':
    case 'ref':
      switch (column.keyType ?? 'text') {
        case 'text':
          return `${text} and octet_length(${ref}) between 1 and 1024`;
        case 'uuid':
          return `typeof(${ref})='text' and ${ref} glob '${UUID_GLOB}'`;
        default:
          return '0';
      }
    case 'text':
      return text;
    case 'integer':
    case 'counter':
      return within(ref, -MAX_SAFE, MAX_SAFE);
    case 'timestamp':
      return within(ref, MIN_TIMESTAMP, MAX_TIMESTAMP);
    case 'real':
      return `typeof(${ref})='real' and ${ref} between ${-MAX_REAL} and ${MAX_REAL}`;
    case 'boolean':
      return `${ref} in (0,1)`;
    case 'date':
      return `typeof(${ref})='text' and length(${ref})=10 and ${ref}>='0001-01-01' and ${ref}=date(${ref})`;
    case 'decimal': {
      const digits = `ltrim(${ref},'-')`;
      return (
        `typeof(${ref})='text' and length(${ref})<=30 and ${ref} not glob '--*' and ${digits} not glob '*[^0-9.]*' ` +
        `and (${digits} glob '[1-9]*' or ${ref}='0' or ${digits} glob '0.*') ` +
        `and (instr(${ref},'.')=0 or (${ref} not glob '*0' and ${ref} not glob '*.' and ${ref} not glob '*.*.*'))`
      );
    }
    // `modifiedAt` is the engine's own.
    case 'modifiedAt':
      return '1';
    case 'bigint':
    case 'json':
    case 'set':
    case 'media':
    case 'document':
    case 'serverId':
      return '0';
    default:
      return unreachable(column.type);
  }
};
