import type { Column } from '@satchel/core';
import { InvariantError, type Value } from '@satchel/protocol';
import { pgType } from './columns.ts';
import { quoteText } from './quote.ts';

/** A canonical value as a constant of SQL, for defaults: a parameter cannot stand there. */
export const sqlLiteral = (column: Column, value: Value): string => {
  if (value === null) return 'null';
  const type = pgType(column);
  switch (column.type) {
    case 'timestamp':
    case 'modifiedAt':
      return `${quoteText(new Date(value as number).toISOString())}::${type}`;
    case 'json':
    case 'media':
      return `${quoteText(JSON.stringify(value))}::jsonb`;
    case 'set':
      return `array[${(value as readonly string[]).map(quoteText).join(', ')}]::text[]`;
    default:
      if (typeof value === 'object') throw new InvariantError(`${column.name}: not a ${column.type}`);
      return `${quoteText(String(value))}::${type}`;
  }
};
